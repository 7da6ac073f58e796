// Functions by number, for FAASM_FUNC. Faasm once started the module anew with a
// number to run; here a number stands for a function that notes the number and
// goes on, so that chaining by address serves both.
#include "faasm/core.h"
#include "faasm/host_interface.h"

#include <stdio.h>
#include <stdlib.h>

static int currentIdx;

#define NUMBERED(n)                                                                                                    \
    __attribute__((weak)) int _faasm_func_##n(void);                                                                   \
    static int numbered_##n(void)                                                                                      \
    {                                                                                                                  \
        currentIdx = n;                                                                                                \
        return _faasm_func_##n();                                                                                      \
    }

NUMBERED(0)
NUMBERED(1)
NUMBERED(2)
NUMBERED(3)
NUMBERED(4)
NUMBERED(5)
NUMBERED(6)
NUMBERED(7)
NUMBERED(8)
NUMBERED(9)

FaasmFuncPtr getFaasmFunc(int idx)
{
#define CASE(n)                                                                                                        \
    case n:                                                                                                            \
        return _faasm_func_##n != NULL ? numbered_##n : NULL;
    switch (idx) {
        CASE(0)
        CASE(1)
        CASE(2)
        CASE(3)
        CASE(4)
        CASE(5)
        CASE(6)
        CASE(7)
        CASE(8)
        CASE(9)
    }
    return NULL;
}

static FaasmFuncPtr mustHave(int idx)
{
    FaasmFuncPtr f = getFaasmFunc(idx);
    if (f == NULL) {
        fprintf(stderr, "function %d is not defined: define it with FAASM_FUNC(name, %d)\n", idx, idx);
        exit(1);
    }
    return f;
}

int _faasm_run_func(int idx)
{
    return mustHave(idx)();
}

int faasmGetCurrentIdx(void)
{
    return currentIdx;
}

unsigned int faasmChainFunction(const char *name)
{
    return faasmChainFunctionInput(name, NULL, 0);
}

unsigned int faasmChainFunctionInput(const char *name, const uint8_t *inputData, long inputDataSize)
{
    return __faasm_chain_name(name, inputData, inputDataSize);
}

unsigned int faasmChainThis(int idx)
{
    return faasmChainThisInput(idx, NULL, 0);
}

unsigned int faasmChainThisInput(int idx, const uint8_t *inputData, long inputDataSize)
{
    return __faasm_chain_ptr(mustHave(idx), inputData, inputDataSize);
}
