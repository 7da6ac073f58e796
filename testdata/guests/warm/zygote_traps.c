// Its zygote traps, two calls deep.
#include "faasm/faasm.h"

static int *nowhere = (int *)0xfffffff0;

__attribute__((noinline)) static int load(int *from)
{
    return *from + 1;
}

FAASM_ZYGOTE()
{
    return load(nowhere) + 1;
}

int main(void)
{
    return 0;
}
