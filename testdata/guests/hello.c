// A correct runtime prints one line and the exit code is 0. main returns without
// exit: the line is lost where descriptor 1 is not a character device and the C
// library buffers it.
#include <stdio.h>

int main(void) {
  printf("hello\n");
  return 0;
}
