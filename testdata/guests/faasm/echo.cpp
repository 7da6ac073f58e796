// Sets the output to the input as a string; without input to "none".
// env: __faasm_read_input __faasm_write_output
#include "faasm/faasm.h"
#include "faasm/input.h"

int main()
{
    const char *text = faasm::getStringInput("none");
    faasm::setStringOutput(text);
    return 0;
}
