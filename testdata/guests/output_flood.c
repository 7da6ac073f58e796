// Writes lines for ever, to standard output, or with "stderr" to standard error, or
// with "both" to each in turn; a number as second argument ends it after that many
// bytes. A correct runtime keeps the first bytes up to the invocation's limit, and
// then ends the guest or answers the writes with an error; a write's error ends this
// guest with code 1.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
  static char block[64 * 1024];
  for (size_t i = 0; i < sizeof block; i++) block[i] = i % 64 == 63 ? '\n' : (char)('!' + i % 64);
  const char *where = argc > 1 ? argv[1] : "stdout";
  unsigned long long most = argc > 2 ? strtoull(argv[2], NULL, 10) : ~0ull, written = 0;
  int turn = strcmp(where, "stderr") == 0;
  while (written < most) {
    unsigned long long left = most - written;
    ssize_t n = write(1 + turn, block, left < sizeof block ? (size_t)left : sizeof block);
    if (n < 0) {
      fprintf(stderr, "write after %llu bytes: %s\n", written, strerror(errno));
      return 1;
    }
    written += (unsigned long long)n;
    if (strcmp(where, "both") == 0) turn = !turn;
  }
  return 0;
}
