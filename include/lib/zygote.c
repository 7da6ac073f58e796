// The zygote of a function that has none but asks for it.
#include "faasm/core.h"

__attribute__((weak)) int _faasm_zygote(void)
{
    return 0;
}
