// Stands in for Faasm's function that runs Python: prints which one it is asked for;
// with an argument, the variable of that name.
#include "faasm/faasm.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    if (argc > 1) {
        const char *value = getenv(argv[1]);
        puts(value != NULL ? value : "(not set)");
        return 0;
    }
    printf("Python %s/%s\n", faasmGetPythonUser(), faasmGetPythonFunc());
    return 0;
}
