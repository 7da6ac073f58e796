// Keeps a memory.grow in every module. One of Faasm's engines shrinks the memory
// of modules without it; nothing here needs it, but a module built with these
// headers stays runnable there.
//
// Faasm's header defines the function "inline" only, so that C code, unlike C++,
// imports it. Here C gets a definition too.
#ifndef FAASM_MEMORY_H
#define FAASM_MEMORY_H

#ifdef __wasm__
#ifdef __cplusplus
inline
#else
__attribute__((weak)) // one per source file, of which the linker keeps one
#endif
    void __attribute__((used))
    __faasm_memory_layout_protection(void)
{
    __builtin_wasm_memory_grow(0, 0);
}
#endif

#endif
