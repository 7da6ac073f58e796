// Prints arrays and compares them; the last line has no newline and must not be
// lost when main returns.
// env:
#include <faasm/compare.h>
#include <faasm/print.h>

#include <cstdint>

int main()
{
    int ints[] = {1, 2, 3};
    uint8_t bytes[] = {200, 7};
    double doubles[] = {0.5, -2};
    double others[] = {0.5, 2};
    faasm::printArray<int>(ints, 3);
    printf("\n");
    faasm::printArray<uint8_t>(bytes, 2);
    printf("\n");
    bool same = faasm::compareArrays<int>(ints, ints, 3);
    bool different = faasm::compareArrays<double>(doubles, others, 2);
    printf("%d %d", same, different);
    return same && !different ? 0 : 1;
}
