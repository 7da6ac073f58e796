// Input and output by the host's calls themselves: outputs the input reversed.
// env: __faasm_read_input __faasm_write_output
#include <faasm/host_interface.h>

int main(void)
{
    unsigned char in[64];
    char out[64];
    long n = __faasm_read_input(in, 0);
    if (n > (long)sizeof in) {
        n = (long)sizeof in;
    }
    if (n > 0) {
        n = __faasm_read_input(in, n);
    }
    for (long i = 0; i < n; i++) {
        out[i] = (char)in[n - 1 - i];
    }
    __faasm_write_output(out, n);
    return 0;
}
