// In the style of the first versions of Faasm: functions defined by macro, chained
// by number. Returns 0 if both chained functions saw their number and input.
// env: __faasm_read_input __faasm_chain_ptr __faasm_await_call
#include "faasm/faasm.h"

#include <stdio.h>

static int check(int number)
{
    int got = 0;
    faasmGetInput((uint8_t *)&got, sizeof(int));
    if (got != 10 * number || faasmGetCurrentIdx() != number) {
        printf("Function %i: input %i\n", faasmGetCurrentIdx(), got);
        return 1;
    }
    return 0;
}

FAASM_FUNC(first, 1)
{
    return check(1);
}

FAASM_FUNC(second, 2)
{
    return check(2);
}

FAASM_MAIN_FUNC()
{
    int inputs[] = {10, 20};
    unsigned int calls[2];
    for (int i = 0; i < 2; i++) {
        calls[i] = faasmChainThisInput(i + 1, (uint8_t *)&inputs[i], sizeof(int));
    }
    for (unsigned int call : calls) {
        if (faasmAwaitCall(call) != 0) {
            return 1;
        }
    }
    return faasmGetCurrentIdx();
}
