#include <cstdio>
#include <cstdlib>

static int constructed = 0;
static struct Counter {
    Counter() { constructed++; }
    ~Counter() { std::puts("destroyed"); }
} counter;

static int prepared = 0;

extern "C" int _faasm_zygote()
{
    prepared = constructed;
    return 0;
}

int main()
{
    std::printf("constructed %d prepared %d %d\n", constructed, prepared, std::malloc(8) != nullptr);
}
