// The part of Wasmtime 39's C API that this package calls, declared by us because
// a cgo directive cannot point into another module's directory. A test compiles
// this header together with the real ones, so that a release that changes a
// prototype or the size of a structure fails.
#ifndef FAASLENS_CAPI_H
#define FAASLENS_CAPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef FAASLENS_REAL_HEADERS
typedef struct wasm_config_t wasm_config_t;
typedef struct wasm_engine_t wasm_engine_t;
typedef struct wasm_functype_t wasm_functype_t;
typedef struct wasm_valtype_t wasm_valtype_t;
typedef struct wasm_trap_t wasm_trap_t;
typedef struct wasm_frame_t wasm_frame_t;
typedef struct wasmtime_error wasmtime_error_t;
typedef struct wasmtime_module wasmtime_module_t;
typedef struct wasmtime_store wasmtime_store_t;
typedef struct wasmtime_context wasmtime_context_t;
typedef struct wasmtime_linker wasmtime_linker_t;
typedef struct wasmtime_caller wasmtime_caller_t;
typedef struct wasmtime_instance_pre wasmtime_instance_pre_t;
typedef uint8_t wasm_valkind_t;
typedef uint8_t wasmtime_trap_code_t;
typedef uint8_t wasmtime_extern_kind_t;

typedef struct wasm_byte_vec_t { size_t size; char *data; } wasm_byte_vec_t;
typedef struct wasm_valtype_vec_t { size_t size; wasm_valtype_t **data; } wasm_valtype_vec_t;
typedef struct wasm_frame_vec_t { size_t size; wasm_frame_t **data; } wasm_frame_vec_t;

typedef struct wasmtime_func { uint64_t store_id; void *__private; } wasmtime_func_t;
typedef struct wasmtime_memory {
  struct { uint64_t store_id; uint32_t __private1; };
  uint32_t __private2;
} wasmtime_memory_t;
typedef struct wasmtime_instance { uint64_t store_id; size_t __private; } wasmtime_instance_t;
typedef struct wasmtime_global {
  uint64_t store_id;
  uint32_t __private1, __private2, __private3;
} wasmtime_global_t;
typedef struct wasmtime_table {
  struct { uint64_t store_id; uint32_t __private1; };
  uint32_t __private2;
} wasmtime_table_t;
typedef union wasmtime_extern_union {
  wasmtime_func_t func;
  wasmtime_table_t table;
  wasmtime_memory_t memory;
  wasmtime_global_t global;
} wasmtime_extern_union_t;
typedef struct wasmtime_extern { wasmtime_extern_kind_t kind; wasmtime_extern_union_t of; } wasmtime_extern_t;
typedef union wasmtime_val_raw {
  int32_t i32; int64_t i64; float f32; double f64; uint8_t v128[16]; void *funcref;
} wasmtime_val_raw_t;
typedef union wasmtime_valunion {
  int32_t i32; int64_t i64; uint8_t v128[16]; wasmtime_func_t funcref; uint64_t largest[3];
} wasmtime_valunion_t;
typedef struct wasmtime_val { uint8_t kind; wasmtime_valunion_t of; } wasmtime_val_t;
typedef wasm_trap_t *(*wasmtime_func_unchecked_callback_t)(
    void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *args_and_results, size_t n);

typedef struct wasm_memorytype_t wasm_memorytype_t;
typedef struct wasmtime_linear_memory {
  void *env;
  uint8_t *(*get_memory)(void *env, size_t *size, size_t *capacity);
  wasmtime_error_t *(*grow_memory)(void *env, size_t size);
  void (*finalizer)(void *);
} wasmtime_linear_memory_t;
typedef struct wasmtime_memory_creator {
  void *env;
  wasmtime_error_t *(*new_memory)(void *env, const wasm_memorytype_t *, size_t minimum, size_t maximum,
                                  size_t reserved, size_t guard, wasmtime_linear_memory_t *);
  void (*finalizer)(void *);
} wasmtime_memory_creator_t;

typedef uint8_t wasmtime_opt_level_t;
enum { WASM_I32, WASM_I64, WASM_F32, WASM_F64, WASM_EXTERNREF = 128, WASM_FUNCREF };
#define WASMTIME_EXTERN_FUNC 0
#define WASMTIME_EXTERN_GLOBAL 1
#define WASMTIME_EXTERN_TABLE 2
#define WASMTIME_EXTERN_MEMORY 3
#define WASMTIME_I32 0
#define WASMTIME_I64 1
#define WASMTIME_F32 2
#define WASMTIME_F64 3
#define WASMTIME_V128 4
#define WASMTIME_FUNCREF 5
enum { WASMTIME_OPT_LEVEL_NONE };
enum { WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED = 9 };
#endif

_Static_assert(sizeof(wasmtime_func_t) == 16, "wasmtime_func_t");
_Static_assert(sizeof(wasmtime_memory_t) == 24, "wasmtime_memory_t");
_Static_assert(sizeof(wasmtime_table_t) == 24, "wasmtime_table_t");
_Static_assert(sizeof(wasmtime_instance_t) == 16, "wasmtime_instance_t");
_Static_assert(sizeof(wasmtime_linear_memory_t) == 32 && sizeof(wasmtime_memory_creator_t) == 24, "memory creators");
_Static_assert(sizeof(wasmtime_extern_t) == 32, "wasmtime_extern_t");
_Static_assert(offsetof(wasmtime_extern_t, of) == 8, "wasmtime_extern_t.of");
_Static_assert(sizeof(wasmtime_val_raw_t) == 16, "wasmtime_val_raw_t");
_Static_assert(sizeof(wasm_byte_vec_t) == 16 && offsetof(wasm_byte_vec_t, data) == 8, "wasm_byte_vec_t");
_Static_assert(sizeof(wasm_frame_vec_t) == 16 && offsetof(wasm_frame_vec_t, data) == 8, "wasm_frame_vec_t");
_Static_assert(sizeof(wasm_valtype_vec_t) == 16 && offsetof(wasm_valtype_vec_t, data) == 8, "wasm_valtype_vec_t");
_Static_assert(sizeof(wasmtime_val_t) == 32 && offsetof(wasmtime_val_t, of) == 8, "wasmtime_val_t");
_Static_assert(WASMTIME_EXTERN_GLOBAL == 1 && WASMTIME_I32 == 0, "wasmtime_extern_kind_t");
_Static_assert(WASMTIME_EXTERN_TABLE == 2 && WASMTIME_FUNCREF == 5, "wasmtime_extern_kind_t");
_Static_assert(WASMTIME_I64 == 1 && WASMTIME_F32 == 2 && WASMTIME_F64 == 3 && WASMTIME_V128 == 4, "wasmtime_valkind_t");
_Static_assert(WASM_I32 == 0 && WASM_I64 == 1 && WASM_F32 == 2 && WASM_F64 == 3, "wasm_valkind_t");
_Static_assert(WASM_EXTERNREF == 128 && WASM_FUNCREF == 129, "wasm_valkind_t");
_Static_assert(WASMTIME_EXTERN_FUNC == 0 && WASMTIME_EXTERN_MEMORY == 3, "wasmtime_extern_kind_t");
_Static_assert(WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED == 9, "wasmtime_trap_code_t");
_Static_assert(WASMTIME_OPT_LEVEL_NONE == 0 && sizeof(wasmtime_opt_level_t) == 1, "wasmtime_opt_level_t");

// Configuration and engine.
wasm_config_t *wasm_config_new(void);
void wasmtime_config_debug_info_set(wasm_config_t *, bool);
void wasmtime_config_cranelift_opt_level_set(wasm_config_t *, wasmtime_opt_level_t);
void wasmtime_config_cranelift_flag_set(wasm_config_t *, const char *, const char *);
void wasmtime_config_max_wasm_stack_set(wasm_config_t *, size_t);
void wasmtime_config_wasm_tail_call_set(wasm_config_t *, bool);
void wasmtime_config_wasm_reference_types_set(wasm_config_t *, bool);
void wasmtime_config_wasm_function_references_set(wasm_config_t *, bool);
void wasmtime_config_wasm_gc_set(wasm_config_t *, bool);
void wasmtime_config_wasm_simd_set(wasm_config_t *, bool);
void wasmtime_config_wasm_relaxed_simd_set(wasm_config_t *, bool);
void wasmtime_config_wasm_relaxed_simd_deterministic_set(wasm_config_t *, bool);
void wasmtime_config_wasm_bulk_memory_set(wasm_config_t *, bool);
void wasmtime_config_wasm_multi_value_set(wasm_config_t *, bool);
void wasmtime_config_wasm_multi_memory_set(wasm_config_t *, bool);
void wasmtime_config_wasm_memory64_set(wasm_config_t *, bool);
void wasmtime_config_wasm_exceptions_set(wasm_config_t *, bool);
void wasmtime_config_parallel_compilation_set(wasm_config_t *, bool);
void wasmtime_config_memory_init_cow_set(wasm_config_t *, bool);
void wasmtime_config_host_memory_creator_set(wasm_config_t *, wasmtime_memory_creator_t *);
wasm_engine_t *wasm_engine_new_with_config(wasm_config_t *);
void wasm_engine_delete(wasm_engine_t *);

// Errors, traps and their frames.
wasmtime_error_t *wasmtime_error_new(const char *);
void wasmtime_error_delete(wasmtime_error_t *);
void wasmtime_error_message(const wasmtime_error_t *, wasm_byte_vec_t *);
void wasmtime_error_wasm_trace(const wasmtime_error_t *, wasm_frame_vec_t *);
wasm_trap_t *wasmtime_trap_new_code(wasmtime_trap_code_t);
bool wasmtime_trap_code(const wasm_trap_t *, wasmtime_trap_code_t *);
void wasm_trap_delete(wasm_trap_t *);
void wasm_trap_message(const wasm_trap_t *, wasm_byte_vec_t *);
void wasm_trap_trace(const wasm_trap_t *, wasm_frame_vec_t *);
uint32_t wasm_frame_func_index(const wasm_frame_t *);
size_t wasm_frame_module_offset(const wasm_frame_t *);
const wasm_byte_vec_t *wasmtime_frame_module_name(const wasm_frame_t *);
void wasm_frame_vec_delete(wasm_frame_vec_t *);
void wasm_byte_vec_delete(wasm_byte_vec_t *);

// Modules.
wasmtime_error_t *wasmtime_module_new(wasm_engine_t *, const uint8_t *, size_t, wasmtime_module_t **);
void wasmtime_module_delete(wasmtime_module_t *);
wasmtime_error_t *wasmtime_module_serialize(wasmtime_module_t *, wasm_byte_vec_t *);
wasmtime_error_t *wasmtime_module_deserialize(wasm_engine_t *, const uint8_t *, size_t, wasmtime_module_t **);
wasmtime_error_t *wasmtime_module_deserialize_file(wasm_engine_t *, const char *, wasmtime_module_t **);
void wasmtime_module_image_range(const wasmtime_module_t *, void **start, void **end);

// Linking.
wasm_valtype_t *wasm_valtype_new(wasm_valkind_t);
void wasm_valtype_vec_new_uninitialized(wasm_valtype_vec_t *, size_t);
wasm_functype_t *wasm_functype_new(wasm_valtype_vec_t *params, wasm_valtype_vec_t *results);
void wasm_functype_delete(wasm_functype_t *);
wasmtime_linker_t *wasmtime_linker_new(wasm_engine_t *);
void wasmtime_linker_delete(wasmtime_linker_t *);
wasmtime_error_t *wasmtime_linker_define_func_unchecked(
    wasmtime_linker_t *, const char *module, size_t module_len, const char *name, size_t name_len,
    const wasm_functype_t *, wasmtime_func_unchecked_callback_t, void *data, void (*finalizer)(void *));
wasmtime_error_t *wasmtime_linker_instantiate_pre(
    const wasmtime_linker_t *, const wasmtime_module_t *, wasmtime_instance_pre_t **);
void wasmtime_instance_pre_delete(wasmtime_instance_pre_t *);

// Running.
wasmtime_store_t *wasmtime_store_new(wasm_engine_t *, void *data, void (*finalizer)(void *));
void wasmtime_store_delete(wasmtime_store_t *);
wasmtime_context_t *wasmtime_store_context(wasmtime_store_t *);
void wasmtime_store_limiter(wasmtime_store_t *, int64_t memory_size, int64_t table_elements,
                            int64_t instances, int64_t tables, int64_t memories);
void *wasmtime_context_get_data(const wasmtime_context_t *);
wasmtime_error_t *wasmtime_instance_pre_instantiate(
    const wasmtime_instance_pre_t *, wasmtime_context_t *, wasmtime_instance_t *, wasm_trap_t **);
wasmtime_error_t *wasmtime_instance_new(
    wasmtime_context_t *, const wasmtime_module_t *, const wasmtime_extern_t *imports, size_t nimports,
    wasmtime_instance_t *, wasm_trap_t **);
bool wasmtime_instance_export_get(
    wasmtime_context_t *, const wasmtime_instance_t *, const char *name, size_t len, wasmtime_extern_t *);
bool wasmtime_caller_export_get(wasmtime_caller_t *, const char *name, size_t len, wasmtime_extern_t *);
wasmtime_context_t *wasmtime_caller_context(wasmtime_caller_t *);
void wasmtime_func_new_unchecked(wasmtime_context_t *, const wasm_functype_t *,
                                 wasmtime_func_unchecked_callback_t, void *env,
                                 void (*finalizer)(void *), wasmtime_func_t *ret);
wasmtime_error_t *wasmtime_func_call_unchecked(
    wasmtime_context_t *, const wasmtime_func_t *, wasmtime_val_raw_t *, size_t, wasm_trap_t **);
uint8_t *wasmtime_memory_data(const wasmtime_context_t *, const wasmtime_memory_t *);
size_t wasmtime_memory_data_size(const wasmtime_context_t *, const wasmtime_memory_t *);
bool wasmtime_table_get(wasmtime_context_t *, const wasmtime_table_t *, uint64_t index, wasmtime_val_t *);
uint64_t wasmtime_table_size(const wasmtime_context_t *, const wasmtime_table_t *);
wasm_functype_t *wasmtime_func_type(const wasmtime_context_t *, const wasmtime_func_t *);
const wasm_valtype_vec_t *wasm_functype_params(const wasm_functype_t *);
const wasm_valtype_vec_t *wasm_functype_results(const wasm_functype_t *);
wasm_valkind_t wasm_valtype_kind(const wasm_valtype_t *);
void wasmtime_global_get(wasmtime_context_t *, const wasmtime_global_t *, wasmtime_val_t *);
wasmtime_error_t *wasmtime_global_set(wasmtime_context_t *, const wasmtime_global_t *, const wasmtime_val_t *);
wasmtime_error_t *wasmtime_memory_grow(
    wasmtime_context_t *, const wasmtime_memory_t *, uint64_t delta, uint64_t *prev);

#endif
