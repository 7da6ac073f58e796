// The numbers __faasm_host_interface_test understands.
#ifndef FAASM_HOST_INTERFACE_TEST_H
#define FAASM_HOST_INTERFACE_TEST_H

enum HostInterfaceTest {
    NoTest = 0,
    ExceptionPropagationTest = 1, // the host raises an error, which must end the function
};

#endif
