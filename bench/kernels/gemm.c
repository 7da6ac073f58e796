// gemm: C = alpha*A*B + beta*C on matrices of doubles, repeated.
#include "kernel.h"

enum { NI = 1000, NJ = 1100, NK = 1200 };

static double a[NI][NK], b[NK][NJ], c[NI][NJ];

static void fill(void) {
  for (int i = 0; i < NI; i++)
    for (int k = 0; k < NK; k++) a[i][k] = (double)((i * k + 1) % NI) / (double)NI;
  for (int k = 0; k < NK; k++)
    for (int j = 0; j < NJ; j++) b[k][j] = (double)(k * (j + 2) % NJ) / (double)NJ;
  for (int i = 0; i < NI; i++)
    for (int j = 0; j < NJ; j++) c[i][j] = (double)((i * j + 3) % NI) / (double)NI;
}

static void multiply(double alpha, double beta) {
  for (int i = 0; i < NI; i++) {
    for (int j = 0; j < NJ; j++) c[i][j] *= beta;
    for (int k = 0; k < NK; k++)
      for (int j = 0; j < NJ; j++) c[i][j] += alpha * a[i][k] * b[k][j];
  }
}

int main(int argc, char **argv) {
  long repeats = work(argc, argv, 1, 100000);
  fill();
  uint64_t start = now_ns();
  for (long r = 0; r < repeats; r++) multiply(1.5, 0.4);
  uint64_t took = now_ns() - start;
  report(hash(HASH_START, c, sizeof c), took);
  return 0;
}
