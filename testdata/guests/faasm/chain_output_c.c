// Takes a chained function's output in both of Faasm's forms, from C: allocated,
// and copied into a buffer.
// env: __faasm_write_output __faasm_chain_ptr __faasm_await_call_output
#include <faasm/faasm.h>

#include <stdlib.h>
#include <string.h>

static int answer(void)
{
    faasmSetOutput("forty-two", 9);
    return 0;
}

int main(void)
{
    char *output = NULL;
    int outputLen = 0;
    if (faasmAwaitCallOutput(faasmChain(answer, NULL, 0), &output, &outputLen) != 0) {
        return 1;
    }
    if (outputLen != 9 || memcmp(output, "forty-two", 9) != 0) {
        return 2;
    }
    free(output);

    uint8_t buffer[5];
    if (faasmAwaitCallOutput(faasmChain(answer, NULL, 0), buffer, sizeof buffer) != 0) {
        return 3;
    }
    return memcmp(buffer, "forty", sizeof buffer) == 0 ? 0 : 4;
}
