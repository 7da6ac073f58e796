// Chains functions of its own and takes their outputs, allocated by the host.
// env: __faasm_write_output __faasm_chain_ptr __faasm_await_call_output
#include <faasm/faasm.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

int sayHi()
{
    const char *out = "hi there";
    faasmSetOutput(out, strlen(out));
    return 0;
}

int sayNothing()
{
    return 0;
}

int main()
{
    unsigned int hi = faasmChain(sayHi, nullptr, 0);
    unsigned int nothing = faasmChain(sayNothing, nullptr, 0);

    char *output = nullptr;
    int outputLen = 0;
    unsigned int result = faasmAwaitCallOutput(hi, &output, &outputLen);
    if (result != 0 || outputLen != 8 || memcmp(output, "hi there", 8) != 0) {
        printf("Unexpected output %.*s (%i), result %u\n", outputLen, output, outputLen, result);
        return 1;
    }
    free(output);

    output = nullptr;
    outputLen = -1;
    if (faasmAwaitCallOutput(nothing, &output, &outputLen) != 0 || outputLen != 0) {
        return 1;
    }
    free(output);
    return 0;
}
