// State with the "async" argument of the first versions of Faasm.
// env: __faasm_read_state __faasm_read_state_ptr __faasm_read_state_offset __faasm_read_state_offset_ptr __faasm_write_state __faasm_write_state_offset __faasm_push_state __faasm_push_state_partial __faasm_pull_state
#include "faasm/faasm.h"

FAASM_MAIN_FUNC()
{
    const char *key = "state_async";
    uint8_t value[] = {1, 2, 3, 4};
    faasmWriteState(key, value, 4, false);
    faasmWriteStateOffset(key, 4, 1, value, 1, false);
    uint8_t back[4];
    faasmReadState(key, back, 4, true);
    faasmReadStateOffset(key, 4, 0, back, 2, false);
    if (back[0] != 1 || back[1] != 1 || back[3] != 4) {
        return 1;
    }
    uint8_t *whole = faasmReadStatePtr(key, 4, true);
    uint8_t *part = faasmReadStateOffsetPtr(key, 4, 2, 2, true);
    return whole[2] == 3 && part[0] == 3 ? 0 : 2;
}
