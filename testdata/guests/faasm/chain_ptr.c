// Chains a function of its own by address with a number as input; the function
// returns twice the number, and main returns 0 if it did.
// env: __faasm_read_input __faasm_chain_ptr __faasm_await_call
#include <faasm/faasm.h>

static int doubled(void)
{
    int n = 0;
    faasmGetInput(BYTES(&n), sizeof n);
    return 2 * n;
}

int main(void)
{
    int n = 21;
    unsigned int call = faasmChain(doubled, BYTES(&n), sizeof n);
    return faasmAwaitCall(call) == 42 ? 0 : 1;
}
