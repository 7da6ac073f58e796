// Run as Python's interpreter would be: chains another Python function and tells
// which function it runs itself.
// env: __faasm_chain_py __faasm_await_call __faasm_get_py_user __faasm_get_py_func __faasm_get_py_entry
#include <faasm/faasm.h>

#include <cstdio>
#include <cstdlib>

int main()
{
    char *user = faasmGetPythonUser();
    char *func = faasmGetPythonFunc();
    char *entry = faasmGetPythonEntry();
    printf("%s/%s:%s\n", user, func, entry);
    free(user);
    free(func);
    free(entry);
    return faasmAwaitCall(faasmChainPy("other", nullptr, 0));
}
