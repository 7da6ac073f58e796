// Writes a value, pushes it, pulls it and reads it back, under both locks.
// env: __faasm_read_state __faasm_write_state __faasm_push_state __faasm_pull_state __faasm_lock_state_write __faasm_unlock_state_write __faasm_lock_state_read __faasm_unlock_state_read
#include "faasm/faasm.h"

#include <string.h>

int main(void)
{
    const char *key = "state_whole";
    const uint8_t value[] = {5, 6, 7, 8};
    faasmLockStateWrite(key);
    faasmWriteState(key, value, sizeof value);
    faasmPushState(key);
    faasmUnlockStateWrite(key);

    faasmPullState(key, sizeof value);
    if (faasmReadStateSize(key) != sizeof value) {
        return 1;
    }
    uint8_t back[sizeof value] = {0};
    faasmLockStateRead(key);
    long size = faasmReadState(key, back, sizeof back);
    faasmUnlockStateRead(key);
    return size == (long)sizeof value && memcmp(back, value, sizeof value) == 0 ? 0 : 2;
}
