// What is known of this thread: the invocation that runs on it, and its stack.
#define _GNU_SOURCE
#include "invocation.h"
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

__thread fl_invocation *fl_running __attribute__((tls_model("initial-exec")));
static __thread int32_t thread_id;
static __thread char *stack_low, *stack_high;

void fl_enter(fl_invocation *iv) {
  if (!thread_id)
    thread_id = syscall(SYS_gettid);
  iv->outer = fl_running;
  atomic_store_explicit(&iv->tid, thread_id, memory_order_release);
  fl_running = iv;
}

void fl_leave(fl_invocation *iv) { fl_running = iv->outer; }

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

bool fl_on_stack(uintptr_t at) { return at >= (uintptr_t)stack_low && at + 16 <= (uintptr_t)stack_high; }
