// Chains a function of its own four times and waits for all.
// env: __faasm_read_input __faasm_chain_ptr __faasm_await_call
#include <faasm/core.h>

int member()
{
    return faasmGetInputSize() == 5 ? 0 : 1;
}

int main()
{
    return faasmChainBatch(member, "input", 4);
}
