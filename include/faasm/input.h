// Typed input, strings in and out.
#ifndef FAASM_INPUT_H
#define FAASM_INPUT_H

#include "faasm/core.h"

#ifdef __cplusplus
#include <stdlib.h>
#include <string.h>

namespace faasm {

// The input's bytes as a T, or the default if there is no input.
template <typename T> T getTypedInput(T defaultValue)
{
    if (faasmGetInputSize() == 0) {
        return defaultValue;
    }
    T value = defaultValue;
    faasmGetInput(BYTES(&value), sizeof(T));
    return value;
}

// The input as a string from new[], or the default if there is no input.
inline const char *getStringInput(const char *defaultValue)
{
    long size = faasmGetInputSize();
    if (size == 0) {
        return defaultValue;
    }
    char *buffer = new char[static_cast<size_t>(size) + 1];
    faasmGetInput(BYTES(buffer), size);
    buffer[size] = '\0';
    return buffer;
}

inline void setStringOutput(const char *val) { faasmSetOutput(val, static_cast<long>(strlen(val))); }

// The first expected numbers of a text, separated by spaces, as an array from
// new[]; where there are fewer, the rest is 0.
inline int *parseStringToIntArray(const char *inStr, int expected)
{
    int *result = new int[static_cast<size_t>(expected)]();
    const char *at = inStr;
    for (int i = 0; i < expected; i++) {
        char *end = nullptr;
        long value = strtol(at, &end, 10);
        if (end == at) {
            break;
        }
        result[i] = static_cast<int>(value);
        at = end;
    }
    return result;
}

} // namespace faasm
#endif

#endif
