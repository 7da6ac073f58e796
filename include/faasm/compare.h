// Comparing arrays, with both printed when they differ.
#ifndef FAASM_COMPARE_H
#define FAASM_COMPARE_H

#include "faasm/print.h"

#ifdef __cplusplus

namespace faasm {

template <typename T> bool compareArrays(T *a, T *b, int len)
{
    for (int i = 0; i < len; i++) {
        if (a[i] == b[i]) {
            continue;
        }
        printf("Arrays not equal: A=");
        printArray(a, static_cast<size_t>(len));
        printf(" B=");
        printArray(b, static_cast<size_t>(len));
        printf("\n");
        return false;
    }
    return true;
}

} // namespace faasm
#endif

#endif
