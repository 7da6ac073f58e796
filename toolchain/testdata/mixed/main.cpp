#include <cstdio>

extern "C" int twice(int);

int main()
{
    auto show = [](int n) { std::printf("%d\n", n); };
    show(twice(21));
}
