// Random numbers stay in their ranges.
// env:
#include <faasm/random.h>

#include <cstdio>

int main()
{
    for (int i = 0; i < 1000; i++) {
        int n = faasm::randomInteger(-3, 3);
        float f = faasm::randomFloat();
        if (n < -3 || n > 3 || f < 0 || f >= 1) {
            return 1;
        }
    }
    int *range = faasm::randomIntRange(100);
    int sum = 0;
    for (int i = 0; i < 100; i++) {
        sum += range[i];
    }
    delete[] range;
    std::string text = faasm::randomString(40);
    printf("%s\n", text.c_str());
    return sum == 4950 && text.size() == 40 && text.find('0') == std::string::npos ? 0 : 2;
}
