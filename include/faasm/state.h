// Helpers around state: masks for partial pushes, zeroed values.
#ifndef FAASM_STATE_H
#define FAASM_STATE_H

#include <stddef.h>

#include "faasm/core.h"

#define BIT_MASK_8 0xffu
#define BIT_MASK_32 0xffffffffu

#ifdef __cplusplus
#include <vector>

namespace faasm {

// Marks the double with an index in a mask of unsigned ints, two for each double.
inline void maskDouble(unsigned int *maskArray, unsigned long idx)
{
    maskArray[2 * idx] |= BIT_MASK_32;
    maskArray[2 * idx + 1] |= BIT_MASK_32;
}

// Sets a value to zeros and pushes it.
inline void zeroState(const char *key, size_t stateLen)
{
    std::vector<uint8_t> zeros(stateLen);
    faasmWriteState(key, zeros.data(), static_cast<long>(stateLen));
    faasmPushState(key);
}

} // namespace faasm
#endif

#endif
