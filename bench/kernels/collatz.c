// collatz: the longest chain of n -> n/2 or 3n+1 for all starts up to a limit.
#include "kernel.h"

struct outcome {
  uint64_t start, length, steps;
};

static struct outcome longest(uint64_t limit) {
  struct outcome best = {0, 0, 0};
  for (uint64_t first = 1; first <= limit; first++) {
    uint64_t length = 1;
    for (uint64_t n = first; n != 1; length++) n = n % 2 == 0 ? n / 2 : 3 * n + 1;
    best.steps += length;
    if (length > best.length) {
      best.start = first;
      best.length = length;
    }
  }
  return best;
}

int main(int argc, char **argv) {
  long limit = work(argc, argv, 1800000, 100000000);
  uint64_t start = now_ns();
  struct outcome best = longest((uint64_t)limit);
  uint64_t took = now_ns() - start;
  report(hash(HASH_START, &best, sizeof best), took);
  return 0;
}
