// Copies standard input to standard output by read and write, in pieces of up to
// 4,096 bytes or as many as the argument says, and prints the number of bytes on
// standard error. A correct runtime passes every byte through, whatever pieces the
// host's stream comes in, and reports the end as a read of 0 bytes.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
  static char buffer[1 << 16];
  size_t piece = argc > 1 ? (size_t)atoi(argv[1]) : 4096;
  if (piece == 0 || piece > sizeof buffer) {
    fprintf(stderr, "echo_stdin: pieces of 1 to %zu bytes\n", sizeof buffer);
    return 2;
  }
  unsigned long long total = 0;
  for (;;) {
    ssize_t n = read(0, buffer, piece);
    if (n < 0) {
      fprintf(stderr, "read: %s\n", strerror(errno));
      return 1;
    }
    if (n == 0) break;
    total += (unsigned long long)n;
    for (ssize_t done = 0; done < n;) {
      ssize_t written = write(1, buffer + done, (size_t)(n - done));
      if (written < 0) {
        fprintf(stderr, "write: %s\n", strerror(errno));
        return 1;
      }
      done += written;
    }
  }
  fprintf(stderr, "%llu\n", total);
  return 0;
}
