// Makes a million weights when it is initialised; main prints what they add up to, scaled.
#include <stdio.h>
#include <stdlib.h>

#define WEIGHTS 1000000

static float *weights;

int load_model(void)
{
    weights = malloc(WEIGHTS * sizeof *weights);
    if (weights == NULL) return 1;
    unsigned random = 1;
    for (int i = 0; i < WEIGHTS; i++) {
        random = random * 1664525 + 1013904223;
        weights[i] = (float)(random >> 8) / (1 << 23);
    }
    fputs("model loaded\n", stderr);
    return 0;
}

int main(void)
{
    double sum = 0;
    for (int i = 0; i < WEIGHTS; i += 1000) sum += weights[i];
    printf("%f\n", sum / (WEIGHTS / 1000));
    return 0;
}
