#include <stdio.h>

static int constructed, prepared;

__attribute__((constructor)) static void construct(void) { constructed++; }

int prepare(void)
{
    prepared++;
    return 0;
}

int main(void)
{
    printf("constructed %d prepared %d\n", constructed, prepared);
    return 0;
}
