// faasm/core.h on top of the host's calls.
#include "faasm/core.h"
#include "faasm/host_interface.h"

#include <stdlib.h>
#include <string.h>

long faasmGetInputSize(void)
{
    uint8_t none;
    return __faasm_read_input(&none, 0);
}

void faasmGetInput(uint8_t *buffer, long bufferLen)
{
    // A length of zero would ask for the size.
    if (bufferLen > 0) {
        __faasm_read_input(buffer, bufferLen);
    }
}

void faasmSetOutput(const void *newOutput, long outputLen)
{
    __faasm_write_output(newOutput, outputLen);
}

unsigned int faasmChainNamed(const char *name, const uint8_t *inputData, long inputDataSize)
{
    return __faasm_chain_name(name, inputData, inputDataSize);
}

unsigned int faasmChain(FaasmFuncPtr funcPtr, const uint8_t *inputData, long inputDataSize)
{
    return __faasm_chain_ptr(funcPtr, inputData, inputDataSize);
}

unsigned int faasmChainPy(const char *name, const uint8_t *inputData, long inputDataSize)
{
    return __faasm_chain_py(name, inputData, inputDataSize);
}

unsigned int faasmAwaitCall(unsigned int callId)
{
    return (unsigned int)__faasm_await_call(callId);
}

void faasmBacktrace(const int depth)
{
    __faasm_backtrace(depth);
}

unsigned int getConfFlag(const char *key)
{
    return __faasm_conf_flag(key);
}

// Roomier than Faasm's 20 and 30 bytes: its host does not look at the length.
enum { PYTHON_NAME_SIZE = 256 };

static char *pythonName(void (*read)(unsigned char *, long))
{
    char *name = calloc(1, PYTHON_NAME_SIZE);
    if (name != NULL) {
        read((unsigned char *)name, PYTHON_NAME_SIZE);
    }
    return name;
}

char *faasmGetPythonUser(void)
{
    return pythonName(__faasm_get_py_user);
}

char *faasmGetPythonFunc(void)
{
    return pythonName(__faasm_get_py_func);
}

char *faasmGetPythonEntry(void)
{
    return pythonName(__faasm_get_py_entry);
}
