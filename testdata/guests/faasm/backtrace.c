// Prints a backtrace from three calls deep in a recursion, through a function that
// optimisation inlines: leaf, middle (inlined), recurse three times, main.
// env: __faasm_backtrace
#include "faasm/faasm.h"

#include <stdio.h>

static volatile int depthReached;

__attribute__((noinline)) static void leaf(int depth)
{
    depthReached = depth;
    faasmBacktrace(0);
}

__attribute__((always_inline)) static inline void middle(int depth)
{
    leaf(depth + 1);
}

__attribute__((noinline)) static int recurse(int left)
{
    if (left == 0) {
        middle(0);
        return 0;
    }
    int below = recurse(left - 1);
    return below + 1;
}

int main(void)
{
    int depth = recurse(2);
    printf("back from depth %d\n", depth);
    return depth == 2 && depthReached == 1 ? 0 : 1;
}
