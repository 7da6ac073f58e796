// What every kernel shares: the clock around its computing part, a checksum
// that is the same on every target, and the two lines that the harness reads.
//
// A kernel prints
//
//     checksum HEX
//     time_ns N
//
// and takes its amount of work as its only argument. The time covers the
// computing part alone: neither process start nor compilation nor filling the
// input.
#ifndef BENCH_KERNEL_H
#define BENCH_KERNEL_H

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline uint64_t now_ns(void) {
  struct timespec t;
  if (clock_gettime(CLOCK_MONOTONIC, &t) != 0) {
    perror("clock_gettime");
    exit(1);
  }
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

// work returns the kernel's argument, or fallback when there is none. It ends
// the program when the argument is not a number from 1 to most.
static inline long work(int argc, char **argv, long fallback, long most) {
  if (argc < 2) return fallback;
  char *end;
  long n = strtol(argv[1], &end, 10);
  if (*end != '\0' || end == argv[1] || n < 1 || n > most) {
    fprintf(stderr, "%s: argument \"%s\": want a number from 1 to %ld\n", argv[0], argv[1], most);
    exit(2);
  }
  return n;
}

// FNV-1a, 64 bits.
#define HASH_START 0xcbf29ce484222325u

static inline uint64_t hash(uint64_t h, const void *data, size_t size) {
  const unsigned char *p = data;
  for (size_t i = 0; i < size; i++) h = (h ^ p[i]) * 0x100000001b3u;
  return h;
}

// A 64-bit xorshift* generator for inputs.
static inline uint64_t next_random(uint64_t *state) {
  uint64_t x = *state;
  x ^= x >> 12;
  x ^= x << 25;
  x ^= x >> 27;
  *state = x;
  return x * 0x2545f4914f6cdd1du;
}

static inline void report(uint64_t checksum, uint64_t ns) {
  printf("checksum %016" PRIx64 "\ntime_ns %" PRIu64 "\n", checksum, ns);
}

#endif
