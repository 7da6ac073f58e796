// Maps a value of state and writes it, or looks at it in other ways: what is asked for
// is the input. Returns 0 if it found what it should.
#include <faasm/faasm.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { size = 300000, from = 70001, length = 200000 };

static int is_all(const uint8_t *p, uint8_t v, long n)
{
    for (long i = 0; i < n; i++)
        if (p[i] != v) {
            printf("byte %ld is %d, not %d\n", i, p[i], v);
            return 0;
        }
    return 1;
}

int main(void)
{
    char what[16] = {0};
    faasmGetInput(BYTES(what), sizeof what - 1);
    if (!strcmp(what, "write")) {
        uint8_t *p = faasmReadStateOffsetPtr("shared", size, from, length);
        if (p != faasmReadStateOffsetPtr("shared", size, from, length))
            return 1; // the same piece is mapped once
        memset(p, 0xab, length);
        faasmFlagStateOffsetDirty("shared", size, from, length);
        faasmPushState("shared");
        return 0;
    }
    if (!strcmp(what, "read")) {
        uint8_t *copy = malloc(length + 2);
        faasmReadStateOffset("shared", size, from - 1, copy, length + 2);
        const uint8_t *mapped = faasmReadStateOffsetPtr("shared", size, from, length);
        return copy[0] || copy[length + 1] || !is_all(copy + 1, 0xab, length) || !is_all(mapped, 0xab, length);
    }
    if (!strcmp(what, "canary")) {
        uint8_t *fresh = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (fresh == MAP_FAILED || !is_all(fresh, 0, 1 << 20))
            return 1;
        memset(fresh, 0x55, 1 << 20);
        return 0;
    }
    if (!strcmp(what, "unmap")) {
        uint8_t *p = faasmReadStatePtr("shared", size);
        munmap(p, 1 << 19); // in vain: it stays shared
        uint8_t *fresh = mmap(NULL, 1 << 18, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        memset(fresh, 0x11, 1 << 18);
        return !is_all(p + from, 0xab, length);
    }
    return 9;
}
