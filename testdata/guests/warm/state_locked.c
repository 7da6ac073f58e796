// Its zygote locks a value, and main unlocks it.
#include "faasm/faasm.h"
#include "faasm/state.h"

FAASM_ZYGOTE()
{
    faasmLockStateWrite("value");
    return 0;
}

int main(void)
{
    faasmUnlockStateWrite("value");
    return 0;
}
