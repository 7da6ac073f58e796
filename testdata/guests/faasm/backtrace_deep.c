// Prints a backtrace from deep in a recursion, with two files open that it has names
// for and one that it has not any more.
// env: __faasm_backtrace
#include "faasm/faasm.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static volatile int one = 1;

__attribute__((noinline)) static int sum(int n)
{
    if (n == 0) {
        faasmBacktrace(0);
        faasmBacktrace(5001);
        faasmBacktrace(100000);
        return 0;
    }
    return sum(n - one) + one;
}

int main(void)
{
    int kept = open("/kept.txt", O_CREAT | O_RDWR, 0666);
    int again = open("./kept.txt", O_RDONLY);
    int gone = open("/gone.txt", O_CREAT | O_RDWR, 0666);
    if (kept < 0 || again < 0 || gone < 0 || unlink("/gone.txt") != 0) {
        return 2;
    }
    return sum(5000) == 5000 ? 0 : 1;
}
