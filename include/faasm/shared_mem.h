// Marks memory that threads on several hosts share and how their changes merge.
// The macros end in a semicolon themselves, as they always have.
#ifndef FAASM_SHARED_MEM_H
#define FAASM_SHARED_MEM_H

#include "faasm/host_interface.h"

#define FAASM_TYPE_RAW 0
#define FAASM_TYPE_BOOL 1
#define FAASM_TYPE_INT 2
#define FAASM_TYPE_LONG 3 // eight bytes
#define FAASM_TYPE_FLOAT 4
#define FAASM_TYPE_DOUBLE 5

#define FAASM_OP_OVERWRITE 0
#define FAASM_OP_SUM 1
#define FAASM_OP_PRODUCT 2
#define FAASM_OP_SUBTRACT 3
#define FAASM_OP_MAX 4
#define FAASM_OP_MIN 5

// FAASM_REDUCE(var, type, op) merges var after the next batch of threads;
// FAASM_REDUCE(var, type, op, 1) after the batch that is running.
#define FAASM_REDUCE(var, type, ...) FAASM_REDUCE_IN_BATCH((void *)&(var), type, __VA_ARGS__, 0, 0)
#define FAASM_REDUCE_IN_BATCH(ptr, type, op, batch, ...) __faasm_sm_reduce(ptr, type, op, batch);

#define FAASM_SHARED_ARRAY(var, type, len) __faasm_sm_array((void *)&(var), type, len);
#define FAASM_SHARED_RAW(var, len) __faasm_sm_raw((void *)&(var), len);
#define FAASM_SHARED_VAR(var, type) __faasm_sm_var((void *)&(var), type);
#define FAASM_DEFAULT_SHARED() __faasm_sm_default_shared();

#define FAASM_START_CRITICAL_LOCAL() __faasm_sm_critical_local();
#define FAASM_END_CRITICAL_LOCAL() __faasm_sm_critical_local_end();

#define FAASM_CRITICAL_LOCAL(op)                                                                                       \
    FAASM_START_CRITICAL_LOCAL()                                                                                       \
    {                                                                                                                  \
        op;                                                                                                            \
    }                                                                                                                  \
    FAASM_END_CRITICAL_LOCAL()

#define FAASM_ATOMIC_INCR(var)                                                                                         \
    FAASM_REDUCE(var, FAASM_TYPE_INT, FAASM_OP_SUM)                                                                    \
    FAASM_CRITICAL_LOCAL(var++)

#define FAASM_ATOMIC_INCR_BY(var, value)                                                                               \
    FAASM_REDUCE(var, FAASM_TYPE_INT, FAASM_OP_SUM)                                                                    \
    FAASM_CRITICAL_LOCAL(var += value)

#endif
