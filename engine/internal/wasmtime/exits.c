// Where the guest left its own code: at every call out of it, into the engine's
// runtime or to the host, compiled code writes two words into the store, the frame
// pointer of the trampoline through which it leaves and the address to which it will
// return. The C API does not show them. Their place in the store is found by looking:
// a guest of known code calls us, its return address is sought on the stack, and the
// pair of slot and address in the store. If there is none, or more than one, nothing
// that needs the pair is done.
#include "invocation.h"
#include <malloc.h>

typedef struct {
  uintptr_t low, high; // the calling function's code
  wasmtime_context_t *context;
  size_t offset;
  int found;
} search;

static wasm_trap_t *look(void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *args, size_t n) {
  (void)args, (void)n;
  search *s = env;
  uintptr_t *context = (uintptr_t *)wasmtime_caller_context(caller);
  size_t words = malloc_usable_size(context) / sizeof(uintptr_t);
  uintptr_t *frame = __builtin_frame_address(0);
  // The caller is a few kilobytes up at most.
  size_t room = fl_stack_above(frame) / sizeof(uintptr_t);
  for (size_t i = 0; i < room && i < 2048; i++) {
    if (frame[i] < s->low || frame[i] >= s->high)
      continue;
    for (size_t k = 0; k + 1 < words; k++) {
      if (context[k] == (uintptr_t)&frame[i] - sizeof(uintptr_t) && context[k + 1] == frame[i]) {
        s->offset = k * sizeof(uintptr_t);
        s->found++;
      }
    }
  }
  return NULL;
}

// fl_find_exits sets engine->exits from a call of the stopper's function "enter",
// whose code lies between low and high. It returns whether it did.
bool fl_find_exits(fl_engine *engine, uintptr_t low, uintptr_t high) {
  search s = {.low = low, .high = high};
  wasmtime_store_t *store = wasmtime_store_new(engine->engine, NULL, NULL);
  s.context = wasmtime_store_context(store);
  wasmtime_error_t *e = fl_call_enter(engine, s.context, look, &s, NULL);
  if (e)
    wasmtime_error_delete(e);
  wasmtime_store_delete(store);
  if (e || s.found != 1)
    return false;
  engine->exits = s.offset;
  engine->has_exits = true;
  return true;
}
