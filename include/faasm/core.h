// The library that functions are written against, in C and C++: input and output,
// chaining, state, configuration, zygotes. Defined in lib/*.c.
#ifndef FAASM_CORE_H
#define FAASM_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "faasm/memory.h"

#ifdef __cplusplus
#define BYTES(arr) reinterpret_cast<uint8_t *>(arr)
extern "C" {
#else
#define BYTES(arr) ((uint8_t *)(arr))
#endif

// A function that can be chained by its address.
typedef int (*FaasmFuncPtr)(void);

// ---- Input and output ----

// The input's size in bytes; 0 if there is none.
long faasmGetInputSize(void);

// Copies at most bufferLen bytes of the input.
void faasmGetInput(uint8_t *buffer, long bufferLen);

// Sets the function's output; the last call wins. Takes char * and uint8_t *
// alike: Faasm has had both.
void faasmSetOutput(const void *newOutput, long outputLen);

// ---- Chaining ----

// Invokes another function of this user; returns the invocation's id.
unsigned int faasmChainNamed(const char *name, const uint8_t *inputData, long inputDataSize);

// Invokes a function of this module.
unsigned int faasmChain(FaasmFuncPtr funcPtr, const uint8_t *inputData, long inputDataSize);

// Invokes another Python function of this user.
unsigned int faasmChainPy(const char *name, const uint8_t *inputData, long inputDataSize);

// Invokes a function of this module nFuncs times and waits for all: 0 if all
// returned 0, else 1.
unsigned int faasmChainBatch(FaasmFuncPtr funcPtr, const char *inputData, int nFuncs);

// Waits for an invocation and returns what it returned.
unsigned int faasmAwaitCall(unsigned int callId);

// Waits for an invocation and takes its output, which the caller frees.
unsigned int faasmAwaitCallOutput(unsigned int messageId, char **output, int *outputLen);

// The same in the form Faasm had before 2024: copies at most bufferLen bytes. Use
// it under the name faasmAwaitCallOutput.
unsigned int _faasm_await_call_output_into(unsigned int messageId, uint8_t *buffer, long bufferLen);

// ---- State: values shared between functions, by key ----

// A value's size; 0 if there is none.
size_t faasmReadStateSize(const char *key);

// Copies a value and returns its size.
long faasmReadState(const char *key, uint8_t *buffer, long bufferLen);

// Maps a value into memory, shared with the other functions of this host. Flag
// what you write as dirty.
uint8_t *faasmReadStatePtr(const char *key, long totalLen);

void faasmReadStateOffset(const char *key, long totalLen, long offset, uint8_t *buffer, long bufferLen);

uint8_t *faasmReadStateOffsetPtr(const char *key, long totalLen, long offset, long len);

// Sets a value on this host; push to share it.
void faasmWriteState(const char *key, const uint8_t *data, long dataLen);

void faasmWriteStateOffset(const char *key, long totalLen, long offset, const uint8_t *data, long dataLen);

// Sets a value to a file's content and returns its size.
unsigned long faasmWriteStateFromFile(const char *key, const char *filePath);

// A list that only grows: append, read the first nElems concatenated, clear.
void faasmAppendState(const char *key, const uint8_t *data, long dataLen);
void faasmReadAppendedState(const char *key, uint8_t *buffer, long bufferLen, long nElems);
void faasmClearAppendedState(const char *key);

void faasmFlagStateDirty(const char *key, long totalLen);
void faasmFlagStateOffsetDirty(const char *key, long totalLen, long offset, long len);

// Sends what is dirty, respectively fetches anew.
void faasmPushState(const char *key);
void faasmPushStatePartial(const char *key);
void faasmPushStatePartialMask(const char *key, const char *maskKey);
void faasmPullState(const char *key, long stateLen);

void faasmLockStateRead(const char *key);
void faasmUnlockStateRead(const char *key);
void faasmLockStateWrite(const char *key);
void faasmUnlockStateWrite(const char *key);

// Faasm dropped global locks: these are the write lock of this host.
void faasmLockStateGlobal(const char *key);
void faasmUnlockStateGlobal(const char *key);

// ---- Python, configuration, debugging ----

// The function a Python interpreter was started for. The caller frees the string.
char *faasmGetPythonUser(void);
char *faasmGetPythonFunc(void);
char *faasmGetPythonEntry(void);

// 1 or 0: whether a flag of the runtime's configuration is on.
unsigned int getConfFlag(const char *key);

// Prints where the function is, leaving out the innermost depth frames.
void faasmBacktrace(const int depth);

// ---- Zygotes ----

// FAASM_ZYGOTE() { ... } runs once, after the constructors; every invocation
// starts from the memory it leaves behind. It returns 0, or the function fails.
#ifdef __wasm__
__attribute__((export_name("_faasm_zygote")))
#endif
int _faasm_zygote(void);

#define FAASM_ZYGOTE() int _faasm_zygote(void)

#ifdef __cplusplus
} // extern "C"
#endif

#include "faasm/legacy.h"

#endif
