// Keeps an array of doubles in state.
// env: __faasm_write_state __faasm_push_state __faasm_read_state_ptr __faasm_flag_state_offset_dirty __faasm_push_state_partial __faasm_pull_state
#include "faasm/array.h"

int main()
{
    faasm::AsyncArray<double> values("state_array", 10);
    values.zero();
    values[3] = 1.5;
    values.push();
    values.pull();
    return values.data()[3] == 1.5 && values[4] == 0 ? 0 : 1;
}
