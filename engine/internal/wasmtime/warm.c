// Instances that are kept for the next invocation and put back to their first state: memory
// (pages.c) and globals.
#include "invocation.h"
#include <stdlib.h>

// take_globals remembers the mutable globals, all of which the module exports.
static bool take_globals(fl_invocation *iv, fl_warm *w) {
  for (size_t i = 0; i < iv->module->nglobals; i++) {
    wasmtime_extern_t item;
    const fl_name *n = &iv->module->globals[i];
    if (!wasmtime_instance_export_get(iv->context, &iv->instance, n->name, n->len, &item) ||
        item.kind != WASMTIME_EXTERN_GLOBAL)
      return false;
    w->globals[i].global = item.of.global;
    wasmtime_global_get(iv->context, &item.of.global, &w->globals[i].value);
  }
  return true;
}

// fl_warm_up readies a fresh instance, before its first step, to be kept. It reports
// whether it can be.
bool fl_warm_up(fl_invocation *iv) {
  if (!iv->own || iv->own != iv->seen)
    return false;
  fl_warm *w = calloc(1, sizeof *w + iv->module->nglobals * sizeof w->globals[0]);
  if (!w || !take_globals(iv, w)) {
    free(w);
    return false;
  }
  w->size = iv->own->size;
  w->memory_hard = iv->limits.memory_hard;
  w->table = iv->limits.table;
  iv->warm = w;
  return true;
}

// fl_cool puts the instance back to its first state. It reports whether it is as good as
// a new one.
bool fl_cool(fl_invocation *iv) {
  fl_warm *w = iv->warm;
  if (iv->mappings || iv->own->size != w->size || !fl_put_back(iv->own, iv, iv->policy))
    return false;
  for (size_t i = 0; i < iv->module->nglobals; i++) {
    wasmtime_error_t *e = wasmtime_global_set(iv->context, &w->globals[i].global, &w->globals[i].value);
    if (e) {
      wasmtime_error_delete(e);
      return false;
    }
  }
  return true;
}

void fl_free_warm(fl_invocation *iv) {
  free(iv->warm);
  iv->warm = NULL;
}
