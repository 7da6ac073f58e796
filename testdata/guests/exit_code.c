// Ends with the code of its first argument, 3 without one, after a line on standard
// output that is still in the C library's buffer. With "deep" as second argument
// exit is called some frames down; with "quick" nothing is flushed (_Exit). A correct
// runtime reports the code as an exit, not as a trap, and shows the line unless
// "quick" was said.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((noinline)) static void leave(int depth, int code) {
  if (depth > 0) leave(depth - 1, code);
  exit(code);
}

int main(int argc, char **argv) {
  int code = argc > 1 ? atoi(argv[1]) : 3;
  setvbuf(stdout, NULL, _IOFBF, 1024);
  printf("leaving with %d", code);
  if (argc > 2 && strcmp(argv[2], "deep") == 0) leave(20, code);
  if (argc > 2 && strcmp(argv[2], "quick") == 0) _Exit(code);
  return code;
}
