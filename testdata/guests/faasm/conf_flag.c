// Flags of the configuration: one is always on, one always off, one unknown.
// env: __faasm_conf_flag
#include "faasm/faasm.h"

int main(void)
{
    if (getConfFlag("ALWAYS_ON") != 1) {
        return 1;
    }
    if (getConfFlag("ALWAYS_OFF") != 0) {
        return 2;
    }
    return getConfFlag("NO_SUCH_FLAG") == 0 ? 0 : 3;
}
