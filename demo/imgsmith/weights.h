// The weights of a one-dimensional filter, and its use along both axes.
#ifndef IMGSMITH_WEIGHTS_H
#define IMGSMITH_WEIGHTS_H

#include "image.h"

// For each of count results: the first input and span weights, which add up to 1.
// Inputs are clamped to the picture by whoever uses them.
struct weights {
  int count, span;
  int *first;
  float *values;
};

bool weights_lanczos(struct weights *w, int from, int to, struct fault *fault);
bool weights_gauss(struct weights *w, int size, double sigma, struct fault *fault);
void weights_free(struct weights *w);

// Filters along the rows and turns the picture by transposing it: two calls filter
// both axes and restore the orientation.
bool weights_apply_transposed(const struct weights *w, struct image *image, struct fault *fault);

#endif
