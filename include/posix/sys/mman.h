// mmap and munmap as calls of the runtime, as Faasm's libc has them. A program
// that asks for wasi-libc's emulation (-D_WASI_EMULATED_MMAN) gets that instead.
#ifdef _WASI_EMULATED_MMAN
#include_next <sys/mman.h>
#else
#ifndef FAASM_POSIX_SYS_MMAN_H
#define FAASM_POSIX_SYS_MMAN_H

#include <stddef.h>
#include <sys/types.h>

#define PROT_NONE 0
#define PROT_READ 1
#define PROT_WRITE 2
#define PROT_EXEC 4

#define MAP_SHARED 0x01
#define MAP_PRIVATE 0x02
#define MAP_FIXED 0x10
#define MAP_ANON 0x20
#define MAP_ANONYMOUS MAP_ANON
#define MAP_FAILED ((void *)-1)

#ifdef __cplusplus
extern "C" {
#endif

// Takes new memory; a file's content is read into it. addr is no more than a hint.
__attribute__((import_module("env"), import_name("mmap")))
void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset);

__attribute__((import_module("env"), import_name("munmap")))
int munmap(void *addr, size_t length);

#ifdef __cplusplus
}
#endif

#endif
#endif
