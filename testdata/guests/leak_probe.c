// Looks for what an earlier invocation left behind, then leaves as much as it can:
// in memory that was never initialised, in initialised and zeroed data, on the stack,
// in memory it grew and freed, in a C library's global, in a table slot, in the
// environment, and in a descriptor left open. Prints "clean" and ends with 0, or a
// line for each thing found and ends with 1. A correct runtime makes every run print
// "clean", on the same or another instance, after a run that trapped ("trap" as first
// argument), exited in the middle ("exit") or was killed ("spin"). With "again" it
// looks a second time at what it left itself, finds it and ends with 1: a check of the
// probe.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CANARY 0x5ca1ab1eu

enum { WORDS = 1 << 18, STACK_WORDS = 4096 };

static uint32_t zeroed[WORDS];
static volatile uint32_t initialised = 7;
static int found;

static int first(void) { return 1; }
static int second(void) { return 2; }
static int (*volatile slot)(void) = first;

static void report(const char *where, size_t at) {
  printf("found a canary in %s, word %zu\n", where, at);
  found++;
}

static void scan(const char *where, const volatile uint32_t *p, size_t words) {
  for (size_t i = 0; i < words; i++)
    if (p[i] == CANARY) {
      report(where, i);
      return;
    }
}

static void plant(volatile uint32_t *p, size_t words) {
  for (size_t i = 0; i < words; i++) p[i] = CANARY;
}

__attribute__((noinline)) static void on_stack(int planting) {
  volatile uint32_t here[STACK_WORDS];
  if (planting) plant(here, STACK_WORDS);
  else scan("the stack", here, STACK_WORDS);
}

// Everything between the program's own data and the end of memory.
static void scan_heap(void) {
  extern unsigned char __heap_base;
  uintptr_t start = ((uintptr_t)&__heap_base + 3) / 4 * 4, end = (uintptr_t)__builtin_wasm_memory_size(0) * 65536;
  scan("the heap", (const volatile uint32_t *)start, (end - start) / 4);
}

// Grows memory past the heap: what is new must be zero.
static void scan_grown(void) {
  size_t pages = __builtin_wasm_memory_grow(0, 32);
  if (pages == (size_t)-1) return;
  uint32_t *grown = (uint32_t *)(pages * 65536);
  for (size_t i = 0; i < 32 * 65536 / 4; i++)
    if (grown[i] != 0) {
      report("grown memory", i);
      break;
    }
  plant(grown, 32 * 65536 / 4);
}

static void look(void) {
  on_stack(0);
  scan("zeroed data", zeroed, WORDS);
  scan_heap();
  scan_grown();
  if (initialised != 7) report("initialised data", 0);
  if (slot() != 1) report("a function pointer", 0);
  if (getenv("LEAK_PROBE") != NULL) report("the environment", 0);
  for (int fd = 3; fd < 40; fd++) {
    // Preopened directories are the invocation's own; open files are not.
    char byte;
    if (pread(fd, &byte, 1, 0) >= 0) report("an open descriptor", (size_t)fd);
  }
}

static void leave_traces(void) {
  on_stack(1);
  plant(zeroed, WORDS);
  initialised = CANARY;
  slot = second;
  setenv("LEAK_PROBE", "1", 1);
  for (size_t size = 64; size <= 1 << 20; size *= 4) {
    uint32_t *p = malloc(size);
    if (p == NULL) break;
    plant(p, size / 4);
    if (size % 128 == 0) free(p);
  }
  int fd = open("leak_probe.tmp", O_RDWR | O_CREAT, 0600);
  if (fd >= 0) (void)!write(fd, "canary", 6);
}

int main(int argc, char **argv) {
  look();
  if (!found) printf("clean\n");
  fflush(stdout);
  leave_traces();
  if (argc > 1 && strcmp(argv[1], "again") == 0) look();
  if (argc > 1 && strcmp(argv[1], "trap") == 0) __builtin_trap();
  if (argc > 1 && strcmp(argv[1], "exit") == 0) _Exit(found ? 1 : 0);
  if (argc > 1 && strcmp(argv[1], "spin") == 0)
    for (;;) __asm__ volatile("");
  return found ? 1 : 0;
}
