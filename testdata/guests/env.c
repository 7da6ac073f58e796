// Prints the environment in its order, or with arguments the value of each named
// variable: "NAME=VALUE" or "NAME is not set". A correct runtime shows what the
// invocation was given and nothing of the host's own environment.
#include <stdio.h>
#include <stdlib.h>

extern char **environ;

int main(int argc, char **argv) {
  if (argc == 1)
    for (char **e = environ; *e != NULL; e++) puts(*e);
  for (int i = 1; i < argc; i++) {
    const char *value = getenv(argv[i]);
    if (value != NULL) printf("%s=%s\n", argv[i], value);
    else printf("%s is not set\n", argv[i]);
  }
  return 0;
}
