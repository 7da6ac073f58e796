// Its zygote makes a directory, which is no state of the function's memory.
#include "faasm/faasm.h"

#include <stdio.h>
#include <sys/stat.h>

static int made;

FAASM_ZYGOTE()
{
    made = mkdir("/made", 0755) == 0;
    return 0;
}

int main(void)
{
    printf("made %d\n", made);
    return 0;
}
