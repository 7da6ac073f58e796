// Its zygote reads one value, writes another and maps a third; main tells what is in them,
// and adds to the second and the third.
#include "faasm/faasm.h"
#include "faasm/state.h"

#include <stdio.h>
#include <string.h>

enum { size = 100000, from = 70001 };

static char text[16];
static uint8_t *shared;

FAASM_ZYGOTE()
{
    int zero = 0;
    faasmReadState("text", BYTES(text), sizeof text - 1);
    faasmWriteState("count", BYTES(&zero), sizeof zero);
    shared = faasmReadStateOffsetPtr("shared", size, from, 10);
    shared[1] = 'z';
    return 0;
}

int main(void)
{
    int count;
    faasmReadState("count", BYTES(&count), sizeof count);
    count++;
    faasmWriteState("count", BYTES(&count), sizeof count);
    shared[0]++;
    if (shared != faasmReadStateOffsetPtr("shared", size, from, 10))
        return 1;
    printf("%s %d %d %c\n", text, count, shared[0], shared[1]);
    return 0;
}
