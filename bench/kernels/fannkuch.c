// fannkuch: over all permutations of 1..n, the most reversals of a prefix (as
// long as its first element says) until 1 comes first, and an alternating sum
// of the numbers of reversals.
#include <string.h>

#include "kernel.h"

enum { MOST = 12 };

struct outcome {
  int32_t checksum, most_flips;
};

static int flips(const int *permutation, int n) {
  int p[MOST];
  memcpy(p, permutation, (size_t)n * sizeof *p);
  int count = 0;
  for (int first; (first = p[0]) != 0; count++)
    for (int lo = 0, hi = first; lo < hi; lo++, hi--) {
      int t = p[lo];
      p[lo] = p[hi];
      p[hi] = t;
    }
  return count;
}

static struct outcome fannkuch(int n) {
  int p[MOST], count[MOST];
  for (int i = 0; i < n; i++) p[i] = i;
  struct outcome result = {0, 0};
  int r = n, sign = 1;
  for (;;) {
    for (; r != 1; r--) count[r - 1] = r;
    int f = flips(p, n);
    if (f > result.most_flips) result.most_flips = f;
    result.checksum += sign * f;
    sign = -sign;
    // The next permutation: rotate ever longer prefixes by one.
    for (;; r++) {
      if (r == n) return result;
      int first = p[0];
      for (int i = 0; i < r; i++) p[i] = p[i + 1];
      p[r] = first;
      if (--count[r] > 0) break;
    }
  }
}

int main(int argc, char **argv) {
  long n = work(argc, argv, 10, MOST);
  uint64_t start = now_ns();
  struct outcome result = fannkuch((int)n);
  uint64_t took = now_ns() - start;
  report(hash(HASH_START, &result, sizeof result), took);
  return 0;
}
