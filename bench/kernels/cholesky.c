// cholesky: the factor L of a symmetric positive definite matrix A = L*L',
// in place in the lower triangle, of a fresh copy each time.
#include <math.h>
#include <string.h>

#include "kernel.h"

enum { N = 500 };

static double original[N][N], a[N][N];

// A strictly dominant diagonal makes a symmetric matrix positive definite.
static void fill(void) {
  uint64_t state = 88172645463325252u;
  for (int i = 0; i < N; i++)
    for (int j = 0; j <= i; j++) {
      double v = (double)(next_random(&state) >> 40) / (1 << 24);
      original[i][j] = original[j][i] = v;
    }
  for (int i = 0; i < N; i++) original[i][i] += (double)N;
}

static void factor(void) {
  for (int i = 0; i < N; i++) {
    for (int j = 0; j < i; j++) {
      for (int k = 0; k < j; k++) a[i][j] -= a[i][k] * a[j][k];
      a[i][j] /= a[j][j];
    }
    for (int k = 0; k < i; k++) a[i][i] -= a[i][k] * a[i][k];
    a[i][i] = sqrt(a[i][i]);
  }
}

int main(int argc, char **argv) {
  long repeats = work(argc, argv, 10, 100000);
  fill();
  uint64_t start = now_ns();
  for (long r = 0; r < repeats; r++) {
    memcpy(a, original, sizeof a);
    factor();
  }
  uint64_t took = now_ns() - start;
  report(hash(HASH_START, a, sizeof a), took);
  return 0;
}
