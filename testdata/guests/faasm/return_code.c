// Returns 42 from main.
// env:
#include "faasm/faasm.h"

int main(void)
{
    return 42;
}
