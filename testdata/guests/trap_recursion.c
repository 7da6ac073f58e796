// Recurses without end: "plain" (the default; frames of a few bytes on the engine's
// stack alone), "wide" (an array of 256 bytes in each frame on the guest's own stack
// in linear memory) or "mutual" (two functions through a table). A correct runtime
// reports an exhausted call stack, or for "wide", when the guest's stack ends first,
// an access out of bounds; the host's own stack is never overrun.
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static volatile uint32_t sink;
static volatile uint32_t bottom = UINT32_MAX; // never reached

__attribute__((noinline)) static uint32_t plain(uint32_t n) {
  if (n == bottom) return 0;
  uint32_t deeper = plain(n + 1);
  sink = deeper;
  return deeper + n;
}

__attribute__((noinline)) static uint32_t wide(uint32_t n) {
  volatile uint8_t here[256];
  if (n == bottom) return 0;
  here[n % 256] = (uint8_t)n;
  return wide(n + 1) + here[n % 256];
}

static uint32_t even(uint32_t n);
static uint32_t odd(uint32_t n);
static uint32_t (*volatile next[2])(uint32_t) = {odd, even};
static uint32_t even(uint32_t n) { return next[0](n + 1) + sink; }
static uint32_t odd(uint32_t n) { return next[1](n + 1) ^ sink; }

int main(int argc, char **argv) {
  const char *how = argc > 1 ? argv[1] : "plain";
  uint32_t got = strcmp(how, "wide") == 0 ? wide(0) : strcmp(how, "mutual") == 0 ? even(0) : plain(0);
  printf("survived with %u\n", got);
  return 2;
}
