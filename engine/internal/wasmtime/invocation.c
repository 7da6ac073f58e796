#define _GNU_SOURCE
#include "invocation.h"
#include <alloca.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static const char stopper_name[] = "faaslens:stopper";

// show lets debuggers find the memory of an instance that runs.
static void show(fl_invocation *iv) {
  if (iv->module->object && iv->seen && !iv->shown)
    fl_show_memory(iv->module->object, iv->seen->base, iv->shown = true);
}

static void hide(fl_invocation *iv) {
  if (iv->shown)
    fl_show_memory(iv->module->object, iv->seen->base, iv->shown = false);
}

// fl_see remembers the memory that host calls see. It never moves.
void fl_see(fl_invocation *iv, fl_memory *m) {
  iv->seen = m;
  show(iv);
}

static void take_memory(fl_invocation *iv, const wasmtime_extern_t *item) {
  iv->memory = item->of.memory;
  iv->has_memory = true;
  const uint8_t *base = wasmtime_memory_data(iv->context, &iv->memory);
  for (fl_memory *m = iv->taken; m && !iv->seen; m = m->next)
    if (m->base == base)
      fl_see(iv, m);
}

// find_memory finds what the engine calls the memory.
static bool find_memory(fl_invocation *iv) {
  wasmtime_extern_t item;
  if (!iv->has_memory && iv->has_instance && iv->module->memory &&
      wasmtime_instance_export_get(iv->context, &iv->instance, iv->module->memory, iv->module->memory_len, &item) &&
      item.kind == WASMTIME_EXTERN_MEMORY)
    take_memory(iv, &item);
  return iv->has_memory;
}

// find_callers_memory is for a guest that calls while its instance is made: from its start
// function.
static void find_callers_memory(fl_invocation *iv, wasmtime_caller_t *caller) {
  wasmtime_extern_t item;
  if (!iv->has_memory && iv->module->memory &&
      wasmtime_caller_export_get(caller, iv->module->memory, iv->module->memory_len, &item) &&
      item.kind == WASMTIME_EXTERN_MEMORY)
    take_memory(iv, &item);
}

// crosscall2 is runtime/cgo's way from C into Go: it calls a Go function with one pointer.
// What cgo generates for an exported function is a call of it too, with arguments copied
// there and back, between two calls that see to the context and to threads that are not
// Go's. No guest runs on such a thread, and without the rest a host call takes a tenth less.
extern void crosscall2(void (*fn)(void *), void *arg, int size, size_t context);

// host_call is every host function: it enters Go for the invocation that runs on this
// thread. Every instruction on the way counts.
static wasm_trap_t *host_call(void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *args, size_t n) {
  fl_invocation *iv = fl_running;
  if (!iv->has_instance)
    find_callers_memory(iv, caller);
  fl_exit here;
  here.memory = iv->seen;
  here.slot = iv->slot;
  here.id = (uint32_t)(uintptr_t)env;
  here.args = args;
  here.nargs = n;
  here.outer = iv->exits;
  here.module = iv->module;
  here.fp = iv->has_exits ? *(uintptr_t *)((char *)iv->context + iv->exits_at) : 0;
  bool outer = iv->in_host, mixed = atomic_load_explicit(&fl_mixed, memory_order_relaxed);
  // A signal may come between any two of these: see signal_stack.
  atomic_signal_fence(memory_order_seq_cst);
  iv->exits = &here;
  atomic_signal_fence(memory_order_seq_cst);
  iv->in_host = true;
  crosscall2(iv->enter, &here, sizeof here, mixed ? (size_t)&here : 0);
  iv->in_host = outer;
  atomic_signal_fence(memory_order_seq_cst);
  iv->exits = here.outer;
  iv->ended_by_host = here.ended || (atomic_load_explicit(&iv->control, memory_order_acquire) & 0xff) != FL_RUNNING;
  return iv->ended_by_host ? wasmtime_trap_new_code(WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED) : NULL;
}

static void fill(wasm_valtype_vec_t *v, const uint8_t *kinds, size_t n) {
  wasm_valtype_vec_new_uninitialized(v, n);
  for (size_t i = 0; i < n; i++)
    v->data[i] = wasm_valtype_new(kinds[i]);
}

wasmtime_error_t *fl_define(wasmtime_linker_t *l, const char *module, size_t module_len,
                            const char *name, size_t name_len, const uint8_t *params,
                            size_t nparams, const uint8_t *results, size_t nresults, uint32_t id) {
  wasm_valtype_vec_t ps, rs;
  fill(&ps, params, nparams);
  fill(&rs, results, nresults);
  wasm_functype_t *type = wasm_functype_new(&ps, &rs);
  wasmtime_error_t *e = wasmtime_linker_define_func_unchecked(
      l, module, module_len, name, name_len, type, host_call, (void *)(uintptr_t)id, NULL);
  wasm_functype_delete(type);
  return e;
}

// stack_overflowed looks at the stack pointer of C, C++ and Rust programs, a global that
// the linker exports on demand. Where the stack is first in memory, one that grew too
// far has passed zero.
static bool stack_overflowed(fl_invocation *iv) {
  static const char name[] = "__stack_pointer";
  wasmtime_extern_t item;
  wasmtime_val_t v;
  if (!iv->has_instance ||
      !wasmtime_instance_export_get(iv->context, &iv->instance, name, sizeof name - 1, &item) ||
      item.kind != WASMTIME_EXTERN_GLOBAL)
    return false;
  wasmtime_global_get(iv->context, &item.of.global, &v);
  return v.kind == WASMTIME_I32 && v.of.i32 < 0;
}

static int ended(fl_invocation *iv, wasmtime_error_t *e, wasm_trap_t *t) {
  if (!e && !t)
    return FL_OK;
  fl_clear(iv);
  iv->error = e;
  iv->trap = t;
  iv->overflowed = stack_overflowed(iv);
  return FL_FAILED;
}

// start readies the record for a run on this thread. It reports whether the thread's
// stack has room.
static bool start(fl_invocation *iv) {
  iv->error = NULL;
  iv->trap = NULL;
  iv->padded = iv->in_host = iv->ended_by_host = false;
  iv->exits = NULL;
  iv->stack_top = (uintptr_t)__builtin_frame_address(0);
  iv->stopped = iv->overflowed = false;
  iv->step = 0;
  iv->value = 0;
  iv->peak = 0;
  iv->faulted = false;
  fl_enter(iv);
  return fl_stack_room() >= iv->engine->stack + (128 << 10);
}

// fl_open makes the store and the instance. Whatever it returns, fl_close must
// follow.
int fl_open(fl_invocation *iv) {
  iv->has_memory = iv->has_instance = false;
  iv->seen = NULL;
  iv->store = NULL;
  iv->taken = NULL;
  iv->memories = 0;
  if (!start(iv))
    return FL_SMALL_STACK;
  iv->store = wasmtime_store_new(iv->engine->engine, iv, NULL);
  iv->context = wasmtime_store_context(iv->store);
  wasmtime_store_limiter(iv->store, iv->limits.memory_first, iv->limits.table, -1, -1, -1);
  wasm_trap_t *t = NULL;
  wasmtime_error_t *e = wasmtime_instance_pre_instantiate(iv->module->pre, iv->context, &iv->instance, &t);
  if (e || t) {
    ended(iv, e, t);
    return t ? FL_FAILED : FL_NO_INSTANCE;
  }
  iv->has_instance = true;
  if (iv->limits.memory_first != iv->limits.memory_hard)
    wasmtime_store_limiter(iv->store, iv->limits.memory_hard, iv->limits.table, -1, -1, -1);
  if (!iv->seen)
    find_memory(iv);
  return FL_OK;
}

typedef struct {
  fl_invocation *iv;
  const wasmtime_func_t *func;
  wasmtime_val_raw_t *args;
  size_t n, pad;
  int result;
} padded_call;

static wasm_trap_t *call_padded(void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *args, size_t n) {
  (void)caller, (void)args, (void)n;
  padded_call *p = env;
  volatile char *pad = alloca(p->pad);
  pad[0] = 0;
  wasm_trap_t *t = NULL;
  wasmtime_error_t *e = wasmtime_func_call_unchecked(p->iv->context, p->func, p->args, p->n, &t);
  p->result = ended(p->iv, e, t);
  return NULL;
}

// fl_call_enter calls the stopper's function "enter", which calls back.
wasmtime_error_t *fl_call_enter(fl_engine *engine, wasmtime_context_t *context,
                                wasmtime_func_unchecked_callback_t back, void *env, wasm_trap_t **t) {
  wasmtime_extern_t import = {.kind = WASMTIME_EXTERN_FUNC}, enter;
  wasm_valtype_vec_t params, results;
  wasm_valtype_vec_new_uninitialized(&params, 0);
  wasm_valtype_vec_new_uninitialized(&results, 0);
  wasm_functype_t *type = wasm_functype_new(&params, &results);
  wasmtime_func_new_unchecked(context, type, back, env, NULL, &import.of.func);
  wasm_functype_delete(type);
  wasmtime_instance_t stopper;
  wasm_trap_t *ignored = NULL;
  wasmtime_error_t *e = wasmtime_instance_new(context, engine->stopper, &import, 1, &stopper, t ? t : &ignored);
  if (e || !wasmtime_instance_export_get(context, &stopper, "enter", 5, &enter))
    return e;
  wasmtime_val_raw_t none[1];
  return wasmtime_func_call_unchecked(context, &enter.of.func, none, 0, t ? t : &ignored);
}

// call_in_stack runs a function with less native stack than the engine gives. The
// engine measures from where the outermost guest frame starts, so the call is made
// from a guest's host call with the difference taken off the stack before it.
static int call_in_stack(fl_invocation *iv, const wasmtime_func_t *func, wasmtime_val_raw_t *args, size_t n) {
  padded_call p = {iv, func, args, n, iv->engine->stack - iv->limits.stack, FL_NO_EXPORT};
  wasm_trap_t *t = NULL;
  wasmtime_error_t *e = fl_call_enter(iv->engine, iv->context, call_padded, &p, &t);
  return e || t ? ended(iv, e, t) : p.result;
}

// find_func finds an export. While the start function runs, there is no instance yet whose
// exports could be found.
static int find_func(fl_invocation *iv, const fl_step *s, wasmtime_func_t *func) {
  wasmtime_extern_t item;
  if (!iv->has_instance)
    return FL_STARTING;
  if (!wasmtime_instance_export_get(iv->context, &iv->instance, s->name, s->len, &item) ||
      item.kind != WASMTIME_EXTERN_FUNC)
    return FL_NO_EXPORT;
  *func = item.of.func;
  return FL_OK;
}

// fl_call calls an export.
int fl_call(fl_invocation *iv, const fl_step *s, wasmtime_val_raw_t *args, size_t n) {
  wasmtime_func_t func;
  int r = find_func(iv, s, &func);
  return r == FL_OK ? fl_call_func(iv, &func, args, n) : r;
}

// call_step is fl_call for a step, whose function a kept instance remembers: to find it by
// its name takes a tenth of what a short invocation does.
static int call_step(fl_invocation *iv, const fl_step *s, wasmtime_val_raw_t *args, size_t n) {
  fl_warm *w = iv->warm;
  if (w && w->step == s)
    return fl_call_func(iv, &w->func, args, n);
  wasmtime_func_t func;
  int r = find_func(iv, s, &func);
  if (r != FL_OK)
    return r;
  if (w) {
    w->step = s;
    w->func = func;
  }
  return fl_call_func(iv, &func, args, n);
}

// fl_call_func calls a function with as many arguments, or room for results, as n.
int fl_call_func(fl_invocation *iv, const wasmtime_func_t *func, wasmtime_val_raw_t *args, size_t n) {
  if (!iv->padded && iv->limits.stack && iv->limits.stack < iv->engine->stack) {
    iv->padded = true;
    return call_in_stack(iv, func, args, n);
  }
  // A host call may have made this call: until it returns, the guest runs.
  bool in_host = iv->in_host;
  iv->in_host = iv->ended_by_host = false;
  wasm_trap_t *t = NULL;
  wasmtime_error_t *e = wasmtime_func_call_unchecked(iv->context, func, args, n, &t);
  iv->in_host = in_host;
  return ended(iv, e, t);
}

// end notes that nothing runs any more.
static void end(fl_invocation *iv) {
  if (iv->seen)
    iv->peak = iv->seen->size;
  hide(iv);
  // From here on a stop has nothing to stop.
  atomic_fetch_or_explicit(&iv->control, FL_IDLE, memory_order_acq_rel);
  fl_leave(iv);
}

// fl_drop drops the instance, if there is one.
void fl_drop(fl_invocation *iv) {
  if (iv->mappings)
    fl_unmap(iv);
  if (iv->warm)
    fl_free_warm(iv);
  iv->taken = NULL;
  if (iv->store)
    wasmtime_store_delete(iv->store);
  iv->store = NULL;
  iv->context = NULL;
  iv->seen = NULL;
  iv->has_memory = iv->has_instance = false;
}

void fl_close(fl_invocation *iv) {
  end(iv);
  fl_drop(iv);
}

// fl_drop_warm drops the instance that was kept.
void fl_drop_warm(fl_invocation *iv) {
  if (iv->warm)
    fl_drop(iv);
}

// open_warm readies the instance that was kept, or a new one that is to be.
static int open_warm(fl_invocation *iv) {
  if (iv->warm && iv->policy == FL_FRESH)
    fl_drop(iv);
  fl_warm *w = iv->warm;
  if (!w) {
    int r = fl_open(iv);
    if (r == FL_OK && iv->policy != FL_FRESH)
      fl_warm_up(iv);
    return r;
  }
  if (!start(iv))
    return FL_SMALL_STACK;
  if (w->memory_hard != iv->limits.memory_hard || w->table != iv->limits.table) {
    wasmtime_store_limiter(iv->store, iv->limits.memory_hard, iv->limits.table, -1, -1, -1);
    w->memory_hard = iv->limits.memory_hard;
    w->table = iv->limits.table;
  }
  show(iv);
  return FL_OK;
}

// close_warm keeps the instance if that can be put back, and drops it otherwise. A guest
// that was stopped or trapped might have left anything behind.
static void close_warm(fl_invocation *iv, int r) {
  bool exited = r == FL_FAILED && iv->ended_by_host && (atomic_load(&iv->control) & 0xff) == FL_RUNNING;
  bool keep = iv->warm && !iv->padded && (r == FL_OK || exited);
  end(iv);
  if (!keep || !fl_cool(iv))
    fl_drop(iv);
}

static int64_t nanos(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t faults(void) {
  struct rusage u;
  return getrusage(RUSAGE_THREAD, &u) ? 0 : u.ru_minflt + u.ru_majflt;
}

// start_cost notes what it took to have an instance, since then.
static void start_cost(fl_invocation *iv, int64_t since) {
  fl_cost *c = &iv->cost;
  c->settled = c->policy == iv->policy && c->module == iv->module;
  c->policy = iv->policy;
  c->module = iv->module;
  c->nanos = nanos() - since;
  c->faults = -faults();
}

// fl_run is a whole invocation in one crossing: open, the steps in order up to the
// first that fails, close. A step that is not the result must return 0. Where the thread's
// stack is too small, the run has not begun.
int fl_run(fl_invocation *iv, const fl_step *steps, uint32_t n) {
  int64_t since = iv->measure ? nanos() : 0;
  int r = iv->module->keep ? open_warm(iv) : fl_open(iv);
  if (r == FL_SMALL_STACK) {
    // It has not begun, and runs again where there is more: who asks for a stop
    // meanwhile has asked that run.
    fl_leave(iv);
    return r;
  }
  if (r == FL_OK && iv->nfiles)
    r = fl_map_files(iv);
  if (iv->measure)
    start_cost(iv, since);
  for (; r == FL_OK && iv->step < n; iv->step++) {
    wasmtime_val_raw_t v[FL_MAX_PARAMS] = {{.i64 = 0}};
    r = iv->pointer && steps[iv->step].main ? fl_call_pointer(iv, iv->pointer, v, FL_MAX_PARAMS)
                                            : call_step(iv, &steps[iv->step], v, FL_MAX_PARAMS);
    if (r != FL_OK)
      break;
    if (steps[iv->step].result || v[0].i32)
      iv->value = v[0].i32;
    if (v[0].i32 && !steps[iv->step].result)
      break;
  }
  if (iv->measure) {
    iv->cost.faults += faults();
    since = nanos();
  }
  if (iv->capture && r == FL_OK && iv->step == n) {
    end(iv);
    iv->faulted = true; // others may run on this thread before the instance goes
  } else if (iv->module->keep)
    close_warm(iv, r);
  else
    fl_close(iv);
  if (iv->measure)
    iv->cost.nanos += nanos() - since;
  return r;
}

uint64_t fl_memory_size(fl_invocation *iv, uint8_t **base) {
  *base = iv->seen ? iv->seen->base : NULL;
  return iv->seen ? iv->seen->size : 0;
}

bool fl_grow(fl_invocation *iv, uint64_t pages, uint64_t *before) {
  if (!find_memory(iv))
    return false;
  wasmtime_error_t *e = wasmtime_memory_grow(iv->context, &iv->memory, pages, before);
  if (!e)
    return true;
  wasmtime_error_delete(e);
  return false;
}

static bool is_stopper(const wasm_frame_t *f) {
  const wasm_byte_vec_t *name = wasmtime_frame_module_name(f);
  return name && name->size == sizeof stopper_name - 1 && !memcmp(name->data, stopper_name, name->size);
}

// fl_frames writes the stack that the last call ended with, innermost first, and
// returns how deep it was. Frames of our own stopper are left out; *sent is whether the
// guest was sent to it, so that the frame it came from is missing.
size_t fl_frames(fl_invocation *iv, fl_frame *out, size_t max, bool *sent) {
  // A host call that ends the guest ends it where it was called, whatever the
  // handler did at the same moment.
  *sent = iv->stopped && !iv->ended_by_host;
  wasm_frame_vec_t frames = {0, NULL};
  if (iv->trap)
    wasm_trap_trace(iv->trap, &frames);
  else if (iv->error)
    wasmtime_error_wasm_trace(iv->error, &frames);
  size_t n = 0;
  for (size_t i = 0; i < frames.size; i++) {
    if (is_stopper(frames.data[i]))
      continue;
    if (n < max) {
      out[n].func = wasm_frame_func_index(frames.data[i]);
      out[n].offset = wasm_frame_module_offset(frames.data[i]);
    }
    n++;
  }
  if (frames.data)
    wasm_frame_vec_delete(&frames);
  return n;
}

bool fl_trap_code(fl_invocation *iv, uint8_t *code) { return iv->trap && wasmtime_trap_code(iv->trap, code); }

void fl_message(fl_invocation *iv, wasm_byte_vec_t *out) {
  if (iv->trap)
    wasm_trap_message(iv->trap, out);
  else if (iv->error)
    wasmtime_error_message(iv->error, out);
  else
    *out = (wasm_byte_vec_t){0, NULL};
}

void fl_clear(fl_invocation *iv) {
  if (iv->error)
    wasmtime_error_delete(iv->error);
  if (iv->trap)
    wasm_trap_delete(iv->trap);
  iv->error = NULL;
  iv->trap = NULL;
}

// fl_set_code replaces what signal handlers know of a module's code. The caller
// sees to it that it is replaced only before guests run or after they ended.
void fl_set_code(fl_module *m, const fl_code *code) { free((void *)atomic_exchange(&m->code, code)); }

void fl_set_idle(fl_invocation *iv) { atomic_store(&iv->control, FL_IDLE); }

// fl_control is where Go starts a generation.
uint64_t *fl_control(fl_invocation *iv) { return (uint64_t *)&iv->control; }
