// A loop that runs as often as the argument says.
#include <stdint.h>
#include <stdlib.h>

static inline __attribute__((always_inline)) uint32_t mix(uint32_t x) {
  x ^= x << 13;
  x ^= x >> 17;
  return x ^ x << 5;
}

__attribute__((noinline)) static uint32_t work(uint32_t x, uint32_t n) {
#pragma clang loop unroll(disable)
  for (uint32_t i = 0; i < n; i++)
    x = mix(x) + i;
  return x;
}

int main(int argc, char **argv) { return argc > 1 && work(1, (uint32_t)atoi(argv[1])) == 0; }
