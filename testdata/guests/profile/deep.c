// Computes at the bottom of a recursion that is as deep as its argument says.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static volatile int more = 1;

__attribute__((noinline)) static uint64_t descend(int depth, uint64_t x) {
  if (depth > 0) return descend(depth - 1, x) + (uint64_t)more;
  for (uint32_t i = 0; i < 400000000; i++) {
    x = x * 6364136223846793005u + 1442695040888963407u;
    __asm__ volatile("" : "+r"(x)); // a step that no compiler joins with others
  }
  return x;
}

int main(int argc, char **argv) { printf("%llx\n", (unsigned long long)descend(argc > 1 ? atoi(argv[1]) : 100, (uint64_t)argc)); }
