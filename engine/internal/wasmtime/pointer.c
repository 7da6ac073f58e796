// Calls of functions by their index in a module's table, as chained calls of function
// pointers make them.
#include "invocation.h"

static bool is_i32(const wasm_valtype_vec_t *v) {
  return v->size == 1 && wasm_valtype_kind(v->data[0]) == WASM_I32;
}

// fl_call_pointer calls the function, which takes nothing or an i32 and returns at most
// one value. The call is unchecked, so the type is looked at before it. args takes the
// result: 0 for one that is no i32, as in Faasm.
int fl_call_pointer(fl_invocation *iv, const fl_pointer *p, wasmtime_val_raw_t *args, size_t n) {
  wasmtime_extern_t item;
  wasmtime_val_t v;
  if (!wasmtime_instance_export_get(iv->context, &iv->instance, p->table, p->table_len, &item) ||
      item.kind != WASMTIME_EXTERN_TABLE || !wasmtime_table_get(iv->context, &item.of.table, p->index, &v) ||
      v.kind != WASMTIME_FUNCREF || !v.of.funcref.store_id)
    return FL_NO_POINTER;
  wasm_functype_t *type = wasmtime_func_type(iv->context, &v.of.funcref);
  const wasm_valtype_vec_t *params = wasm_functype_params(type), *results = wasm_functype_results(type);
  bool takes = params->size > 0;
  bool fits = (!takes || is_i32(params)) && results->size <= 1;
  bool returns = is_i32(results);
  wasm_functype_delete(type);
  if (!fits)
    return FL_BAD_POINTER;
  if (takes && !p->has_arg)
    return FL_NO_ARGUMENT;
  args[0].i64 = 0;
  if (takes)
    args[0].i32 = p->arg;
  int r = fl_call_func(iv, &v.of.funcref, args, n);
  if (!returns)
    args[0].i64 = 0;
  return r;
}
