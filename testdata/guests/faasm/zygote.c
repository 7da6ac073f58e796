// The zygote sets a global before main runs; main returns 0 if it sees it, and the
// same value in every invocation.
// env:
#include "faasm/faasm.h"

static int prepared;

FAASM_ZYGOTE()
{
    prepared += 5;
    return 0;
}

int main(void)
{
    int seen = prepared;
    prepared++; // must not reach the next invocation
    return seen == 5 ? 0 : 1;
}
