// Makes a host call fail: the error must end the function, so that "not reached" is
// never printed.
// env: __faasm_host_interface_test
#include <faasm/core.h>
#include <faasm/host_interface_test.h>

#include <cstdio>

extern "C" {
#include <faasm/host_interface.h>
}

int main()
{
    __faasm_host_interface_test(ExceptionPropagationTest);
    printf("not reached\n");
    return 0;
}
