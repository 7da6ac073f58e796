// Writes and reads parts of a value, pushes what changed, whole and by a mask.
// env: __faasm_write_state __faasm_write_state_offset __faasm_read_state_offset __faasm_read_state_offset_ptr __faasm_flag_state_dirty __faasm_flag_state_offset_dirty __faasm_push_state __faasm_push_state_partial __faasm_push_state_partial_mask
#include <faasm/faasm.h>
#include <faasm/state.h>

int main()
{
    const char *key = "state_offset";
    const long total = 16;
    faasm::zeroState(key, total);

    uint8_t part[] = {1, 2, 3};
    faasmWriteStateOffset(key, total, 4, part, sizeof part);
    faasmPushStatePartial(key);

    uint8_t back[5] = {0};
    faasmReadStateOffset(key, total, 3, back, sizeof back);
    if (back[0] != 0 || back[1] != 1 || back[3] != 3 || back[4] != 0) {
        return 1;
    }
    uint8_t *mapped = faasmReadStateOffsetPtr(key, total, 8, 8);
    mapped[0] = 9;
    faasmFlagStateOffsetDirty(key, total, 8, 1);

    unsigned int mask[4] = {0};
    faasm::maskDouble(mask, 1);
    if (mask[2] != BIT_MASK_32 || mask[3] != BIT_MASK_32 || mask[0] != 0) {
        return 2;
    }
    const char *maskKey = "state_offset_mask";
    faasmWriteState(maskKey, BYTES(mask), sizeof mask);
    faasmFlagStateDirty(key, total);
    faasmPushStatePartialMask(key, maskKey);
    return 0;
}
