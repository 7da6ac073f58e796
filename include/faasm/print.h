// Printing arrays: [1, 2, 3].
#ifndef FAASM_PRINT_H
#define FAASM_PRINT_H

#include <stddef.h>
#include <stdio.h>

#ifdef __cplusplus

namespace faasm {
namespace detail {

inline void printElement(long long value) { printf("%lld", value); }
inline void printElement(unsigned long long value) { printf("%llu", value); }
inline void printElement(int value) { printf("%i", value); }
inline void printElement(unsigned int value) { printf("%u", value); }
inline void printElement(long value) { printf("%li", value); }
inline void printElement(unsigned long value) { printf("%lu", value); }
inline void printElement(double value) { printf("%f", value); }

} // namespace detail

// Small integers, uint8_t among them, print as numbers.
template <typename T> void printArray(T *data, size_t size)
{
    printf("[");
    for (size_t i = 0; i < size; i++) {
        if (i > 0) {
            printf(", ");
        }
        detail::printElement(data[i]);
    }
    printf("]");
}

} // namespace faasm
#endif

#endif
