// Sets a value to the content of a file it writes before.
// env: __faasm_write_state_from_file
#include "faasm/faasm.h"

#include <stdio.h>

int main(void)
{
    FILE *f = fopen("/state_file.txt", "w");
    if (f == NULL) {
        return 1;
    }
    fputs("twelve bytes", f);
    fclose(f);
    return faasmWriteStateFromFile("state_file", "/state_file.txt") == 12 ? 0 : 2;
}
