// wasi-libc's unistd.h and, as calls of the runtime, what it leaves out and
// Faasm's libc has.
#ifndef FAASM_POSIX_UNISTD_H
#define FAASM_POSIX_UNISTD_H

#ifdef _WASI_EMULATED_GETPID
#include_next <unistd.h>
#else
// Without this, wasi-libc declares getpid as deprecated.
#define _WASI_EMULATED_GETPID
#include_next <unistd.h>
#undef _WASI_EMULATED_GETPID

#ifdef __cplusplus
extern "C" {
#endif
__attribute__((import_module("env"), import_name("getpid")))
pid_t getpid(void);
#ifdef __cplusplus
}
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

__attribute__((import_module("env"), import_name("dup")))
int dup(int fd);

__attribute__((import_module("env"), import_name("getuid")))
uid_t getuid(void);

__attribute__((import_module("env"), import_name("geteuid")))
uid_t geteuid(void);

__attribute__((import_module("env"), import_name("getgid")))
gid_t getgid(void);

__attribute__((import_module("env"), import_name("getegid")))
gid_t getegid(void);

__attribute__((import_module("env"), import_name("gethostname")))
int gethostname(char *name, size_t len);

// Grows or shrinks memory and returns where it ended before; 0 asks.
__attribute__((import_module("env"), import_name("__sbrk")))
void *__sbrk(intptr_t increment);

#ifdef __cplusplus
}
#endif

#endif
