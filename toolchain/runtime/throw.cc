// What a throw does where the C++ library has no exceptions: it says what was
// thrown and ends the function. Used only if the library has nothing better.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

// The run-time type information of the Itanium C++ ABI, section 2.9.5: a pointer
// to the kind's virtual table, the mangled name and, for a class with a single
// public base at offset zero, that base.
//
// These are declared here because cxxabi.h does so in ways that differ by release.
extern "C" char *__cxa_demangle(const char *name, char *buffer, std::size_t *length, int *status);
extern "C" void *_ZTVN10__cxxabiv120__si_class_type_infoE[];

namespace {

struct type_record {
    void *const *kind;
    const char *name;
    const type_record *base; // only for single inheritance
};

bool is_std_exception(const type_record *type)
{
    for (; type; type = type->base) {
        if (!std::strcmp(type->name, "St9exception"))
            return true;
        if (type->kind != _ZTVN10__cxxabiv120__si_class_type_infoE + 2)
            return false;
    }
    return false;
}

[[noreturn]] void die(const char *what, const char *detail)
{
    std::fflush(stdout);
    std::fprintf(stderr, "uncaught C++ exception: %s%s%s (this build cannot catch: its C++ library has no exceptions)\n",
                 what, detail ? ": " : "", detail ? detail : "");
    std::abort();
}

} // namespace

extern "C" {

__attribute__((weak)) void *__cxa_allocate_exception(std::size_t size) noexcept
{
    void *object = std::malloc(size);
    if (!object)
        die("out of memory", nullptr);
    return object;
}

__attribute__((weak)) void __cxa_free_exception(void *object) noexcept { std::free(object); }

__attribute__((weak, noreturn)) void __cxa_throw(void *object, void *type, void (*)(void *))
{
    auto *record = static_cast<const type_record *>(type);
    int status = 0;
    const char *name = __cxa_demangle(record->name, nullptr, nullptr, &status);
    const char *detail = is_std_exception(record) ? static_cast<std::exception *>(object)->what() : nullptr;
    die(name ? name : record->name, detail);
}

__attribute__((weak, noreturn)) void __cxa_rethrow() { die("thrown again", nullptr); }

} // extern "C"
