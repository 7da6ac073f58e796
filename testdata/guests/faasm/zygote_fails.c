// The zygote returns 3, so that main must never run.
// env:
#include "faasm/faasm.h"

FAASM_ZYGOTE()
{
    return 3;
}

int main(void)
{
    return 0;
}
