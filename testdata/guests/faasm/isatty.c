// Standard streams are terminals to a function; a file is not.
// env:
#include "faasm/faasm.h"

#include <stdio.h>
#include <unistd.h>

int main(void)
{
    FILE *f = fopen("/isatty.txt", "w");
    int file = f != NULL ? isatty(fileno(f)) : -1;
    printf("%d %d %d %d\n", isatty(0), isatty(1), isatty(2), file);
    return isatty(0) == 1 && isatty(1) == 1 && isatty(2) == 1 && file == 0 ? 0 : 1;
}
