// Waiting for chained calls: their outputs, and batches of them.
#include "faasm/core.h"
#include "faasm/host_interface.h"

#include <stdlib.h>
#include <string.h>

#undef faasmAwaitCallOutput

// The host allocates outputs with malloc, so that there must be one.
__attribute__((used)) static void *(*const hostAllocates)(size_t) = malloc;

unsigned int faasmAwaitCallOutput(unsigned int messageId, char **output, int *outputLen)
{
    return (unsigned int)__faasm_await_call_output(messageId, output, outputLen);
}

unsigned int _faasm_await_call_output_into(unsigned int messageId, uint8_t *buffer, long bufferLen)
{
    char *output = NULL;
    int outputLen = 0;
    unsigned int result = faasmAwaitCallOutput(messageId, &output, &outputLen);
    long n = outputLen < bufferLen ? outputLen : bufferLen;
    if (output != NULL && n > 0) {
        memcpy(buffer, output, (size_t)n);
    }
    free(output);
    return result;
}

unsigned int faasmChainBatch(FaasmFuncPtr funcPtr, const char *inputData, int nFuncs)
{
    if (nFuncs <= 0) {
        return 0;
    }
    unsigned int *calls = calloc((size_t)nFuncs, sizeof *calls);
    if (calls == NULL) {
        return 1;
    }
    long size = (long)strlen(inputData);
    for (int i = 0; i < nFuncs; i++) {
        calls[i] = faasmChain(funcPtr, (const uint8_t *)inputData, size);
    }
    unsigned int failed = 0;
    for (int i = 0; i < nFuncs; i++) {
        if (faasmAwaitCall(calls[i]) != 0) {
            failed = 1;
        }
    }
    free(calls);
    return failed;
}
