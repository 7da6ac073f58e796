// Prints its arguments and the variables that every function of Faasm gets; returns
// 1 if one of those is missing.
// env:
#include "faasm/faasm.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char *argv[])
{
    for (int i = 0; i < argc; i++) {
        printf("argv[%d]=%s\n", i, argv[i]);
    }
    const char *names[] = {"MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PYTHON_PATH", "PYTHONHOME",
                           "PYTHONHASHSEED",  "PYTHONNOUSERSITE",     "PYTHONWASM"};
    int missing = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        printf("%s=%s\n", names[i], value != NULL ? value : "(missing)");
        missing |= value == NULL;
    }
    return missing;
}
