// One invocation on the C side: a store, an instance and the record that a signal
// handler on the guest's thread may read.
#ifndef FAASLENS_INVOCATION_H
#define FAASLENS_INVOCATION_H

#include "capi.h"
#include "jit.h"
#include <pthread.h>
#include <stdatomic.h>

// Reasons for which a running invocation is stopped: the low byte of control.
enum { FL_RUNNING = 0, FL_STOP_MEMORY = 3, FL_IDLE = 255 };

// The function bodies of a module, as addresses sorted ascending.
typedef struct {
  uint32_t count;
  const uintptr_t *starts, *ends;
} fl_code;

enum { FL_BUCKETS = 256 };

typedef struct {
  wasm_engine_t *engine;
  wasmtime_module_t *stopper; // holds the trap that a stopped guest is sent to
  uintptr_t stopper_trap;
  size_t stack; // native bytes that guest frames may take
  size_t exits; // see exits.c: where a store keeps how the guest left its code
  bool has_exits;

  // See memory.c and pages.c.
  int pagemap;   // what tells which pages were written; -1 for nothing
  bool debugged; // debuggers write to memories
  size_t page;   // the kernel's, in bytes
  size_t keep;   // bytes that memories keep altogether, beyond what each may
  _Atomic size_t kept;
  struct {
    pthread_mutex_t lock; // guards the rest
    struct fl_memory *of[FL_BUCKETS]; // by the module's number
    struct fl_memory *oldest, *newest;
    uint32_t count, most;
  } idle; // see idle.c
} fl_engine;

// How the memory of a kept instance is put back: see pages.c. A fresh one is not kept.
enum { FL_STICKY, FL_SCAN, FL_COPY_ALL, FL_FRESH };

typedef struct {
  const char *name;
  size_t len;
} fl_name;

// What a module's data segments hold, from start on in its memory: whole pages of a file.
typedef struct {
  size_t memory; // the size that the memory starts with
  const uint8_t *bytes;
  size_t start, size; // none for no size
  int64_t offset;     // in the file
  int fd;
} fl_first;

typedef struct fl_module {
  wasmtime_module_t *module;
  uintptr_t image, image_end; // the compiled image, trampolines too
  wasmtime_instance_pre_t *pre;
  char *memory; // name of the exported memory, or null
  size_t memory_len;
  _Atomic(const fl_code *) code;
  bool only;             // it has one memory, which host calls see, and no other heap
  bool keep;             // instances may be kept for the next invocation
  fl_name *globals;      // the mutable globals, all exported, of such a module
  size_t nglobals;
  uint64_t number;       // its own: no other module of the process has it
  fl_first first;
  fl_object *object; // what debuggers know of it; or null
} fl_module;

// Bytes that a memory may keep whatever the others do, and that are written back unasked.
enum { FL_FREE = 64 << 10, FL_FEW = 1 << 20 };
enum { FL_ANY_PLACE = UINT32_MAX };

// A memory: see memory.c. In each instance of a module its memories take the same places.
typedef struct fl_memory {
  struct fl_memory *next; // idle in the same bucket, or taken by the same invocation
  struct fl_memory **before, *older, *newer; // while it is idle
  fl_engine *engine;
  struct fl_invocation *iv; // whose instance has it; or null
  uint8_t *base;
  size_t reserved, guard; // addresses, in bytes
  size_t size, accessible; // of the instance, or the last one; accessible are whole pages
  uint64_t owner;  // number of the module that it is prepared for; 0 for none
  uint32_t place;  // in that
  fl_first first;  // what is mapped in it
  bool pierced;    // something else was mapped over that

  // See pages.c.
  size_t reached;  // as far as it was ever accessible since it is the owner's
  uint32_t *pages; // that were written since then, ascending
  size_t count, room, most, charged;
  bool known;    // pages are complete, but for faults since
  bool refilled; // the set was given up at the last end
  bool copied;   // all of memory was written back: all of it looks written
} fl_memory;

// A kept instance.
typedef struct {
  size_t size; // of its memory
  int64_t memory_hard, table; // the store's limits
  const void *step;     // the fl_step that it ran last, or null
  wasmtime_func_t func; // which that calls
  struct {
    wasmtime_global_t global;
    wasmtime_val_t value;
  } globals[];
} fl_warm;

// A host call that is under way: how the guest left its own code for it, and what Go is
// told of it. Go reads this through a pointer, which is less to copy than arguments.
typedef struct fl_exit {
  struct fl_exit *outer;
  wasmtime_val_raw_t *args;
  const fl_module *module;
  size_t nargs;
  const fl_memory *memory; // that it sees; or null
  uintptr_t fp; // of the trampoline: the caller's frame pointer and the return address
  uint32_t id;   // of the import
  bool ended;    // Go's answer: the guest may not go on
  uint32_t slot;
} fl_exit;

// What having an instance for one run took, beside what the guest did.
typedef struct {
  const fl_module *module;
  int policy;
  bool settled;  // the run before it in the same slot was of the same module and policy
  int64_t nanos; // to make or take the instance, and to drop it or put it back
  int64_t faults; // the thread's page faults while the guest ran
} fl_cost;

// A file that is mapped over a guest's memory.
typedef struct fl_mapping {
  struct fl_mapping *next;
  uint8_t *start;
  size_t size;
} fl_mapping;

// A piece of a file that is to be mapped before the first step.
typedef struct {
  uint64_t addr;
  int64_t offset;
  size_t size;
  int fd;
} fl_file;

// What a traceback has of a stack that is too deep for it.
enum { FL_OUTERMOST = 8, FL_LEFT_OUT = 16 };

// A stack that is taken: addresses in compiled code, innermost first; those of callers
// lie inside the call.
typedef struct {
  uintptr_t *pcs;
  size_t n, max;
  size_t depth; // may be more than max
  uintptr_t outermost[FL_OUTERMOST]; // a ring of the last ones
  int place;
  uint32_t call; // the import that is called, in FL_IN_HOST
} fl_stack;

enum { FL_IN_GUEST, FL_IN_RUNTIME, FL_IN_HOST };

// A look at a running guest, which its own thread answers.
typedef struct {
  _Atomic int state;
  _Atomic uint32_t missed;
  uint64_t generation;
  fl_stack stack;
} fl_look;

enum { FL_LOOK_OFF, FL_LOOK_WANTED, FL_LOOK_TAKING, FL_LOOK_TAKEN };

typedef struct {
  const char *name;
  size_t len;
  bool own;    // the module's own function, not one that it imports and exports again
  bool result; // its value is the invocation's; other steps must return 0
  bool main;   // the function itself: a call by pointer takes its place
} fl_step;

// A function that is called by its index in the module's table.
typedef struct {
  const char *table; // the name that the table is exported by
  size_t table_len;
  uint32_t index;
  int32_t arg;
  bool has_arg; // there is a number to give it, if it takes one
} fl_pointer;

typedef struct {
  int64_t memory_hard;   // refuse growth beyond; -1 for no refusal
  int64_t memory_first;  // the same while the instance is made, which may start with more
  uint64_t memory_soft;  // stop the guest beyond; 0 for none
  int64_t table;         // elements; -1 for no limit
  size_t stack;          // 0 for the engine's
} fl_limits;

typedef struct fl_invocation {
  uint32_t slot; // finds the Go side
  // generation << 8 | reason. The owner writes a new generation when it starts;
  // others only exchange a running generation's reason.
  _Atomic uint64_t control;
  _Atomic int32_t tid;
  _Atomic(fl_look *) look;
  struct fl_invocation *outer; // the invocation below on this thread's stack

  fl_engine *engine;
  size_t exits_at; // the engine's exits and has_exits, at hand
  bool has_exits;
  void (*enter)(void *); // the Go function that answers host calls
  fl_module *module;
  fl_limits limits;
  wasmtime_store_t *store;
  wasmtime_context_t *context;
  wasmtime_instance_t instance;
  wasmtime_memory_t memory; // that host calls see, if has_memory
  bool has_memory, has_instance, padded;
  bool shown; // debuggers find its memory
  const fl_pointer *pointer; // in place of the main step; or null
  bool ended_by_host; // the last host call that returned ended the guest
  bool in_host;       // a host call runs: it looks itself whether to go on
  fl_exit *volatile exits; // the innermost host call under way
  uintptr_t stack_top; // where the guest's part of the stack begins

  // Written by the signal handler when it sends the guest to the trap.
  volatile uintptr_t stop_pc;
  volatile bool stopped;

  // How the last call ended.
  wasmtime_error_t *error;
  wasm_trap_t *trap;
  uint32_t step;     // the step that was running, or their number
  int32_t value;     // the last step's i32 result
  bool overflowed;   // the last failure left the guest's own stack pointer below zero
  fl_mapping *mappings; // over its memory
  fl_file *files;       // to be mapped before the first step; or null
  uint32_t nfiles;
  fl_warm *warm; // the instance is kept; or null
  bool capture;  // an instance whose steps all ran is not dropped, so that it can be read
  int policy;    // how a kept instance is put back: FL_STICKY and so on
  fl_memory *own;   // for the first memory of its instances; or null
  fl_memory *taken; // of the instance
  fl_memory *seen;  // the one of them that host calls see; or null
  uint32_t memories; // how many those are
  bool faulted; // an invocation on its stack has taken notice of page faults in its place
  bool measure;  // note what having an instance costs
  fl_cost cost;
  uint64_t peak;     // bytes of memory at the end; memory never shrinks
} fl_invocation;

typedef struct {
  uint32_t func;
  uint64_t offset;
} fl_frame;

enum { FL_MAX_PARAMS = 4 };
enum { FL_OK, FL_FAILED, FL_NO_EXPORT, FL_SMALL_STACK, FL_STARTING, FL_NO_INSTANCE, FL_NO_POINTER, FL_BAD_POINTER, FL_NO_ARGUMENT, FL_NO_MAPPING };

int fl_open(fl_invocation *);
int fl_call(fl_invocation *, const fl_step *, wasmtime_val_raw_t *, size_t n);
int fl_call_func(fl_invocation *, const wasmtime_func_t *, wasmtime_val_raw_t *, size_t n);
int fl_call_pointer(fl_invocation *, const fl_pointer *, wasmtime_val_raw_t *, size_t n);
void fl_close(fl_invocation *);
void fl_drop(fl_invocation *);
int fl_run(fl_invocation *, const fl_step *, uint32_t n);
uint64_t fl_memory_size(fl_invocation *, uint8_t **base);
bool fl_grow(fl_invocation *, uint64_t pages, uint64_t *before);
size_t fl_frames(fl_invocation *, fl_frame *, size_t max, bool *sent);
bool fl_trap_code(fl_invocation *, uint8_t *);
void fl_message(fl_invocation *, wasm_byte_vec_t *);
void fl_clear(fl_invocation *);

void fl_set_code(fl_module *, const fl_code *);
void fl_set_idle(fl_invocation *);
uint64_t *fl_control(fl_invocation *);

// mapping.c
int fl_map(fl_invocation *, uint64_t addr, int fd, int64_t offset, size_t size);
int fl_map_files(fl_invocation *);
void fl_unmap(fl_invocation *);

// memory.c
void fl_own_memories(fl_engine *, wasm_config_t *);
bool fl_map_zeroes(uint8_t *at, size_t size);
bool fl_mend(fl_memory *);
size_t fl_to_page(const fl_engine *, size_t);
void fl_free_own(fl_invocation *);
void fl_free_idle(fl_engine *, uint64_t owner);
bool fl_shed(fl_engine *);

// idle.c
bool fl_put_idle(fl_engine *, fl_memory *);
fl_memory *fl_take_idle(fl_engine *, uint64_t owner, uint32_t place);
fl_memory *fl_take_oldest(fl_engine *);

// pages.c
int fl_open_pagemap(void);
bool fl_put_back(fl_memory *, fl_invocation *, int policy);
void fl_forget_pages(fl_memory *);

// warm.c
bool fl_warm_up(fl_invocation *);
bool fl_cool(fl_invocation *);
void fl_free_warm(fl_invocation *);
void fl_drop_warm(fl_invocation *);

// capture.c
void fl_end_capture(fl_invocation *);
bool fl_read_memory(fl_invocation *, const char *name, size_t len, uint8_t **base, size_t *size);
bool fl_read_global(fl_invocation *, const char *name, size_t len, uint64_t bits[2]);
bool fl_read_table(fl_invocation *, const char *name, size_t len, uint64_t *functions, uint64_t *size, uint64_t room);
uint64_t fl_read_func(fl_invocation *, const char *name, size_t len);
bool fl_run_probe(fl_invocation *, const char *name, size_t len);


// look.c
void fl_host_stack(fl_invocation *, fl_stack *);
void fl_answer_look(fl_invocation *, const void *ucontext, uint64_t generation);
void fl_want_look(fl_invocation *, fl_look *, uint64_t generation);
bool fl_look_taken(fl_look *);
uint32_t fl_looks_missed(fl_look *);
bool fl_end_look(fl_invocation *, fl_look *);
void fl_cgo_traceback(void *);
void fl_mix_stacks(bool);
extern _Atomic bool fl_mixed; // Go's stacks show the guests'

// thread.c and stop.c
// The innermost invocation on this thread. A signal handler reads it and may not
// allocate, so that it must not be of a kind that is allocated at first use.
extern __thread fl_invocation *fl_running __attribute__((tls_model("initial-exec")));
bool fl_on_stack(uintptr_t);
void fl_enter(fl_invocation *);
void fl_leave(fl_invocation *);
int fl_install_handler(void);
bool fl_request_stop(fl_invocation *, uint64_t generation, uint8_t reason);
int fl_kick(fl_invocation *);
size_t fl_stack_room(void);
size_t fl_stack_above(const void *);

// invocation.c
void fl_see(fl_invocation *, fl_memory *);

// exits.c
bool fl_find_exits(fl_engine *, uintptr_t low, uintptr_t high);
wasmtime_error_t *fl_call_enter(fl_engine *, wasmtime_context_t *, wasmtime_func_unchecked_callback_t,
                                void *env, wasm_trap_t **);

wasmtime_error_t *fl_define(wasmtime_linker_t *, const char *module, size_t module_len,
                            const char *name, size_t name_len, const uint8_t *params,
                            size_t nparams, const uint8_t *results, size_t nresults, uint32_t id);
#endif
