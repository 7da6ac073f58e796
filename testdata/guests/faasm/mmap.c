// Maps anonymous memory and a file, writes to it, unmaps it.
// env: mmap munmap
#include "faasm/faasm.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

int main(void)
{
    size_t size = 100000;
    char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        return 1;
    }
    for (size_t i = 0; i < size; i++) {
        if (p[i] != 0) {
            return 2;
        }
        p[i] = 'x';
    }
    if (munmap(p, size) != 0) {
        return 3;
    }

    FILE *f = fopen("/mmap.txt", "w+");
    if (f == NULL) {
        return 4;
    }
    fputs("mapped text", f);
    fflush(f);
    char *text = mmap(NULL, 11, PROT_READ, MAP_PRIVATE, fileno(f), 0);
    if (text == MAP_FAILED || memcmp(text, "mapped text", 11) != 0) {
        return 5;
    }
    return munmap(text, 11);
}
