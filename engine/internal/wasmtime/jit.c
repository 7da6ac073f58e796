// How gdb and lldb learn of code that is compiled while a program runs: gdb's JIT
// interface ("Using the Interface" in gdb's manual). They have a breakpoint in
// __jit_debug_register_code and read __jit_debug_descriptor when it is reached.
//
// The engine has both too, and announces images of its own making. They are kept from
// debuggers, which hear of the object files instead that package symfile writes: those
// of the engine draw warnings, lack names, and are announced at compilation already, so
// that a debugger would put its breakpoints into the code that is about to be cached.
// For that, this file defines all that the library's own file of the interface does,
// which is then not linked: the descriptor that the engine asks for is one that nobody
// reads.
#include "jit.h"
#include "invocation.h"
#include <pthread.h>
#include <stdlib.h>

enum { NOTHING, REGISTER, UNREGISTER };

typedef struct {
  uint32_t version, action;
  fl_object *relevant, *first;
} descriptor;

// The names and shapes are the interface's.
descriptor __jit_debug_descriptor = {.version = 1};

__attribute__((noinline)) void __jit_debug_register_code(void) { __asm__ volatile("" ::: "memory"); }

descriptor *wasmtime_jit_debug_descriptor_39_0_0(void) {
  static descriptor unread = {.version = 1};
  return &unread;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void tell(uint32_t action, fl_object *o) {
  __jit_debug_descriptor.relevant = o;
  __jit_debug_descriptor.action = action;
  __jit_debug_register_code();
  __jit_debug_descriptor.action = NOTHING;
}

void fl_announce(fl_object *o) {
  pthread_mutex_lock(&lock);
  o->previous = NULL;
  o->next = __jit_debug_descriptor.first;
  if (o->next)
    o->next->previous = o;
  __jit_debug_descriptor.first = o;
  tell(REGISTER, o);
  pthread_mutex_unlock(&lock);
}

void fl_withdraw(fl_object *o) {
  pthread_mutex_lock(&lock);
  if (o->previous)
    o->previous->next = o->next;
  else
    __jit_debug_descriptor.first = o->next;
  if (o->next)
    o->next->previous = o->previous;
  tell(UNREGISTER, o);
  pthread_mutex_unlock(&lock);
}

// No address: what is near to it cannot be read.
static const uintptr_t unknown = (uintptr_t)1 << 63;

fl_object *fl_new_object(void) {
  fl_object *o = calloc(1, sizeof *o);
  o->memory = unknown;
  return o;
}

// fl_show_memory notes that an instance with that memory runs from now on, or no more.
// While several do, none is the one that is meant, unless an extension says so.
void fl_show_memory(fl_object *o, const uint8_t *base, bool runs) {
  pthread_mutex_lock(&lock);
  o->running += runs ? 1 : -1;
  o->bases += runs ? (uintptr_t)base : -(uintptr_t)base;
  if (!o->held)
    o->memory = o->running == 1 ? o->bases : unknown;
  pthread_mutex_unlock(&lock);
}

// What debuggers call when a user writes *p or p->f for a pointer of the guest's: debug
// information makes a structure of each, with this as its operators' function (package
// symfile). They call it on the thread that the user looks at, which runs the guest.
const void *faaslens_guest_pointer(const uint32_t *pointer) {
  const fl_invocation *iv = fl_running;
  return iv && iv->seen && *pointer ? iv->seen->base + *pointer : NULL;
}
