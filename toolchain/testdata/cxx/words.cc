#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace {

struct Greeter {
    std::string greeting = "hello";
    ~Greeter() { std::cout << "bye" << std::endl; }
} greeter;

template <typename T> T largest(const std::vector<T> &v)
{
    return *std::max_element(v.begin(), v.end());
}

} // namespace

int main()
{
    std::map<std::string, int> count;
    for (const char *w : {"a", "b", "a"})
        count[w]++;
    auto sizes = std::make_unique<std::vector<double>>();
    for (auto &[word, n] : count)
        sizes->push_back(n + 0.5);
    std::cout << greeter.greeting << " " << largest(*sizes) << "\n";
}
