// Computes for about a quarter of a second, sixteen calls deep, and prints what it found.
#include <stdint.h>
#include <stdio.h>

__attribute__((noinline)) static uint64_t turns(uint32_t n) {
  uint64_t x = 88172645463325252u;
  for (uint32_t i = 0; i < n; i++) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
  }
  return x;
}

__attribute__((noinline)) static uint64_t down(uint32_t depth, uint32_t n) {
  return depth == 0 ? turns(n) : down(depth - 1, n) ^ depth;
}

int main(void) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < 400; i++) sum += down(16, 200000 + i);
  printf("%016llx\n", (unsigned long long)sum);
}
