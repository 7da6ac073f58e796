// Chains a child that waits for the invocation whose number the input has: this one.
#include <faasm/faasm.h>

#include <stdlib.h>

static int child(void)
{
    char number[16] = {0};
    faasmGetInput(BYTES(number), sizeof number - 1);
    return faasmAwaitCall((unsigned int)atoi(number));
}

int main(void)
{
    char number[16] = {0};
    faasmGetInput(BYTES(number), sizeof number - 1);
    unsigned int call = faasmChain(child, BYTES(number), sizeof number);
    return faasmAwaitCall(call);
}
