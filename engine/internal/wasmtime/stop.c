// Stopping a running guest at any instruction, for free until it is used: a signal
// to its thread finds the guest inside a function's body and sends it to a trap
// instruction; the engine then raises an ordinary trap.
#define _GNU_SOURCE
#include "invocation.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define STOP_SIGNAL (SIGRTMIN + 5)

// The innermost invocation on this thread. The handler may not allocate, so the
// variable must not be of a kind that is allocated at first use.
static __thread fl_invocation *current __attribute__((tls_model("initial-exec")));
static __thread int32_t thread_id;
static __thread char *stack_low;

void fl_enter(fl_invocation *iv) {
  if (!thread_id)
    thread_id = syscall(SYS_gettid);
  iv->outer = current;
  atomic_store_explicit(&iv->tid, thread_id, memory_order_release);
  current = iv;
}

void fl_leave(fl_invocation *iv) { current = iv->outer; }

// fl_stack_room is how many bytes of this thread's stack are left.
size_t fl_stack_room(void) {
  if (!stack_low) {
    pthread_attr_t attr;
    void *low = NULL;
    size_t size = 0;
    if (pthread_getattr_np(pthread_self(), &attr))
      return 0;
    pthread_attr_getstack(&attr, &low, &size);
    pthread_attr_destroy(&attr);
    stack_low = low;
  }
  char here;
  return &here - stack_low;
}

// Threads that Go starts get the default stack, which follows ulimit -s and is two
// megabytes where that is unlimited. This runs before any of them.
__attribute__((constructor)) static void enlarge_stacks(void) {
  pthread_attr_t attr;
  size_t size = 0;
  if (pthread_attr_init(&attr))
    return;
  if (!pthread_attr_getstacksize(&attr, &size) && size < (16 << 20)) {
    pthread_attr_setstacksize(&attr, 16 << 20);
    pthread_setattr_default_np(&attr);
  }
  pthread_attr_destroy(&attr);
}

#if defined(__x86_64__)
#define PC(uc) ((uc)->uc_mcontext.gregs[REG_RIP])
// Up to "push rbp; mov rbp, rsp" and at "ret" the frame pointer is the caller's, and
// a walk from it would miss the caller.
enum { PROLOGUE = 4 };
static bool at_return(uintptr_t pc) { return *(uint8_t *)pc == 0xc3 || *(uint8_t *)pc == 0xc2; }
#elif defined(__aarch64__)
#define PC(uc) ((uc)->uc_mcontext.pc)
// "stp fp, lr, [sp, -16]!; mov fp, sp", with a landing pad before them in some
// builds; "ret" is always the same word.
enum { PROLOGUE = 12 };
static bool at_return(uintptr_t pc) { return *(uint32_t *)pc == 0xd65f03c0; }
#else
#error "faaslens runs on Linux on amd64 and arm64: the signal context of this processor is not known"
#endif

// in_body reports whether a guest stopped at pc can be walked from there: inside a
// function, behind its prologue and before its return.
static bool in_body(const fl_code *code, uintptr_t pc) {
  if (!code || !code->count || pc < code->starts[0])
    return false;
  uint32_t lo = 0, hi = code->count;
  while (hi - lo > 1) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (code->starts[mid] <= pc)
      lo = mid;
    else
      hi = mid;
  }
  return pc < code->ends[lo] && pc - code->starts[lo] >= PROLOGUE && !at_return(pc);
}

static void on_stop(int sig, siginfo_t *info, void *context) {
  (void)sig, (void)info;
  int saved = errno;
  fl_invocation *iv = current;
  ucontext_t *uc = context;
  uintptr_t pc = PC(uc);
  if (!iv || iv->stopped || !in_body(atomic_load_explicit(&iv->module->code, memory_order_acquire), pc))
    goto out;
  uint64_t control = atomic_load_explicit(&iv->control, memory_order_acquire);
  if ((control & 0xff) == FL_RUNNING && iv->limits.memory_soft && iv->has_memory &&
      wasmtime_memory_data_size(iv->context, &iv->memory) > iv->limits.memory_soft) {
    // The guest's code runs, so nothing else has the store.
    uint64_t want = control | FL_STOP_MEMORY;
    atomic_compare_exchange_strong(&iv->control, &control, want);
    control = atomic_load(&iv->control);
  }
  if ((control & 0xff) == FL_RUNNING)
    goto out;
  iv->stop_pc = pc;
  iv->stopped = true;
  PC(uc) = iv->engine->stopper_trap;
out:
  errno = saved;
}

int fl_install_handler(void) {
  struct sigaction sa = {0};
  sa.sa_sigaction = on_stop;
  sa.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  sigfillset(&sa.sa_mask);
  return sigaction(STOP_SIGNAL, &sa, NULL) ? errno : 0;
}

// fl_request_stop marks a running invocation as to be stopped. It reports whether
// that generation still ran and nobody had asked before.
bool fl_request_stop(fl_invocation *iv, uint64_t generation, uint8_t reason) {
  uint64_t want = generation << 8 | FL_RUNNING;
  return atomic_compare_exchange_strong(&iv->control, &want, generation << 8 | reason);
}

// fl_kick signals the invocation's thread. A signal that comes too late finds
// nothing to do.
int fl_kick(fl_invocation *iv) {
  return syscall(SYS_tgkill, getpid(), atomic_load(&iv->tid), STOP_SIGNAL) ? errno : 0;
}
