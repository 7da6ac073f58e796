#include "image.h"

#include <stdlib.h>

bool image_make(struct image *image, int width, int height, int channels, struct fault *fault) {
  if (width < 1 || height < 1 || width > IMAGE_WIDEST || height > IMAGE_WIDEST || (long long)width * height > IMAGE_MOST)
    return fault_set(fault, FAULT_UNSUPPORTED, "a picture of %d x %d pixels: at most %d along a side and %d in all", width, height,
                     IMAGE_WIDEST, IMAGE_MOST);
  *image = (struct image){width, height, channels, NULL};
  image->samples = malloc(image_size(image) * sizeof *image->samples);
  if (image->samples == NULL)
    return fault_set(fault, FAULT_MEMORY, "no memory for a picture of %d x %d pixels", width, height);
  return true;
}

void image_free(struct image *image) {
  free(image->samples);
  image->samples = NULL;
}

unsigned char image_byte(float sample) {
  if (!(sample > 0)) return 0;
  if (sample >= 255) return 255;
  return (unsigned char)(sample + 0.5f);
}

void image_premultiply(struct image *image) {
  if (!image_has_alpha(image)) return;
  int colors = image_colors(image);
  float *end = image->samples + image_size(image);
  for (float *p = image->samples; p < end; p += image->channels)
    for (int c = 0; c < colors; c++) p[c] *= p[colors] / 255;
}

void image_unpremultiply(struct image *image) {
  if (!image_has_alpha(image)) return;
  int colors = image_colors(image);
  float *end = image->samples + image_size(image);
  for (float *p = image->samples; p < end; p += image->channels)
    for (int c = 0; c < colors; c++) p[c] = p[colors] > 0 ? p[c] * 255 / p[colors] : 0;
}
