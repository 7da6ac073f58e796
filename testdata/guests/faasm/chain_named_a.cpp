// Chains chain_named_b and chain_named_c with three bytes each and waits for both;
// returns 0 if both did.
// env: __faasm_chain_name __faasm_await_call
#include <faasm/faasm.h>

#include <cstdio>
#include <vector>

int main(int argc, char *argv[])
{
    (void)argc;
    (void)argv;
    std::vector<uint8_t> forB = {0, 1, 2};
    std::vector<uint8_t> forC = {3, 4, 5};

    unsigned int b = faasmChainNamed("chain_named_b", forB.data(), forB.size());
    unsigned int c = faasmChainNamed("chain_named_c", forC.data(), forC.size());

    unsigned int resultB = faasmAwaitCall(b);
    unsigned int resultC = faasmAwaitCall(c);
    if (resultB != 0 || resultC != 0) {
        printf("Chained calls returned %u and %u\n", resultB, resultC);
        return 1;
    }
    return 0;
}
