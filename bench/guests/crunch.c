// Computes for as many rounds as its input says.
#include <stdlib.h>

__attribute__((import_module("env"), import_name("__faasm_read_input"))) long read_input(void *to, long size);

int main(void) {
  char text[16] = {0};
  read_input(text, sizeof text - 1);
  unsigned state = 1;
  for (long n = atol(text); n > 0; n--) state = state * 1664525u + 1013904223u;
  return state == 0;
}
