// Prints a line through iostream, which needs the constructors to have run, and
// returns 0.
// env:
#include "faasm/faasm.h"

#include <iostream>

int main(int argc, char *argv[])
{
    (void)argv;
    std::cout << "Hello from C++ with " << argc << " argument(s)" << std::endl;
    return 0;
}
