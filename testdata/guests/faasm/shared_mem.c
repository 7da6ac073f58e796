// The markers that Faasm declares and never implemented, from C.
// env: __faasm_sm_array __faasm_sm_raw __faasm_sm_var __faasm_sm_default_shared
#include <faasm/shared_mem.h>

int main(void)
{
    int values[4] = {0};
    FAASM_SHARED_ARRAY(values, FAASM_TYPE_INT, 4)
    FAASM_SHARED_RAW(values, (int)sizeof values)
    FAASM_SHARED_VAR(values[0], FAASM_TYPE_INT)
    FAASM_DEFAULT_SHARED()
    return 0;
}
