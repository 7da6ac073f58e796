// Chains itself as deep as the input says, each waiting for the one below; the output is
// how many there are below.
#include <faasm/faasm.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
    char text[16] = {0};
    faasmGetInput(BYTES(text), sizeof text - 1);
    int depth = atoi(text);
    if (depth > 0) {
        snprintf(text, sizeof text, "%d", depth - 1);
        unsigned int call = faasmChainNamed("deep", BYTES(text), (long)strlen(text));
        char *output = NULL;
        int length = 0;
        if (faasmAwaitCallOutput(call, &output, &length) != 0) return 1;
        depth = (int)strtol(output, NULL, 10) + 1;
    }
    snprintf(text, sizeof text, "%d", depth);
    faasmSetOutput(text, (long)strlen(text));
    return 0;
}
