// Chained by chain_named_a: returns 0 if its input is the bytes 0, 1, 2, else 1.
// env: __faasm_read_input
#include <faasm/faasm.h>

#include <string.h>

int main(void)
{
    const uint8_t expected[] = {0, 1, 2};
    uint8_t actual[sizeof expected] = {0};
    if (faasmGetInputSize() != (long)sizeof expected) {
        return 1;
    }
    faasmGetInput(actual, sizeof actual);
    return memcmp(actual, expected, sizeof expected) == 0 ? 0 : 1;
}
