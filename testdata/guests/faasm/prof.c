// Times a section: prints one line "TIME: summing MILLISECONDS".
// env:
#define WASM_PROF 1
#include "faasm/time.h"

int main(void)
{
    volatile int sum = 0;
    FAASM_PROF_START(summing)
    for (int i = 0; i < 1000; i++) {
        sum += i;
    }
    FAASM_PROF_END(summing)
    return sum == 499500 ? 0 : 1;
}
