// Chains echo as often as the input says, and only then waits for each.
#include <faasm/faasm.h>

#include <stdio.h>
#include <stdlib.h>

#define MOST 1000

int main(void)
{
    static unsigned int calls[MOST];
    char text[16] = {0};
    faasmGetInput(BYTES(text), sizeof text - 1);
    int n = atoi(text);
    if (n < 1 || n > MOST) return 2;
    for (int i = 0; i < n; i++) calls[i] = faasmChainNamed("echo", BYTES(text), sizeof text);
    for (int i = 0; i < n; i++)
        if (faasmAwaitCall(calls[i]) != 0) return 1;
    printf("%d came back\n", n);
    return 0;
}
