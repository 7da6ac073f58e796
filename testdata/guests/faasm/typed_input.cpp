// Reads a struct of three ints as input; without input it is 1 2 3. Outputs their
// sum in decimal, and the sum of the numbers in "4 5 6".
// env: __faasm_read_input __faasm_write_output
#include <faasm/faasm.h>
#include <faasm/input.h>

#include <string>

struct Triple {
    int a, b, c;
};

int main()
{
    Triple t = faasm::getTypedInput<Triple>({1, 2, 3});
    int *parsed = faasm::parseStringToIntArray("4 5 6", 3);
    std::string out = std::to_string(t.a + t.b + t.c) + " " + std::to_string(parsed[0] + parsed[1] + parsed[2]);
    delete[] parsed;
    faasmSetOutput(BYTES(&out[0]), out.size());
    return 0;
}
