// Copies its standard input to its standard output and says on standard error
// how many bytes it was.
#include <stdio.h>

int main(void) {
  static char buffer[1 << 16];
  unsigned long long total = 0;
  size_t n;
  while ((n = fread(buffer, 1, sizeof buffer, stdin)) > 0) {
    if (fwrite(buffer, 1, n, stdout) != n) {
      perror("echo: write");
      return 1;
    }
    total += n;
  }
  if (ferror(stdin)) {
    perror("echo: read");
    return 1;
  }
  if (fflush(stdout) != 0) {
    perror("echo: write");
    return 1;
  }
  fprintf(stderr, "%llu bytes\n", total);
  return 0;
}
