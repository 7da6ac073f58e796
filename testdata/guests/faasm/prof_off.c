// Without WASM_PROF the timing macros are nothing: prints "done" only.
// env:
#include "faasm/time.h"

int main(void)
{
    FAASM_PROF_START(nothing)
    puts("done");
    FAASM_PROF_END(nothing)
    return 0;
}
