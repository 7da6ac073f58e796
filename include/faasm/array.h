// An array kept in state, mapped into memory and pushed in parts.
#ifndef FAASM_ARRAY_H
#define FAASM_ARRAY_H

#include "faasm/core.h"
#include "faasm/state.h"

#ifdef __cplusplus

namespace faasm {

template <typename T> class AsyncArray
{
  public:
    // The key must outlive the array.
    AsyncArray(const char *keyIn, size_t nElemsIn)
        : key(keyIn), bytesSize(nElemsIn * sizeof(T)), contents(nullptr)
    {
    }

    void zero()
    {
        faasm::zeroState(key, bytesSize);
        pullLazy();
    }

    // Counts as a write. Needs pull, pullLazy or zero before.
    T &operator[](int idx)
    {
        faasmFlagStateOffsetDirty(key, size(), static_cast<long>(idx * sizeof(T)), sizeof(T));
        return contents[idx];
    }

    // Maps the value; fetches it only if this host has none.
    void pullLazy() { contents = reinterpret_cast<T *>(faasmReadStatePtr(key, size())); }

    void pull()
    {
        faasmPullState(key, size());
        pullLazy();
    }

    void push() { faasmPushStatePartial(key); }

    T *data() { return contents; }

  private:
    long size() const { return static_cast<long>(bytesSize); }

    const char *key;
    size_t bytesSize;
    T *contents;
};

} // namespace faasm
#endif

#endif
