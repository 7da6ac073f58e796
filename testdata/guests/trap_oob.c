// Accesses memory behind its end: "read" (the default), "write", "edge" (an access
// whose first byte is still inside), "far" (an offset of nearly 4 GiB) or "bulk" (a
// copy that begins inside). A correct runtime reports an out-of-bounds trap for all
// of them, with touch above main.
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uintptr_t memory_end(void) { return (uintptr_t)__builtin_wasm_memory_size(0) * 65536; }

__attribute__((noinline)) static int touch(const char *how) {
  volatile unsigned char *end = (volatile unsigned char *)memory_end();
  if (strcmp(how, "read") == 0) return end[0];
  if (strcmp(how, "write") == 0) {
    end[100] = 1;
    return 0;
  }
  if (strcmp(how, "edge") == 0) return (int)*(volatile uint64_t *)(end - 7);
  if (strcmp(how, "far") == 0) return *(volatile unsigned char *)UINT32_MAX;
  if (strcmp(how, "bulk") == 0) {
    memset((void *)(uintptr_t)(end - 16), 1, 4096);
    return 0;
  }
  printf("trap_oob: no way \"%s\"\n", how);
  return 0;
}

int main(int argc, char **argv) {
  int got = touch(argc > 1 ? argv[1] : "read");
  printf("survived with %d\n", got);
  return 2;
}
