// Chains the function "hello" as often as its input says, each time waiting for it.
#include <stdlib.h>

__attribute__((import_module("env"), import_name("__faasm_read_input"))) long read_input(void *to, long size);
__attribute__((import_module("env"), import_name("__faasm_chain_name"))) unsigned chain(const char *name, const void *input, long size);
__attribute__((import_module("env"), import_name("__faasm_await_call"))) int await_call(unsigned id);

int main(void) {
  char text[16] = {0};
  read_input(text, sizeof text - 1);
  for (int n = atoi(text); n > 0; n--)
    if (await_call(chain("hello", "", 0)) != 0) return 1;
  return 0;
}
