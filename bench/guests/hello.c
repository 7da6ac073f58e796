// The smallest program of use: one line through printf.
#include <stdio.h>

int main(void) {
  printf("hello from a fresh instance\n");
  return 0;
}
