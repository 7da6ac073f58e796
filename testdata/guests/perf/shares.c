// Three functions with 60, 30 and 10 percent of the work, and what they inline.
#include <stdint.h>
#include <stdlib.h>

static inline __attribute__((always_inline)) uint32_t mix(uint32_t x) {
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return x;
}

__attribute__((noinline)) static uint32_t big(uint32_t x, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    x = mix(x) + i;
  return x;
}

__attribute__((noinline)) static uint32_t mid(uint32_t x, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    x = mix(x) - i;
  return x;
}

__attribute__((noinline)) static uint32_t small(uint32_t x, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    x = mix(x) ^ i;
  return x;
}

// main takes how many thousand turns to do, 100000 by default.
int main(int argc, char **argv) {
  uint32_t turns = (argc > 1 ? (uint32_t)atoi(argv[1]) : 100000) * 100;
  uint32_t x = 1;
  for (int round = 0; round < 10; round++) {
    x = big(x, turns / 10 * 6);
    x = mid(x, turns / 10 * 3);
    x = small(x, turns / 10);
  }
  return x == 0;
}
