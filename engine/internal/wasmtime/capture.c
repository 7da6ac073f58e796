// An instance whose steps have run is read: memories, globals, tables. References to
// functions are told by their addresses: an instance has one for each function.
#include "invocation.h"
#include <string.h>

// fl_end_capture drops the instance.
void fl_end_capture(fl_invocation *iv) { fl_drop(iv); }

static bool find(fl_invocation *iv, const char *name, size_t len, wasmtime_extern_kind_t kind, wasmtime_extern_t *item) {
  return iv->has_instance && wasmtime_instance_export_get(iv->context, &iv->instance, name, len, item) && item->kind == kind;
}

bool fl_read_memory(fl_invocation *iv, const char *name, size_t len, uint8_t **base, size_t *size) {
  wasmtime_extern_t item;
  if (!find(iv, name, len, WASMTIME_EXTERN_MEMORY, &item))
    return false;
  *base = wasmtime_memory_data(iv->context, &item.of.memory);
  *size = wasmtime_memory_data_size(iv->context, &item.of.memory);
  return true;
}

// address is what tells a function from others; 0 for none.
static uint64_t address(const wasmtime_func_t *f) { return f->store_id ? (uintptr_t)f->__private : 0; }

// fl_read_global reads a number's bits, or a function's address.
bool fl_read_global(fl_invocation *iv, const char *name, size_t len, uint64_t bits[2]) {
  wasmtime_extern_t item;
  wasmtime_val_t v;
  if (!find(iv, name, len, WASMTIME_EXTERN_GLOBAL, &item))
    return false;
  wasmtime_global_get(iv->context, &item.of.global, &v);
  bits[0] = bits[1] = 0;
  switch (v.kind) {
  case WASMTIME_I32:
  case WASMTIME_F32:
    bits[0] = (uint32_t)v.of.i32;
    return true;
  case WASMTIME_I64:
  case WASMTIME_F64:
    bits[0] = (uint64_t)v.of.i64;
    return true;
  case WASMTIME_V128:
    memcpy(bits, v.of.v128, sizeof v.of.v128);
    return true;
  case WASMTIME_FUNCREF:
    bits[0] = address(&v.of.funcref);
    return true;
  }
  return false;
}

// fl_read_table reads up to room addresses of functions, and how many elements there are.
bool fl_read_table(fl_invocation *iv, const char *name, size_t len, uint64_t *functions, uint64_t *size, uint64_t room) {
  wasmtime_extern_t item;
  wasmtime_val_t v;
  if (!find(iv, name, len, WASMTIME_EXTERN_TABLE, &item))
    return false;
  *size = wasmtime_table_size(iv->context, &item.of.table);
  for (uint64_t i = 0; i < *size && i < room; i++) {
    if (!wasmtime_table_get(iv->context, &item.of.table, i, &v) || v.kind != WASMTIME_FUNCREF)
      return false;
    functions[i] = address(&v.of.funcref);
  }
  return true;
}

uint64_t fl_read_func(fl_invocation *iv, const char *name, size_t len) {
  wasmtime_extern_t item;
  return find(iv, name, len, WASMTIME_EXTERN_FUNC, &item) ? address(&item.of.func) : 0;
}

// fl_run_probe runs a function without parameters. It reports whether it trapped.
bool fl_run_probe(fl_invocation *iv, const char *name, size_t len) {
  fl_step step = {.name = name, .len = len};
  wasmtime_val_raw_t v[1] = {{.i64 = 0}};
  fl_enter(iv);
  bool trapped = fl_call(iv, &step, v, 1) != FL_OK;
  fl_leave(iv);
  fl_clear(iv);
  return trapped;
}
