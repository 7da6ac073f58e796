// Chains a function by a number that none has: exits with 1 and says on standard
// error which one is missing.
// env: __faasm_chain_ptr
#include "faasm/faasm.h"

FAASM_MAIN_FUNC()
{
    faasmChainThis(5);
    return 0;
}
