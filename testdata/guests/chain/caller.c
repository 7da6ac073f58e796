// Chains the function that its input names and waits for it; returns what that returned.
#include <faasm/faasm.h>

#include <stdio.h>

static unsigned int start(void)
{
    char name[64] = {0};
    faasmGetInput(BYTES(name), sizeof name - 1);
    return faasmChainNamed(name, NULL, 0);
}

int main(void)
{
    unsigned int call = start();
    int returned = faasmAwaitCall(call);
    printf("it returned %d\n", returned);
    return returned;
}
