// Computes for as many rounds as its argument says: 60 % of the steps in steps_60, 30 % in
// steps_30, which are both inlined into round, and 10 % in steps_10. Every step waits for
// the one before it, and compilers may not join them, so that they take the same time
// wherever they are.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define STEPS(n)                                         \
  for (uint32_t i = 0; i < (n); i++) {                   \
    x = x * 6364136223846793005u + 1442695040888963407u; \
    __asm__ volatile("" : "+r"(x));                      \
  }

__attribute__((always_inline)) static inline uint64_t steps_60(uint64_t x) {
  STEPS(60000)
  return x;
}

__attribute__((always_inline)) static inline uint64_t steps_30(uint64_t x) {
  STEPS(30000)
  return x;
}

__attribute__((noinline)) static uint64_t steps_10(uint64_t x) {
  STEPS(10000)
  return x;
}

__attribute__((noinline)) static uint64_t turn(uint64_t x) {
  x = steps_60(x);
  x = steps_30(x) ^ 1;
  return steps_10(x) + 1;
}

int main(int argc, char **argv) {
  uint64_t x = (uint64_t)argc;
  for (long n = argc > 1 ? atol(argv[1]) : 1000; n > 0; n--) x = turn(x);
  printf("%llx\n", (unsigned long long)x);
}
