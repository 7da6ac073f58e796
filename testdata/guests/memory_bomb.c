// Takes memory and touches every page of it until there is no more, in pieces of
// 1 MiB, or as many bytes as the first argument says, then prints how many MiB it got
// and ends with 0; with "insist" as second argument it goes on asking for ever. A
// correct runtime refuses to grow beyond the invocation's limit (or ends the guest at
// it) and takes no more from the host than the limit.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
  size_t piece = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 1 << 20, total = 0;
  int insist = argc > 2 && strcmp(argv[2], "insist") == 0;
  if (piece == 0) return 2;
  for (;;) {
    volatile char *p = malloc(piece);
    if (p == NULL && insist) continue;
    if (p == NULL) break;
    for (size_t i = 0; i < piece; i += 4096) p[i] = (char)i;
    total += piece;
  }
  printf("%zu MiB\n", total >> 20);
  return 0;
}
