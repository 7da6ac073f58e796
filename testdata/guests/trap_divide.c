// Divides by zero, or with "overflow" the lowest integer by -1, or with "convert" a
// number too large for an integer. A correct runtime reports the trap of that name:
// integer divide by zero, integer overflow, and for the conversion integer overflow.
// clang's plain conversions saturate where the target has such an instruction, so
// the trapping one is asked for.
#include <limits.h>
#include <stdio.h>
#include <string.h>

__attribute__((noinline)) static int divide(int a, volatile int *b) { return a / *b; }

__attribute__((noinline)) static int convert(double x) { return __builtin_wasm_trunc_s_i32_f64(x); }

int main(int argc, char **argv) {
  volatile int zero = 0, minus = -1;
  const char *how = argc > 1 ? argv[1] : "zero";
  int got = 0;
  if (strcmp(how, "zero") == 0) got = divide(argc, &zero);
  else if (strcmp(how, "overflow") == 0) got = divide(INT_MIN, &minus);
  else if (strcmp(how, "convert") == 0) got = convert(1e300 * argc);
  printf("survived with %d\n", got);
  return 2;
}
