// Sets the output to the input; without input the output is "nothing to echo".
// env: __faasm_read_input __faasm_write_output
#include "faasm/faasm.h"

#include <stdlib.h>
#include <string.h>

int main(void)
{
    long size = faasmGetInputSize();
    if (size == 0) {
        const char *none = "nothing to echo";
        faasmSetOutput(none, (long)strlen(none));
        return 0;
    }
    uint8_t *data = malloc((size_t)size);
    if (data == NULL) {
        return 1;
    }
    faasmGetInput(data, size);
    faasmSetOutput(data, size);
    free(data);
    return 0;
}
