#include "filter.h"

#include <math.h>
#include <string.h>

#include "weights.h"

static const float luma_weights[3] = {0.2126f, 0.7152f, 0.0722f};

static float luma(const float *p, int channels) {
  if (channels < 3) return p[0];
  return luma_weights[0] * p[0] + luma_weights[1] * p[1] + luma_weights[2] * p[2];
}

static bool copy(struct image *to, const struct image *from, struct fault *fault) {
  if (!image_make(to, from->width, from->height, from->channels, fault)) return false;
  memcpy(to->samples, from->samples, image_size(from) * sizeof *from->samples);
  return true;
}

// Replaces the picture by its filtered form; takes the weights of both axes.
static bool apply(struct image *image, const struct weights *along, const struct weights *down, struct fault *fault) {
  struct image work;
  if (!copy(&work, image, fault)) return false;
  image_premultiply(&work);
  if (!weights_apply_transposed(along, &work, fault) || !weights_apply_transposed(down, &work, fault)) {
    image_free(&work);
    return false;
  }
  image_unpremultiply(&work);
  image_free(image);
  *image = work;
  return true;
}

bool filter_resize(struct image *image, int width, int height, struct fault *fault) {
  if (width == 0) width = (int)((long long)image->width * height / image->height);
  if (height == 0) height = (int)((long long)image->height * width / image->width);
  if (width < 1) width = 1;
  if (height < 1) height = 1;
  if (width > IMAGE_WIDEST || height > IMAGE_WIDEST)
    return fault_set(fault, FAULT_USAGE, "resize to %d x %d: at most %d along a side", width, height, IMAGE_WIDEST);
  struct weights along = {0}, down = {0};
  bool done = weights_lanczos(&along, image->width, width, fault) && weights_lanczos(&down, image->height, height, fault) &&
              apply(image, &along, &down, fault);
  weights_free(&along);
  weights_free(&down);
  return done;
}

bool filter_blur(struct image *image, double sigma, struct fault *fault) {
  struct weights along = {0}, down = {0};
  bool done = weights_gauss(&along, image->width, sigma, fault) && weights_gauss(&down, image->height, sigma, fault) &&
              apply(image, &along, &down, fault);
  weights_free(&along);
  weights_free(&down);
  return done;
}

bool filter_sharpen(struct image *image, double sigma, double amount, struct fault *fault) {
  struct image soft;
  if (!copy(&soft, image, fault)) return false;
  if (!filter_blur(&soft, sigma, fault)) {
    image_free(&soft);
    return false;
  }
  int colors = image_colors(image);
  size_t size = image_size(image);
  for (size_t i = 0; i < size; i += (size_t)image->channels)
    for (size_t c = i; c < i + (size_t)colors; c++) {
      float v = image->samples[c] + (float)amount * (image->samples[c] - soft.samples[c]);
      image->samples[c] = v < 0 ? 0 : v > 255 ? 255 : v;
    }
  image_free(&soft);
  return true;
}

bool filter_gray(struct image *image, struct fault *fault) {
  struct image gray;
  bool alpha = image_has_alpha(image);
  if (!image_make(&gray, image->width, image->height, alpha ? 2 : 1, fault)) return false;
  const float *in = image->samples;
  float *end = gray.samples + image_size(&gray);
  for (float *out = gray.samples; out < end; out += gray.channels, in += image->channels) {
    out[0] = luma(in, image->channels);
    if (alpha) out[1] = in[image->channels - 1];
  }
  image_free(image);
  *image = gray;
  return true;
}

static float sobel(const float *above, const float *here, const float *below, int left, int x, int right) {
  float across = above[right] - above[left] + 2 * (here[right] - here[left]) + below[right] - below[left];
  float down = below[left] - above[left] + 2 * (below[x] - above[x]) + below[right] - above[right];
  return sqrtf(across * across + down * down) / 4;
}

bool filter_edges(struct image *image, struct fault *fault) {
  struct image gray, edges;
  if (!image_make(&gray, image->width, image->height, 1, fault)) return false;
  if (!image_make(&edges, image->width, image->height, 1, fault)) {
    image_free(&gray);
    return false;
  }
  for (size_t i = 0; i < image_size(&gray); i++) gray.samples[i] = luma(image->samples + i * (size_t)image->channels, image->channels);
  for (int y = 0; y < gray.height; y++) {
    const float *above = image_row(&gray, y > 0 ? y - 1 : y), *here = image_row(&gray, y);
    const float *below = image_row(&gray, y < gray.height - 1 ? y + 1 : y);
    float *out = image_row(&edges, y);
    for (int x = 0; x < gray.width; x++) out[x] = sobel(above, here, below, x > 0 ? x - 1 : x, x, x < gray.width - 1 ? x + 1 : x);
  }
  image_free(&gray);
  image_free(image);
  *image = edges;
  return true;
}

bool filter_equalize(struct image *image, struct fault *fault) {
  (void)fault; // needs no memory
  size_t histogram[256] = {0}, sum = 0, pixels = (size_t)image->width * (size_t)image->height;
  float *end = image->samples + image_size(image);
  for (float *p = image->samples; p < end; p += image->channels) histogram[image_byte(luma(p, image->channels))]++;
  float target[256];
  size_t lowest = 0;
  for (int i = 0; i < 256; i++) {
    if (sum == 0) lowest = histogram[i];
    sum += histogram[i];
    target[i] = pixels == lowest ? (float)i : 255 * (float)(sum > lowest ? sum - lowest : 0) / (float)(pixels - lowest);
  }
  int colors = image_colors(image);
  for (float *p = image->samples; p < end; p += image->channels) {
    float old = luma(p, image->channels), change = target[image_byte(old)] - old;
    for (int c = 0; c < colors; c++) {
      float v = p[c] + change;
      p[c] = v < 0 ? 0 : v > 255 ? 255 : v;
    }
  }
  return true;
}
