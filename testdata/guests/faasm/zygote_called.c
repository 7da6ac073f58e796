// Calls the zygote that the library supplies; returns 0.
// env:
#include "faasm/faasm.h"

int main(void)
{
    return _faasm_zygote();
}
