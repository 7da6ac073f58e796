// Exports that an invocation could be prepared by, were they not about the invocation.
#include "faasm/faasm.h"

static char text[16];

#define EXPORT(name) __attribute__((export_name(#name))) int name(void)

EXPORT(reads_input)
{
    faasmGetInput(BYTES(text), sizeof text - 1);
    return 0;
}

EXPORT(writes_output)
{
    faasmSetOutput("early", 5);
    return 0;
}

EXPORT(chains)
{
    faasmAwaitCall(faasmChainNamed("other", BYTES(text), 0));
    return 0;
}

int main(void)
{
    long n = faasmGetInputSize();
    faasmGetInput(BYTES(text), sizeof text - 1);
    faasmSetOutput(text, n);
    return 0;
}
