// Spends its time in ways that a wall profile tells apart: sleeps, computes, asks for the
// time over and over and reads its input.
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static volatile uint64_t sink;

__attribute__((noinline)) static void sleeps(void) {
  struct timespec t = {0, 60000000};
  nanosleep(&t, NULL);
}

__attribute__((noinline)) static uint64_t computes(uint64_t x) {
  for (uint32_t i = 0; i < 60000000; i++) {
    x = x * 6364136223846793005u + 1442695040888963407u;
    __asm__ volatile("" : "+r"(x)); // a step that no compiler joins with others
  }
  return x;
}

__attribute__((noinline)) static uint64_t asks(void) {
  struct timespec t;
  uint64_t sum = 0;
  for (int i = 0; i < 100000; i++) {
    clock_gettime(CLOCK_MONOTONIC, &t);
    sum += (uint64_t)t.tv_nsec;
  }
  return sum;
}

__attribute__((noinline)) static uint64_t reads(void) {
  char b[64];
  uint64_t sum = 0;
  for (ssize_t n; (n = read(0, b, sizeof b)) > 0;) sum += (uint64_t)n;
  return sum;
}

int main(int argc, char **argv) {
  (void)argv;
  sleeps();
  uint64_t x = computes((uint64_t)argc);
  sink = asks() + reads();
  printf("%llx\n", (unsigned long long)x);
}
