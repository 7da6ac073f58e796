// What a function may ask of the runtime: the calls of Faasm's module "env",
// declared so that each becomes an import without any linker flag. faasm/core.h
// wraps them in friendlier names.
//
// Sizes and results are 32 bits wide in wasm32, also where they are "long". A
// key, a name or a path ends in a NUL; data comes with its length.
#ifndef FAASM_HOST_INTERFACE_H
#define FAASM_HOST_INTERFACE_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __wasm__
#define HOST_IFACE_FUNC
#define FAASM_HOST_CALL(name) __attribute__((import_module("env"), import_name(#name)))
#else
// Natively the declarations parse and link; nothing stands behind them.
#define HOST_IFACE_FUNC __attribute__((weak))
#define FAASM_HOST_CALL(name) __attribute__((weak))
#endif

#ifdef __cplusplus
#define FAASM_DEFAULT_ARG(value) = value
extern "C" {
#else
#define FAASM_DEFAULT_ARG(value)
#endif

typedef void (*FaasmMigrateEntryPoint)(int);

// Input and output. A length of zero asks for the input's size.
FAASM_HOST_CALL(__faasm_read_input)
long __faasm_read_input(unsigned char *buffer, long bufferLen);

FAASM_HOST_CALL(__faasm_write_output)
void __faasm_write_output(const char *output, long outputLen);

// Chaining: each call returns the id of a new invocation of the same user's.
FAASM_HOST_CALL(__faasm_chain_name)
unsigned int __faasm_chain_name(const char *name, const unsigned char *inputData, long inputDataSize);

FAASM_HOST_CALL(__faasm_chain_ptr)
unsigned int __faasm_chain_ptr(int (*funcPtr)(void), const unsigned char *inputData, long inputDataSize);

FAASM_HOST_CALL(__faasm_chain_py)
unsigned int __faasm_chain_py(const char *name, const unsigned char *inputData, long inputDataSize);

FAASM_HOST_CALL(__faasm_await_call)
int __faasm_await_call(unsigned int messageId);

// The runtime allocates the output with this module's malloc; the caller frees it.
FAASM_HOST_CALL(__faasm_await_call_output)
int __faasm_await_call_output(unsigned int messageId, char **output, int *outputLen);

// State. A length of zero asks __faasm_read_state for the value's size.
FAASM_HOST_CALL(__faasm_read_state)
long __faasm_read_state(const char *key, unsigned char *buffer, long bufferLen);

FAASM_HOST_CALL(__faasm_read_state_ptr)
unsigned char *__faasm_read_state_ptr(const char *key, long totalLen);

FAASM_HOST_CALL(__faasm_read_state_offset)
void __faasm_read_state_offset(const char *key, long totalLen, long offset, unsigned char *buffer, long bufferLen);

FAASM_HOST_CALL(__faasm_read_state_offset_ptr)
unsigned char *__faasm_read_state_offset_ptr(const char *key, long totalLen, long offset, long len);

FAASM_HOST_CALL(__faasm_write_state)
void __faasm_write_state(const char *key, const unsigned char *data, long dataLen);

FAASM_HOST_CALL(__faasm_write_state_offset)
void __faasm_write_state_offset(const char *key, long totalLen, long offset, const unsigned char *data, long dataLen);

FAASM_HOST_CALL(__faasm_write_state_from_file)
unsigned int __faasm_write_state_from_file(const char *key, const char *filePath);

FAASM_HOST_CALL(__faasm_append_state)
void __faasm_append_state(const char *key, const unsigned char *data, long dataLen);

FAASM_HOST_CALL(__faasm_read_appended_state)
void __faasm_read_appended_state(const char *key, unsigned char *data, long dataLen, long nElems);

FAASM_HOST_CALL(__faasm_clear_appended_state)
void __faasm_clear_appended_state(const char *key);

FAASM_HOST_CALL(__faasm_flag_state_dirty)
void __faasm_flag_state_dirty(const char *key, long totalLen);

FAASM_HOST_CALL(__faasm_flag_state_offset_dirty)
void __faasm_flag_state_offset_dirty(const char *key, long totalLen, long offset, long dataLen);

FAASM_HOST_CALL(__faasm_push_state)
void __faasm_push_state(const char *key);

FAASM_HOST_CALL(__faasm_push_state_partial)
void __faasm_push_state_partial(const char *key);

FAASM_HOST_CALL(__faasm_push_state_partial_mask)
void __faasm_push_state_partial_mask(const char *key, const char *maskKey);

FAASM_HOST_CALL(__faasm_pull_state)
void __faasm_pull_state(const char *key, long stateLen);

FAASM_HOST_CALL(__faasm_lock_state_read)
void __faasm_lock_state_read(const char *key);

FAASM_HOST_CALL(__faasm_unlock_state_read)
void __faasm_unlock_state_read(const char *key);

FAASM_HOST_CALL(__faasm_lock_state_write)
void __faasm_lock_state_write(const char *key);

FAASM_HOST_CALL(__faasm_unlock_state_write)
void __faasm_unlock_state_write(const char *key);

// Python: which function a Python interpreter was started for.
FAASM_HOST_CALL(__faasm_get_py_user)
void __faasm_get_py_user(unsigned char *buffer, long bufferLen);

FAASM_HOST_CALL(__faasm_get_py_func)
void __faasm_get_py_func(unsigned char *buffer, long bufferLen);

FAASM_HOST_CALL(__faasm_get_py_entry)
void __faasm_get_py_entry(unsigned char *buffer, long bufferLen);

// Configuration, debugging, and Faasm's own test hook.
FAASM_HOST_CALL(__faasm_conf_flag)
unsigned int __faasm_conf_flag(const char *key);

FAASM_HOST_CALL(__faasm_backtrace)
void __faasm_backtrace(const int depth);

FAASM_HOST_CALL(__faasm_host_interface_test)
void __faasm_host_interface_test(int testNum);

// Shared memory; faasm/shared_mem.h has the types, the operations and the macros.
FAASM_HOST_CALL(__faasm_sm_reduce)
void __faasm_sm_reduce(void *var, int varType, int reduceOp, int currentBatch FAASM_DEFAULT_ARG(0));

FAASM_HOST_CALL(__faasm_sm_array)
void __faasm_sm_array(void *var, int varType, int arrayLen);

FAASM_HOST_CALL(__faasm_sm_raw)
void __faasm_sm_raw(void *var, int varSize);

FAASM_HOST_CALL(__faasm_sm_var)
void __faasm_sm_var(void *var, int varType);

FAASM_HOST_CALL(__faasm_sm_default_shared)
void __faasm_sm_default_shared(void);

FAASM_HOST_CALL(__faasm_sm_critical_local)
void __faasm_sm_critical_local(void);

FAASM_HOST_CALL(__faasm_sm_critical_local_end)
void __faasm_sm_critical_local_end(void);

// Migration: continues in f(arg) on another host if one was chosen.
FAASM_HOST_CALL(__faasm_migrate_point)
void __faasm_migrate_point(FaasmMigrateEntryPoint f, int arg);

// S3. The void pointers are arrays of char *, filled with memory from this
// module's malloc; the strings are not NUL-terminated, their lengths stand beside.
FAASM_HOST_CALL(__faasm_s3_get_num_buckets)
int __faasm_s3_get_num_buckets(void);

FAASM_HOST_CALL(__faasm_s3_list_buckets)
void __faasm_s3_list_buckets(void *bucketsBuffer, int *bucketsBufferLens);

FAASM_HOST_CALL(__faasm_s3_get_num_keys)
int __faasm_s3_get_num_keys(const char *bucketName);

FAASM_HOST_CALL(__faasm_s3_get_num_keys_with_prefix)
int __faasm_s3_get_num_keys_with_prefix(const char *bucketName, const char *prefix);

FAASM_HOST_CALL(__faasm_s3_list_keys)
void __faasm_s3_list_keys(const char *bucketName, void *keysBuffer, int *keysBufferLens);

FAASM_HOST_CALL(__faasm_s3_list_keys_with_prefix)
void __faasm_s3_list_keys_with_prefix(const char *bucketName, const char *prefix, void *keysBuffer,
                                      int *keysBufferLens);

FAASM_HOST_CALL(__faasm_s3_add_key_bytes)
int __faasm_s3_add_key_bytes(const char *bucketName, const char *keyName, void *keyBuffer, int keyBufferLen,
                             bool overwrite FAASM_DEFAULT_ARG(false));

FAASM_HOST_CALL(__faasm_s3_get_key_bytes)
int __faasm_s3_get_key_bytes(const char *bucketName, const char *keyName, void *keyBuffer, int *keyBufferLen,
                             bool tolerateMissing FAASM_DEFAULT_ARG(false));

#ifdef __cplusplus
}
#endif

#endif
