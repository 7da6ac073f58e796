// With no input it outputs the value "peeked"; with one, it makes that the value.
// env: __faasm_read_input __faasm_read_state __faasm_write_output __faasm_write_state __faasm_push_state
#include <faasm/faasm.h>

#include <stdlib.h>

int main(void) {
  long size = faasmGetInputSize();
  uint8_t *buffer = malloc(1 << 20);
  if (size > 0) {
    faasmGetInput(buffer, size);
    faasmWriteState("peeked", buffer, size);
    faasmPushState("peeked");
    return 0;
  }
  size = faasmReadStateSize("peeked");
  faasmReadState("peeked", buffer, size);
  faasmSetOutput((char *)buffer, size);
  return 0;
}
