// FAASM_MAIN_FUNC in C, calling a function it could chain. Prints "main 0" and
// "helper", returns 7.
// env:
#include "faasm/faasm.h"

#include <stdio.h>

FAASM_FUNC(helper, 1)
{
    printf("helper\n");
    return 7;
}

FAASM_MAIN_FUNC()
{
    printf("main %d\n", faasmGetCurrentIdx());
    return helper();
}
