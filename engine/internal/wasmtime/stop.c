// Stopping a running guest at any instruction, for free until it is used: a signal
// to its thread finds the guest inside a function's body and sends it to a trap
// instruction; the engine then raises an ordinary trap.
#define _GNU_SOURCE
#include "frame.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STOP_SIGNAL (SIGRTMIN + 5)

// stop_in_body stops a guest whose own code is at pc, unless it is moving its frame.
static bool stop_in_body(fl_invocation *iv, void *uc) {
  uintptr_t pc = fl_pc(uc);
  enum frame frame;
  if (!fl_frame_of(iv->module, pc, &frame))
    return false;
  fl_complete_frame(uc, frame);
  iv->stop_pc = pc;
  fl_set_pc(uc, iv->engine->stopper_trap);
  return true;
}

// stop_on_return stops a guest that is in such a call: the call will return into the
// trap instead of the guest.
static bool stop_on_return(fl_invocation *iv, const fl_code *code, void *uc) {
  uintptr_t fp;
  uint32_t i;
  if (!code || !fl_exit_words(iv, uc, &fp))
    return false;
  uintptr_t *back = (uintptr_t *)fp + 1;
  if (!fl_body_of(code, *back - 1, &i)) // inside the call
    return false;
  iv->stop_pc = *back - 1;
  *back = iv->engine->stopper_trap;
  return true;
}

static void on_stop(int sig, siginfo_t *info, void *context) {
  (void)sig, (void)info;
  int saved = errno;
  fl_invocation *iv = fl_running;
  void *uc = context;
  if (!iv)
    goto out;
  uint64_t control = atomic_load_explicit(&iv->control, memory_order_acquire);
  fl_answer_look(iv, uc, control >> 8);
  if (iv->stopped || iv->in_host)
    goto out;
  if ((control & 0xff) == FL_RUNNING && iv->limits.memory_soft && iv->seen &&
      iv->seen->size > iv->limits.memory_soft) {
    atomic_compare_exchange_strong(&iv->control, &control, control | FL_STOP_MEMORY);
    control = atomic_load(&iv->control);
  }
  if ((control & 0xff) != FL_RUNNING && (control & 0xff) != FL_IDLE) {
    const fl_code *code = atomic_load_explicit(&iv->module->code, memory_order_acquire);
    iv->stopped = stop_in_body(iv, uc) || stop_on_return(iv, code, uc);
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
