// What can be done to a picture. Each function replaces the picture by its result;
// when it fails, the picture is as it was.
#ifndef IMGSMITH_FILTER_H
#define IMGSMITH_FILTER_H

#include "image.h"

// Lanczos interpolation with three lobes. A side of 0 follows the other one, so
// that the proportions stay.
bool filter_resize(struct image *image, int width, int height, struct fault *fault);
// Gaussian blur; sigma in pixels, above 0 and at most 100.
bool filter_blur(struct image *image, double sigma, struct fault *fault);
// Unsharp mask: adds amount times what a blur takes away.
bool filter_sharpen(struct image *image, double sigma, double amount, struct fault *fault);
// The strength of edges by Sobel's operator, as a gray picture.
bool filter_edges(struct image *image, struct fault *fault);
// Luma by the weights of BT.709.
bool filter_gray(struct image *image, struct fault *fault);
// Stretches the histogram of the luma until its sum is a straight line.
bool filter_equalize(struct image *image, struct fault *fault);

#endif
