// Moves the end of memory: 0 asks, a positive number grows, and what is new can be
// written.
// env: __sbrk
#include "faasm/faasm.h"

#include <stdint.h>
#include <unistd.h>

int main(void)
{
    uint8_t *before = __sbrk(0);
    uint8_t *start = __sbrk(3 * 65536);
    if (start != before || (uint8_t *)__sbrk(0) != before + 3 * 65536) {
        return 1;
    }
    start[0] = 1;
    start[3 * 65536 - 1] = 2;
    return start[0] + start[3 * 65536 - 1] == 3 ? 0 : 2;
}
