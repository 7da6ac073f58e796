// Goes down as many frames of about 1 KiB as its argument says (1,000 without one) on
// the guest's own stack, fills each, and checks all of them on the way back. Link with
// -Wl,-z,stack-size=8388608. A correct runtime prints the depth and ends with 0 as
// long as its limit for the call stack allows it; beyond that it reports an exhausted
// call stack, never a damaged frame.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORDS = 240 };

__attribute__((noinline)) static uint32_t down(uint32_t depth) {
  volatile uint32_t frame[WORDS];
  for (uint32_t i = 0; i < WORDS; i++) frame[i] = depth * 2654435761u + i;
  uint32_t reached = depth == 0 ? 0 : down(depth - 1);
  for (uint32_t i = 0; i < WORDS; i++)
    if (frame[i] != depth * 2654435761u + i) {
      printf("frame %u is damaged\n", depth);
      exit(1);
    }
  return reached + 1;
}

int main(int argc, char **argv) {
  uint32_t depth = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000;
  printf("%u frames\n", down(depth - 1));
  return 0;
}
