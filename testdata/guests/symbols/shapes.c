/* What a C compiler makes debug information of: inlining across several levels,
   recursion, calls through pointers, macros, a switch, a loop that is unrolled, and
   a function that nobody calls. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct point {
  int x, y;
};

#define SQUARE(v) ((v) * (v))

static inline int dot(struct point a, struct point b) {
  return a.x * b.x + a.y * b.y;
}

static inline int distance2(struct point a, struct point b) {
  struct point d = {a.x - b.x, a.y - b.y};
  return dot(d, d) + SQUARE(d.x
                            - d.y);
}

__attribute__((always_inline)) static inline int thrice(int v) {
  int twice = v
              + v;
  return twice + v;
}

__attribute__((noinline)) static int fib(int n) {
  if (n < 2)
    return n;
  return fib(n - 1) + fib(n - 2);
}

__attribute__((noinline)) static const char *kind(int n) {
  switch (n % 5) {
  case 0:
    return "zero";
  case 1:
    puts("one was asked for");
    return "one";
  case 2:
    return n > 10 ? "two and more" : "two";
  default:
    return "many";
  }
}

static int compare(const void *a, const void *b) {
  const struct point *p = a, *q = b;
  struct point origin = {0, 0};
  return distance2(*p, origin) - distance2(*q, origin);
}

int nobody_calls_this(int v) { return thrice(v) + fib(v); }

static int checksum(const unsigned char *s) {
  unsigned h = 5381;
  while (*s)
    h = h * 33 + *s++;
  return (int)(h & 0x7fffffff);
}

int main(int argc, char **argv) {
  struct point points[16];
  for (int i = 0; i < 16; i++) {
    points[i].x = (i * 7 + argc) % 11;
    points[i].y = thrice(i) % 13;
  }
  qsort(points, 16, sizeof *points, compare);
  int sum = 0;
  for (int i = 0; i + 1 < 16; i++)
    sum += distance2(points[i], points[i + 1]);
  char buffer[64];
  snprintf(buffer, sizeof buffer, "%s %d %s", argv[0], fib(argc + 9), kind(sum));
  printf("%d %s %.2f\n", checksum((unsigned char *)buffer), buffer, strlen(buffer) / 3.0);
  return 0;
}
