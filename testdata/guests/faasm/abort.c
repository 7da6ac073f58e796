// Ends in abort: must not count as success.
// env:
#include "faasm/faasm.h"

#include <stdlib.h>

int main(void)
{
    abort();
}
