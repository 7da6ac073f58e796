// Appends to a list, reads it, clears it.
// env: __faasm_append_state __faasm_read_appended_state __faasm_clear_appended_state
#include <faasm/faasm.h>

int main()
{
    const char *key = "state_append";
    faasmClearAppendedState(key);
    for (int i = 1; i <= 3; i++) {
        faasmAppendState(key, BYTES(&i), sizeof i);
    }
    int all[3] = {0};
    faasmReadAppendedState(key, BYTES(all), sizeof all, 3);
    return all[0] == 1 && all[1] == 2 && all[2] == 3 ? 0 : 1;
}
