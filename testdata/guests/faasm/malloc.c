// Allocates, grows and frees; more than one page of memory at a time.
// env:
#include "faasm/faasm.h"

#include <stdlib.h>
#include <string.h>

int main(void)
{
    size_t size = 300000;
    unsigned char *volatile p = calloc(1, size);
    if (p == NULL) {
        return 1;
    }
    for (size_t i = 0; i < size; i++) {
        if (p[i] != 0) {
            return 2;
        }
    }
    memset(p, 42, size);
    p = realloc(p, 2 * size);
    if (p == NULL || p[size - 1] != 42) {
        return 3;
    }
    free(p);
    return 0;
}
