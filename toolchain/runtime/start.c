// The entry of a function built from C or C++. It replaces the C library's own
// (crt1), because that one leaves it to the linker to wrap every export in a call
// of all constructors and destructors: a host that calls malloc while the function
// runs would destroy the function's globals.
//
// With FAASLENS_ZYGOTE, the constructors can also be run by the host, as Faasm's
// protocol has it: __wasm_call_ctors, then _faasm_zygote, then a snapshot, then
// _start. They run once, whoever comes first.

void __wasm_call_ctors(void);
void __wasm_call_dtors(void);
int FAASLENS_MAIN(void);

// Under a name of our own: the C library has a function __wasi_proc_exit, with which
// an import of that name would clash.
_Noreturn void __faaslens_proc_exit(unsigned code)
    __attribute__((__import_module__("wasi_snapshot_preview1"), __import_name__("proc_exit")));

#ifdef FAASLENS_ZYGOTE
static int constructed;

__attribute__((export_name("__wasm_call_ctors"))) void __faaslens_construct(void)
{
    if (!constructed) {
        constructed = 1;
        __wasm_call_ctors();
    }
}
#else
#define __faaslens_construct __wasm_call_ctors
#endif

__attribute__((export_name("_start"))) void _start(void)
{
    __faaslens_construct();
    int code = FAASLENS_MAIN();
    __wasm_call_dtors();
    if (code != 0)
        __faaslens_proc_exit((unsigned)code);
}
