// Stopping a running guest at any instruction, for free until it is used: a signal
// to its thread finds the guest inside a function's body and sends it to a trap
// instruction; the engine then raises an ordinary trap.
#define _GNU_SOURCE
#include "invocation.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define STOP_SIGNAL (SIGRTMIN + 5)

// The innermost invocation on this thread. The handler may not allocate, so the
// variable must not be of a kind that is allocated at first use.
static __thread fl_invocation *current __attribute__((tls_model("initial-exec")));
static __thread int32_t thread_id;
static __thread char *stack_low, *stack_high;

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
  char here;
  return fl_stack_above(NULL) ? &here - stack_low : 0;
}

// fl_stack_above is how many bytes of this thread's stack lie above an address in it;
// of the whole stack for null, or 0 if the stack is not known.
size_t fl_stack_above(const void *at) {
  if (!stack_low) {
    pthread_attr_t attr;
    void *low = NULL;
    size_t size = 0;
    if (pthread_getattr_np(pthread_self(), &attr))
      return 0;
    pthread_attr_getstack(&attr, &low, &size);
    pthread_attr_destroy(&attr);
    stack_low = low;
    stack_high = stack_low + size;
  }
  return at ? (size_t)(stack_high - (char *)at) : (size_t)(stack_high - stack_low);
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

// Between its first instructions and around its returns and tail calls, a function has
// not set up its frame, or has given it up already. A walk from there misses the caller
// (FRAME_OF_CALLER), or finds words that are not yet written (FRAME_UNWRITTEN). The
// instructions are those that Cranelift emits: its aarch64 and x64 ABI modules.
enum frame { FRAME_WHOLE, FRAME_OF_CALLER, FRAME_UNWRITTEN };

#if defined(__x86_64__)
#define PC(uc) ((uc)->uc_mcontext.gregs[REG_RIP])
#define SP(uc) ((uc)->uc_mcontext.gregs[REG_RSP])
#define FP(uc) ((uc)->uc_mcontext.gregs[REG_RBP])

// skip steps over an instruction if it starts with the given bytes.
static const uint8_t *skip(const uint8_t *p, const char *bytes, size_t n, size_t length) {
  return memcmp(p, bytes, n) ? p : p + length;
}

static enum frame frame_at(uintptr_t start, uintptr_t pc) {
  const uint8_t *at = (const uint8_t *)pc, *first = (const uint8_t *)start;
  if (pc - start < 4 || *at == 0xc3 || *at == 0xc2) // push rbp; mov rbp, rsp ... ret
    return FRAME_OF_CALLER;
  for (const uint8_t *p = at - 1; p >= first + 4 && p >= at - 32; p--) {
    // mov rsp, rbp; pop rbp, and then not ret: a tail call, which may move the return
    // address (mov r11, [rsp]; mov [rsp+n], r11; add rsp, n) before it jumps.
    if (!memcmp(p, "\x48\x89\xec\x5d", 4) && p[4] != 0xc3 && p[4] != 0xc2) {
      const uint8_t *q = p + 4;
      q = skip(q, "\x4c\x8b\x1c\x24", 4, 4);
      q = skip(q, "\x4c\x89\x5c\x24", 4, 5);
      q = skip(q, "\x4c\x89\x9c\x24", 4, 8);
      q = skip(q, "\x48\x83\xc4", 3, 4);
      q = skip(q, "\x48\x81\xc4", 3, 7);
      return at >= p + 4 && at <= q ? FRAME_OF_CALLER : FRAME_WHOLE;
    }
    // sub rsp, n; mov rbp, rsp; and the two words of the frame copied by r11: a tail
    // call with more arguments on the stack than the function itself has.
    if (!memcmp(p, "\x48\x89\xe5\x4c\x8b\x5c\x24", 7) || !memcmp(p, "\x48\x89\xe5\x4c\x8b\x9c\x24", 7)) {
      const uint8_t *q = p + 3;
      q = skip(skip(q, "\x4c\x8b\x5c\x24", 4, 5), "\x4c\x8b\x9c\x24", 4, 8);
      if (memcmp(q, "\x4c\x89\x1c\x24", 4))
        continue;
      q += 4;
      q = skip(skip(q, "\x4c\x8b\x5c\x24", 4, 5), "\x4c\x8b\x9c\x24", 4, 8);
      return at >= p + 3 && at <= q ? FRAME_UNWRITTEN : FRAME_WHOLE;
    }
  }
  return FRAME_WHOLE;
}
#elif defined(__aarch64__)
#define PC(uc) ((uc)->uc_mcontext.pc)
#define SP(uc) ((uc)->uc_mcontext.sp)
#define FP(uc) ((uc)->uc_mcontext.regs[29])

static enum frame frame_at(uintptr_t start, uintptr_t pc) {
  const uint32_t *at = (const uint32_t *)pc, *first = (const uint32_t *)start;
  // A landing pad in some builds; stp fp, lr, [sp, -16]!; mov fp, sp ... ret
  if (pc - start < 12 || *at == 0xd65f03c0)
    return FRAME_OF_CALLER;
  for (const uint32_t *p = at - 1; p >= first + 3 && p >= at - 8; p--) {
    if (*p == 0xd65f03c0)
      return FRAME_WHOLE;
    if (*p == 0xa8c17bfd) // ldp fp, lr, [sp], 16, and no return: a tail call
      return FRAME_OF_CALLER;
    if (*p == 0x910003fd) // mov fp, sp: a frame that is being moved
      return FRAME_UNWRITTEN;
  }
  return FRAME_WHOLE;
}
#else
#error "faaslens runs on Linux on amd64 and arm64: the signal context of this processor is not known"
#endif

// body_of finds the function that an address lies in.
bool fl_body_of(const fl_code *code, uintptr_t pc, uint32_t *i) {
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
  *i = lo;
  return pc < code->ends[lo];
}

// Up to so many times a stop waits for an instant at which the whole stack can be
// walked. A guest that never gives one loses its caller's frame, not its end.
enum { PATIENCE = 100 };

// stop_in_body stops a guest whose own code is at pc.
static bool stop_in_body(fl_invocation *iv, const fl_code *code, ucontext_t *uc) {
  uintptr_t pc = PC(uc);
  uint32_t i;
  if (!fl_body_of(code, pc, &i))
    return false;
  enum frame frame = frame_at(code->starts[i], pc);
  if (frame == FRAME_UNWRITTEN || (frame == FRAME_OF_CALLER && iv->missed++ < PATIENCE))
    return false;
  iv->stop_pc = pc;
  PC(uc) = iv->engine->stopper_trap;
  return true;
}

// fl_exit_words finds how a guest left its code that is in a call into the engine's
// runtime, such as a long memory.fill. While the thread is outside all compiled code,
// the words that exits.c found are those of the call under way; older ones lie below the
// stack pointer.
bool fl_exit_words(const fl_invocation *iv, const void *context, uintptr_t *fp) {
  const ucontext_t *uc = context;
  uintptr_t pc = PC(uc), sp = SP(uc);
  if (iv->in_host || !iv->engine->has_exits || !iv->context)
    return false;
  if (pc >= iv->module->image && pc < iv->module->image_end)
    return false; // in a trampoline, which may not have written them yet
  const uintptr_t *words = (const uintptr_t *)((const char *)iv->context + iv->engine->exits);
  *fp = words[0];
  return sp >= (uintptr_t)stack_low && *fp > sp && *fp < iv->stack_top && *fp % sizeof(uintptr_t) == 0 &&
         ((uintptr_t *)*fp)[1] == words[1];
}

// stop_on_return stops a guest that is in such a call: the call will return into the
// trap instead of the guest.
static bool stop_on_return(fl_invocation *iv, const fl_code *code, ucontext_t *uc) {
  uintptr_t fp;
  uint32_t i;
  if (!code || !fl_exit_words(iv, uc, &fp))
    return false;
  uintptr_t *back = (uintptr_t *)fp + 1;
  if (!fl_body_of(code, *back, &i))
    return false;
  iv->stop_pc = *back - 1; // inside the call
  *back = iv->engine->stopper_trap;
  return true;
}

fl_invocation *fl_current(void) { return current; }

bool fl_on_stack(uintptr_t at) { return at >= (uintptr_t)stack_low && at + 16 <= (uintptr_t)stack_high; }

uintptr_t fl_pc(const void *uc) { return PC((const ucontext_t *)uc); }

uintptr_t fl_fp(const void *uc) { return FP((const ucontext_t *)uc); }

// fl_frame_is_whole reports whether a walk from pc misses nothing. It is false where the
// functions' places are not known.
bool fl_frame_is_whole(const fl_module *m, uintptr_t pc) {
  const fl_code *code = atomic_load_explicit(&m->code, memory_order_acquire);
  uint32_t i;
  return fl_body_of(code, pc, &i) && frame_at(code->starts[i], pc) == FRAME_WHOLE;
}

static void on_stop(int sig, siginfo_t *info, void *context) {
  (void)sig, (void)info;
  int saved = errno;
  fl_invocation *iv = current;
  ucontext_t *uc = context;
  if (!iv)
    goto out;
  uint64_t control = atomic_load_explicit(&iv->control, memory_order_acquire);
  fl_answer_look(iv, uc, control >> 8);
  if (iv->stopped || iv->in_host)
    goto out;
  if ((control & 0xff) == FL_RUNNING && iv->limits.memory_soft && iv->has_memory &&
      wasmtime_memory_data_size(iv->context, &iv->memory) > iv->limits.memory_soft) {
    atomic_compare_exchange_strong(&iv->control, &control, control | FL_STOP_MEMORY);
    control = atomic_load(&iv->control);
  }
  if ((control & 0xff) != FL_RUNNING && (control & 0xff) != FL_IDLE) {
    const fl_code *code = atomic_load_explicit(&iv->module->code, memory_order_acquire);
    iv->stopped = stop_in_body(iv, code, uc) || stop_on_return(iv, code, uc);
  }
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

// keep_handler puts the handler back where another part of the program took the signal
// for itself, as Go's signal.Ignore does that is given no signals.
static int keep_handler(void) {
  struct sigaction sa;
  if (sigaction(STOP_SIGNAL, NULL, &sa))
    return errno;
  return sa.sa_flags & SA_SIGINFO && sa.sa_sigaction == on_stop ? 0 : fl_install_handler();
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
  int failed = keep_handler();
  if (failed)
    return failed;
  return syscall(SYS_tgkill, getpid(), atomic_load(&iv->tid), STOP_SIGNAL) ? errno : 0;
}
