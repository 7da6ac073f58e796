// Exits with the number in its input, or 3, from a nested call; the buffered line
// and the atexit handler's must appear.
// env: __faasm_read_input
#include "faasm/faasm.h"

#include <stdio.h>
#include <stdlib.h>

static void atEnd(void)
{
    printf("handler\n");
}

static void leave(int code)
{
    printf("leaving\n");
    exit(code);
}

int main(void)
{
    char text[16] = "3";
    long size = faasmGetInputSize();
    if (size > 0 && size < (long)sizeof text) {
        faasmGetInput(BYTES(text), size);
        text[size] = '\0';
    }
    atexit(atEnd);
    leave(atoi(text));
    return 0;
}
