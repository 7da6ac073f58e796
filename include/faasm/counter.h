// Counters kept in state.
#ifndef FAASM_COUNTER_H
#define FAASM_COUNTER_H

#include "faasm/core.h"

#define COUNTER_KEY "atomic_counter"

#ifdef __cplusplus
#include <string>

namespace faasm {

inline void initCounter(const char *counterKey)
{
    int zero = 0;
    faasmWriteState(counterKey, BYTES(&zero), sizeof zero);
}

inline int getCounter(const char *counterKey)
{
    int count = 0;
    faasmReadState(counterKey, BYTES(&count), sizeof count);
    return count;
}

// Adds and returns the new value, under the key's write lock if asked to.
inline int incrementCounter(const char *counterKey, int increment, bool globalLock = true)
{
    if (globalLock) {
        faasmLockStateGlobal(counterKey);
    }
    int count = getCounter(counterKey) + increment;
    faasmWriteState(counterKey, BYTES(&count), sizeof count);
    if (globalLock) {
        faasmUnlockStateGlobal(counterKey);
    }
    return count;
}

inline void incrementCounter(const char *counterKey) { incrementCounter(counterKey, 1, false); }

// A counter that several functions add to.
class AtomicInt
{
  public:
    AtomicInt() : AtomicInt(COUNTER_KEY) {}

    explicit AtomicInt(const std::string &keyIn) : value(0), key(keyIn) {}

    int operator+=(int other) { return value = incrementCounter(key.c_str(), other, true); }

    int get() { return value = getCounter(key.c_str()); }

    void reset() { initCounter(key.c_str()); }

  private:
    int value;
    const std::string key;
};

} // namespace faasm
#endif

#endif
