// Time, and timing of sections: between FAASM_PROF_START(name) and
// FAASM_PROF_END(name), "TIME: name MILLISECONDS" is printed if the function is
// built with -DWASM_PROF=1, or natively; else they are nothing.
#ifndef FAASM_TIME_H
#define FAASM_TIME_H

#include <stdio.h>
#include <sys/time.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

// Milliseconds of a clock that only goes forward.
#ifdef __wasm__
double _faasm_prof_ms(void);
#else
static inline double _faasm_prof_ms(void)
{
    return 1e3 * (double)clock() / CLOCKS_PER_SEC;
}
#endif

#ifdef __cplusplus
}
#endif

#if (defined(WASM_PROF) && WASM_PROF == 1) || !defined(__wasm__)
#define FAASM_PROF_START(profVar) double profVar = _faasm_prof_ms();
#define FAASM_PROF_END(profVar) printf("TIME: %s %f\n", #profVar, _faasm_prof_ms() - profVar);
#else
#define FAASM_PROF_START(profVar)
#define FAASM_PROF_END(profVar)
#endif

#ifdef __cplusplus
namespace faasm {

inline double getSecondsSinceEpoch()
{
    struct timeval now;
    gettimeofday(&now, nullptr);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_usec) / 1e6;
}

} // namespace faasm
#endif

#endif
