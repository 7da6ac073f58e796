// What a C++ exception does where the C++ library is built without exceptions: it
// ends the function with a message and a trap. Faasm's runtime traps too, without
// the message. A C++ library that has these functions must come before this one.
#include <stdio.h>
#include <stdlib.h>

// The start of a std::type_info (Itanium C++ ABI, section 2.9.4).
struct typeInfo {
    const void *vtable;
    const char *name;
};

__attribute__((weak)) void *__cxa_allocate_exception(size_t size)
{
    void *exception = malloc(size);
    if (exception == NULL) {
        abort();
    }
    return exception;
}

__attribute__((weak, noreturn)) void __cxa_throw(void *exception, const struct typeInfo *type, void (*destroy)(void *))
{
    (void)exception;
    (void)destroy;
    fprintf(stderr, "C++ exception of type %s thrown, but this C++ library has no exceptions\n", type->name);
    abort();
}
