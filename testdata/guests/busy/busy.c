// Never ends. What it does over and over is its first argument: the ways in which C code
// can be found, such as loops, recursion, calls through pointers, calls back from the C
// library, tail calls, calls of the host and of the engine.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static volatile unsigned sink;

static void loop(void) {
  for (unsigned i = 0; i < 1000; i++)
    for (unsigned j = 0; j < i; j++) sink += i ^ j;
}

__attribute__((noinline)) static unsigned ackermann(unsigned m, unsigned n) {
  if (m == 0) return n + 1;
  return ackermann(m - 1, n == 0 ? 1 : ackermann(m, n - 1));
}

static void recursion(void) { sink += ackermann(2, 40); }

__attribute__((noinline)) static int is_odd(int n);
__attribute__((noinline)) static int is_even(int n) { return n == 0 ? 1 : is_odd(n - 1) & ~(int)(sink >> 31); }
__attribute__((noinline)) static int is_odd(int n) { return n == 0 ? 0 : is_even(n - 1) | (int)(sink >> 31); }

static void mutual(void) { sink += (unsigned)is_even(700); }

static unsigned add(unsigned a, unsigned b) { return a + b; }
static unsigned multiply(unsigned a, unsigned b) { return a * b; }
static unsigned both(unsigned a, unsigned b);
static unsigned (*const operations[])(unsigned, unsigned) = {add, multiply, both};
static unsigned both(unsigned a, unsigned b) { return operations[a & 1](a, b) ^ operations[b & 1](b, a); }

static void indirect(void) {
  for (unsigned i = 0; i < 1000; i++) sink += operations[(i ^ sink) % 3](i, sink);
}

static int by_value(const void *a, const void *b) {
  unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
  return x < y ? -1 : x > y;
}

static void callback(void) {
  unsigned values[256];
  for (unsigned i = 0; i < 256; i++) values[i] = sink = sink * 1664525 + 1013904223;
  qsort(values, 256, sizeof *values, by_value);
  sink += values[17];
}

__attribute__((noinline)) static unsigned narrow(unsigned n, unsigned a);
__attribute__((noinline)) static unsigned wide(unsigned n, unsigned a, unsigned b, unsigned c, unsigned d, unsigned e,
                                               unsigned f, unsigned g, unsigned h, unsigned i) {
  if (n == 0) return a + b + c + d + e + f + g + h + i;
  return narrow(n - 1, a ^ i);
}
__attribute__((noinline)) static unsigned widen(unsigned n, unsigned a) {
  return wide(n, a, a + 1, a + 2, a + 3, a + 4, a + 5, a + 6, a + 7, a + 8);
}
__attribute__((noinline)) static unsigned narrow(unsigned n, unsigned a) {
  if (n == 0) return a;
  if (n % 5 == 0) return widen(n - 1, a) + 1;
  __attribute__((musttail)) return narrow(n - 1, a + n);
}

static void tail(void) { sink += narrow(500, sink); }

static void host(void) {
  struct timespec now;
  for (int i = 0; i < 20; i++) {
    clock_gettime(CLOCK_MONOTONIC, &now);
    sink += (unsigned)now.tv_nsec;
  }
}

static char *large;

static void bulk(void) {
  memset(large, (int)sink, 2 << 20);
  memmove(large + 1000, large, 1 << 20);
  sink += (unsigned char)large[70000];
}

static void text(void) {
  char buffer[200];
  sink += (unsigned)snprintf(buffer, sizeof buffer, "%d %s %.9g %08x", (int)sink, "words", sink / 3.0, sink);
}

static void heap(void) {
  void *held[64];
  for (size_t i = 0; i < 64; i++) held[i] = malloc(16 + 40 * i);
  for (size_t i = 0; i < 64; i++) free(held[i * 7 % 64]);
}

// Its stack is the same whenever it is looked at.
__attribute__((noinline)) static unsigned descend(unsigned n) {
  if (n == 0)
    for (;;) sink++;
  return descend(n - 1) + sink;
}

static void deep(void) { sink += descend(1500); }

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    void (*turn)(void);
  } kinds[] = {{"loop", loop}, {"recursion", recursion}, {"mutual", mutual}, {"indirect", indirect},
               {"callback", callback}, {"tail", tail}, {"host", host}, {"bulk", bulk},
               {"text", text}, {"heap", heap}, {"deep", deep}};
  large = malloc(4 << 20);
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (argc > 1 && strcmp(argv[1], kinds[i].name) == 0)
      for (;;) kinds[i].turn();
  return 2;
}
