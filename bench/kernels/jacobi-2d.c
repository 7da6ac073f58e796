// jacobi-2d: a five-point stencil between two grids of doubles.
#include "kernel.h"

enum { N = 400 };

static double a[N][N], b[N][N];

static void fill(void) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      a[i][j] = ((double)i * (j + 2) + 2) / (double)N;
      b[i][j] = ((double)i * (j + 3) + 3) / (double)N;
    }
}

static void step(double from[N][N], double to[N][N]) {
  for (int i = 1; i < N - 1; i++)
    for (int j = 1; j < N - 1; j++)
      to[i][j] = 0.2 * (from[i][j] + from[i][j - 1] + from[i][j + 1] + from[i + 1][j] + from[i - 1][j]);
}

int main(int argc, char **argv) {
  long steps = work(argc, argv, 750, 10000000);
  fill();
  uint64_t start = now_ns();
  for (long s = 0; s < steps; s++) {
    step(a, b);
    step(b, a);
  }
  uint64_t took = now_ns() - start;
  report(hash(HASH_START, a, sizeof a), took);
  return 0;
}
