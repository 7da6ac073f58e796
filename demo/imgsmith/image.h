// Pictures in memory.
#ifndef IMGSMITH_IMAGE_H
#define IMGSMITH_IMAGE_H

#include <stddef.h>

#include "fault.h"

enum {
  IMAGE_WIDEST = 16384,       // pixels along one side
  IMAGE_MOST = 32 * 1024 * 1024, // pixels
};

// Samples lie row by row, interleaved, from 0 (none) to 255 (full), in the
// encoding of the file. Channels: 1 gray, 2 gray and alpha, 3 red, green and blue,
// 4 those and alpha.
struct image {
  int width, height, channels;
  float *samples;
};

bool image_make(struct image *image, int width, int height, int channels, struct fault *fault);
void image_free(struct image *image);

static inline bool image_has_alpha(const struct image *image) { return image->channels % 2 == 0; }

// How many channels are not alpha.
static inline int image_colors(const struct image *image) { return (image->channels - 1) / 2 * 2 + 1; }

static inline size_t image_size(const struct image *image) {
  return (size_t)image->width * (size_t)image->height * (size_t)image->channels;
}

static inline float *image_row(const struct image *image, int y) {
  return image->samples + (size_t)y * (size_t)image->width * (size_t)image->channels;
}

// Makes the colours of translucent pixels count less, so that filters do not mix
// in colours that nobody sees, and takes that back.
void image_premultiply(struct image *image);
void image_unpremultiply(struct image *image);

// Rounds a sample to a whole number from 0 to 255.
unsigned char image_byte(float sample);

#endif
