// Prints a line to standard output and returns 0.
// env:
#include "faasm/faasm.h"

#include <stdio.h>

int main(void)
{
    printf("Hello from C\n");
    return 0;
}
