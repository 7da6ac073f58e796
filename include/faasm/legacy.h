// What functions written for earlier versions of Faasm still use: functions
// defined by macro and chained by number, calls without an input, an "async"
// argument on state, and awaiting into a buffer. faasm/core.h includes this.
#ifndef FAASM_LEGACY_H
#define FAASM_LEGACY_H

#ifdef __cplusplus
extern "C" {
#endif

// ---- Functions by number: 0 is the main function, 1 to 9 can be chained ----

typedef FaasmFuncPtr _FaasmFuncPtr;

int _faasm_func_0(void);
int _faasm_func_1(void);
int _faasm_func_2(void);
int _faasm_func_3(void);
int _faasm_func_4(void);
int _faasm_func_5(void);
int _faasm_func_6(void);
int _faasm_func_7(void);
int _faasm_func_8(void);
int _faasm_func_9(void);

#define FAASM_FUNC(name, idx)                                                                                          \
    int name(void)                                                                                                     \
    {                                                                                                                  \
        return _faasm_func_##idx();                                                                                    \
    }                                                                                                                  \
    int _faasm_func_##idx(void)

#define FAASM_MAIN_FUNC()                                                                                              \
    int main(void)                                                                                                     \
    {                                                                                                                  \
        return _faasm_run_func(0);                                                                                     \
    }                                                                                                                  \
    FAASM_FUNC(faasmMain, 0)

// The function with a number, or a null pointer.
FaasmFuncPtr getFaasmFunc(int idx);

// Runs the function with a number in this invocation.
int _faasm_run_func(int idx);

// The number of the function that this invocation runs.
int faasmGetCurrentIdx(void);

unsigned int faasmChainFunction(const char *name);
unsigned int faasmChainFunctionInput(const char *name, const uint8_t *inputData, long inputDataSize);
unsigned int faasmChainThis(int idx);
unsigned int faasmChainThisInput(int idx, const uint8_t *inputData, long inputDataSize);

#ifdef __cplusplus
} // extern "C"

// ---- Awaiting into a buffer ----

inline unsigned int faasmAwaitCallOutput(unsigned int messageId, uint8_t *buffer, long bufferLen)
{
    return _faasm_await_call_output_into(messageId, buffer, bufferLen);
}

// ---- State with an "async" argument: false fetches first, or sends at once ----

inline void faasmReadState(const char *key, uint8_t *buffer, long bufferLen, bool async)
{
    if (!async) {
        faasmPullState(key, bufferLen);
    }
    faasmReadState(key, buffer, bufferLen);
}

inline uint8_t *faasmReadStatePtr(const char *key, long totalLen, bool async)
{
    if (!async) {
        faasmPullState(key, totalLen);
    }
    return faasmReadStatePtr(key, totalLen);
}

inline void faasmReadStateOffset(const char *key, long totalLen, long offset, uint8_t *buffer, long bufferLen,
                                 bool async)
{
    if (!async) {
        faasmPullState(key, totalLen);
    }
    faasmReadStateOffset(key, totalLen, offset, buffer, bufferLen);
}

inline uint8_t *faasmReadStateOffsetPtr(const char *key, long totalLen, long offset, long len, bool async)
{
    if (!async) {
        faasmPullState(key, totalLen);
    }
    return faasmReadStateOffsetPtr(key, totalLen, offset, len);
}

inline void faasmWriteState(const char *key, const uint8_t *data, long dataLen, bool async)
{
    faasmWriteState(key, data, dataLen);
    if (!async) {
        faasmPushState(key);
    }
}

inline void faasmWriteStateOffset(const char *key, long totalLen, long offset, const uint8_t *data, long dataLen,
                                  bool async)
{
    faasmWriteStateOffset(key, totalLen, offset, data, dataLen);
    if (!async) {
        faasmPushStatePartial(key);
    }
}
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
// C has no overloads: the second argument's type decides.
#define faasmAwaitCallOutput(messageId, output, outputLen)                                                             \
    _Generic((output),                                                                                                 \
        char **: faasmAwaitCallOutput,                                                                                 \
        default: _faasm_await_call_output_into)(messageId, output, outputLen)
#endif

#endif
