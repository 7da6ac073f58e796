// A heap of 20 MiB that an export fills; main reads twenty and writes four words of it.
#include <stdlib.h>

enum { WORDS = 20 << 18 };
static unsigned *heap;

__attribute__((export_name("prepare"))) int prepare(void) {
  heap = malloc(WORDS * sizeof *heap);
  if (!heap) return 1;
  unsigned x = 12345;
  for (unsigned i = 0; i < WORDS; i++) heap[i] = x = x * 1103515245 + 12345;
  return 0;
}

int main(void) {
  unsigned x = 7, sum = 0;
  for (int i = 0; i < 20; i++) sum += heap[(x = x * 1103515245 + 12345) % WORDS];
  for (int i = 0; i < 4; i++) heap[(x = x * 1103515245 + 12345) % WORDS] = sum;
  return sum == 0;
}
