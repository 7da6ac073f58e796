// An export makes a table; main adds up its entries and traps if it is told to, two calls
// deep, or if the table is not there.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned *squares;

__attribute__((export_name("prepare"))) int prepare(void)
{
    squares = malloc(1000 * sizeof *squares);
    for (unsigned i = 0; i < 1000; i++)
        squares[i] = i * i;
    return 0;
}

__attribute__((export_name("prepare_some"))) int prepare_some(int n)
{
    return n;
}

__attribute__((noinline)) static void fail(const char *why)
{
    fputs(why, stderr);
    abort();
}

int main(int argc, char **argv)
{
    unsigned sum = 0;
    if (!squares)
        fail("nothing is prepared\n");
    for (unsigned i = 0; i < 1000; i++)
        sum += squares[i];
    squares[7] = 0;
    if (argc > 1 && !strcmp(argv[1], "fail"))
        fail("told to\n");
    printf("%u\n", sum);
    return 0;
}
