// Random numbers, seeded from the runtime.
#ifndef FAASM_RANDOM_H
#define FAASM_RANDOM_H

#ifdef __cplusplus
#include <algorithm>
#include <random>
#include <stddef.h>
#include <string>

namespace faasm {
namespace detail {

// Seeded at first use. A zygote that uses it fixes the sequence for every
// invocation that starts from it.
inline std::mt19937 &rng()
{
    static std::mt19937 generator{std::random_device{}()};
    return generator;
}

} // namespace detail

// From iStart to iEnd, both included.
inline int randomInteger(int iStart, int iEnd)
{
    return std::uniform_int_distribution<int>(iStart, iEnd)(detail::rng());
}

// From 0 to 1, without 1.
inline float randomFloat() { return std::uniform_real_distribution<float>(0, 1)(detail::rng()); }

inline void shuffleArray(int *arrayIn, size_t arrayLen)
{
    std::shuffle(arrayIn, arrayIn + arrayLen, detail::rng());
}

// The numbers from 0 to rangeLen - 1 in random order, from new[].
inline int *randomIntRange(int rangeLen)
{
    int *range = new int[static_cast<size_t>(rangeLen)];
    for (int i = 0; i < rangeLen; i++) {
        range[i] = i;
    }
    shuffleArray(range, static_cast<size_t>(rangeLen));
    return range;
}

// Digits without zero, and letters.
inline std::string randomString(int len)
{
    static const char alphabet[] = "123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    std::string result;
    for (int i = 0; i < len; i++) {
        result += alphabet[randomInteger(0, sizeof alphabet - 2)];
    }
    return result;
}

} // namespace faasm
#endif

#endif
