// Fails deep inside, by dividing by zero.
#include <stdio.h>

static volatile int zero;

__attribute__((noinline)) static int divide(int by) { return 7 / by; }

int main(void)
{
    puts("about to fail");
    return divide(zero);
}
