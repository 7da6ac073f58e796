// Calls the host in a loop: hostcall [CALLS [clock_res_get|sched_yield]]
//
// clock_res_get takes two arguments, checks one pointer and writes eight bytes:
// an ordinary host call with next to no work behind it. The output's lines are
// those of a kernel, and the export host_calls is the loop alone, for a host
// that holds the instance itself.
#include <string.h>

#include "../kernels/kernel.h"

#define WASI(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name)))

WASI(clock_res_get) extern int32_t host_clock_res_get(int32_t clock, int32_t resolution);
WASI(sched_yield) extern int32_t host_sched_yield(void);

static uint64_t resolution;

// Returns the sum of the calls' results, which is 0 when all of them succeed.
__attribute__((export_name("host_calls"))) int32_t host_calls(int32_t calls) {
  int32_t sum = 0;
  for (int32_t i = 0; i < calls; i++) sum += host_clock_res_get(0, (int32_t)(intptr_t)&resolution);
  return sum;
}

__attribute__((export_name("host_yields"))) int32_t host_yields(int32_t calls) {
  int32_t sum = 0;
  for (int32_t i = 0; i < calls; i++) sum += host_sched_yield();
  return sum;
}

int main(int argc, char **argv) {
  int32_t calls = (int32_t)work(argc, argv, 2000000, 1000000000);
  const char *which = argc > 2 ? argv[2] : "clock_res_get";
  int32_t (*loop)(int32_t);
  if (strcmp(which, "clock_res_get") == 0) {
    loop = host_calls;
  } else if (strcmp(which, "sched_yield") == 0) {
    loop = host_yields;
  } else {
    fprintf(stderr, "hostcall: no call \"%s\": want clock_res_get or sched_yield\n", which);
    return 2;
  }
  uint64_t start = now_ns();
  int32_t sum = loop(calls);
  uint64_t took = now_ns() - start;
  if (sum != 0) {
    fprintf(stderr, "hostcall: %s failed: the results add up to %d\n", which, sum);
    return 1;
  }
  report((uint64_t)calls, took);
  return 0;
}
