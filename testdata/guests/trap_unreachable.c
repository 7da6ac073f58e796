// A correct runtime reports an "unreachable executed" trap with the frames
// fall, middle, outer and main above it, and still shows the line written before.
#include <stdio.h>

__attribute__((noinline)) static void fall(int n) {
  if (n == 3) __builtin_trap();
  printf("not here: %d\n", n);
}

__attribute__((noinline)) static void middle(int n) {
  fall(n + 1);
  printf("not back in middle\n");
}

__attribute__((noinline)) static void outer(int n) {
  middle(n + 1);
  printf("not back in outer\n");
}

int main(void) {
  printf("before\n");
  fflush(stdout);
  outer(1);
  return 0;
}
