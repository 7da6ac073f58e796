// Ends as its first argument says; each way is a function of its own. Without one, it
// prints a line and returns 0. Built at -O0, so that every call has a frame.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile int zero;

static void unreachable(void) { __builtin_trap(); }

static int divide(void) { return 1 / zero; }

static void outside(void) { *(volatile int *)0xfffffff0 = 1; }

static void null_call(void)
{
    void (*volatile f)(void) = NULL;
    f();
}

// Sixteen bytes of C stack a call: the native stack ends first.
static int recurse(int n) { return zero ? n : recurse(n + 1) + 1; }

static int even(int n);
static int odd(int n) { return n == 0 ? divide() : even(n - 1) + 1; }
static int even(int n) { return n == 0 ? divide() : odd(n - 1) + 1; }

static void spin(void)
{
    for (;;) {
        zero = 0;
    }
}

static void bomb(void)
{
    for (;;) {
        volatile char *p = malloc(1 << 20);
        if (p == NULL) {
            exit(3);
        }
        p[0] = 1;
    }
}

static void flood(FILE *to)
{
    char line[1024];
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\n';
    for (;;) {
        fwrite(line, sizeof line, 1, to);
    }
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";
    int n = argc > 2 ? atoi(argv[2]) : 0;
    if (strcmp(how, "unreachable") == 0) {
        unreachable();
    } else if (strcmp(how, "divide") == 0) {
        return divide();
    } else if (strcmp(how, "outside") == 0) {
        outside();
    } else if (strcmp(how, "null-call") == 0) {
        null_call();
    } else if (strcmp(how, "recurse") == 0) {
        return recurse(0);
    } else if (strcmp(how, "even") == 0) {
        return even(n);
    } else if (strcmp(how, "spin") == 0) {
        spin();
    } else if (strcmp(how, "bomb") == 0) {
        bomb();
    } else if (strcmp(how, "flood") == 0) {
        flood(stdout);
    } else if (strcmp(how, "flood-stderr") == 0) {
        flood(stderr);
    } else if (strcmp(how, "return") == 0) {
        return n;
    } else if (strcmp(how, "exit") == 0) {
        exit(n);
    } else if (strcmp(how, "read-forever") == 0) {
        char c;
        fputs("reading\n", stderr);
        return (int)read(0, &c, 1);
    } else if (strcmp(how, "spin-forever") == 0) {
        fputs("spinning\n", stderr);
        spin();
    }
    puts("at its end");
    return 0;
}
