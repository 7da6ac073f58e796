// Marks shared variables and changes them in a critical section.
// env: __faasm_sm_reduce __faasm_sm_critical_local __faasm_sm_critical_local_end
#include <faasm/shared_mem.h>

int main()
{
    int count = 0;
    double sum = 0;
    FAASM_REDUCE(sum, FAASM_TYPE_DOUBLE, FAASM_OP_SUM)
    FAASM_REDUCE(sum, FAASM_TYPE_DOUBLE, FAASM_OP_SUM, 1)
    FAASM_ATOMIC_INCR(count)
    FAASM_ATOMIC_INCR_BY(count, 4)
    FAASM_CRITICAL_LOCAL(sum += count)
    return count == 5 && sum == 5 ? 0 : 1;
}
