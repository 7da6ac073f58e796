// Prints the number of arguments and each one on a line as "N: TEXT", the program's
// name first. A correct runtime hands over every byte, empty arguments too.
#include <stdio.h>

int main(int argc, char **argv) {
  printf("%d\n", argc);
  for (int i = 0; i < argc; i++) printf("%d: %s\n", i, argv[i]);
  return argv[argc] != NULL; // the list ends with NULL
}
