// Guests that never end by themselves, for measuring and testing kills:
//
//     spin loop      one tight loop, without a call or an access to memory
//     spin memory    a loop over memory of a page per step
//     spin calls     calls through a table of functions
//     spin float     floating-point work in a loop
//     spin deep      recursion down to a depth and back, for ever
//     spin host      a host call in every turn
//     spin bulk      memory of 8 MiB copied over and over
//
// The same loops are exported as spin_loop and so on, for a host that holds the
// instance itself. None of them returns.
#include <math.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define EXPORT(name) __attribute__((export_name(#name)))

enum { PAGE = 4096, AREA = 8 << 20 };

static unsigned char area[AREA + PAGE];
static volatile uint64_t sink;
static volatile double real_sink;

EXPORT(spin_loop) void spin_loop(void) {
  for (;;) __asm__ volatile("");
}

EXPORT(spin_memory) void spin_memory(void) {
  for (;;)
    for (size_t i = 0; i < AREA; i += PAGE) {
      area[i]++;
      __asm__ volatile("" ::: "memory");
    }
}

static uint64_t add(uint64_t x) { return x + 3; }
static uint64_t multiply(uint64_t x) { return x * 5; }
static uint64_t turn(uint64_t x) { return x << 7 | x >> 57; }

static uint64_t (*volatile steps[])(uint64_t) = {add, multiply, turn};

EXPORT(spin_calls) void spin_calls(void) {
  uint64_t x = 1;
  for (;;) {
    x = steps[x % 3](x);
    sink = x;
  }
}

EXPORT(spin_float) void spin_float(void) {
  double x = 1;
  for (;;) {
    x = sqrt(x * 1.5 + 2) / 0.7;
    real_sink = x;
  }
}

__attribute__((noinline)) static uint64_t down(uint32_t depth) {
  volatile uint64_t here = depth;
  if (depth == 0) return here;
  return down(depth - 1) + here;
}

EXPORT(spin_deep) void spin_deep(void) {
  for (;;) sink = down(1000);
}

EXPORT(spin_host) void spin_host(void) {
  for (;;) sched_yield();
}

EXPORT(spin_bulk) void spin_bulk(void) {
  for (size_t n = 0;; n++) {
    memmove(area + n % PAGE, area + (n + 1) % PAGE, AREA);
    __asm__ volatile("" ::: "memory");
  }
}

static const struct {
  const char *name;
  void (*run)(void);
} kinds[] = {
    {"loop", spin_loop}, {"memory", spin_memory}, {"calls", spin_calls}, {"float", spin_float},
    {"deep", spin_deep}, {"host", spin_host},     {"bulk", spin_bulk},
};

int main(int argc, char **argv) {
  const char *name = argc > 1 ? argv[1] : "loop";
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (strcmp(name, kinds[i].name) == 0) kinds[i].run();
  fprintf(stderr, "spin: no kind \"%s\"\n", name);
  return 2;
}
