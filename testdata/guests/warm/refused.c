// Exports that prepare it, or rather do not: each fails in its own way.
#include <stdio.h>
#include <stdlib.h>
#include <wasi/api.h>

#define EXPORT(name) __attribute__((export_name(#name))) int name(void)

static volatile int turns;

EXPORT(loops)
{
    for (;;)
        turns++;
}

EXPORT(traps)
{
    __builtin_trap();
}

EXPORT(exits)
{
    exit(3);
}

EXPORT(fails)
{
    return 7;
}

EXPORT(writes)
{
    for (int i = 0; i < 100; i++)
        printf("%01023d\n", i);
    return 0;
}

// It wants 32 MiB.
EXPORT(allocates)
{
    char *room = malloc(32 << 20);
    if (!room)
        __builtin_trap();
    *(volatile char *)room = 1;
    return 0;
}

// It wants a file of its directory.
EXPORT(reads)
{
    __wasi_fd_t model;
    if (__wasi_path_open(3, 0, "model", 0, __WASI_RIGHTS_FD_READ, 0, 0, &model))
        return 1;
    return __wasi_fd_close(model);
}

int main(void)
{
    puts("main");
    return 0;
}
