// mandelbrot: escape times on a square grid around the set, at most 100 steps
// a point.
#include "kernel.h"

enum { LIMIT = 100, WIDEST = 8192 };

static unsigned char row[WIDEST];

static int escape(double cr, double ci) {
  double zr = 0, zi = 0;
  for (int i = 0; i < LIMIT; i++) {
    double rr = zr * zr, ii = zi * zi;
    if (rr + ii > 4) return i;
    zi = 2 * zr * zi + ci;
    zr = rr - ii + cr;
  }
  return LIMIT;
}

int main(int argc, char **argv) {
  long side = work(argc, argv, 1600, WIDEST);
  uint64_t checksum = HASH_START;
  uint64_t start = now_ns();
  for (long y = 0; y < side; y++) {
    double ci = 2.0 * (double)y / (double)side - 1.0;
    for (long x = 0; x < side; x++) row[x] = (unsigned char)escape(3.0 * (double)x / (double)side - 2.0, ci);
    checksum = hash(checksum, row, (size_t)side);
  }
  uint64_t took = now_ns() - start;
  report(checksum, took);
  return 0;
}
