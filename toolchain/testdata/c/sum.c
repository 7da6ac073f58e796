#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline)) static int square(int x)
{
    return x * x;
}

__attribute__((noinline)) int sum_of_squares(const int *values, int n)
{
    int sum = 0;
    for (int i = 0; i < n; i++)
        sum += square(values[i]);
    return sum;
}

int main(int argc, char **argv)
{
    int values[] = {1, 2, 3, argc};
    printf("sum %d\n", sum_of_squares(values, 4));
    return argc > 1 ? atoi(argv[1]) : 0;
}
