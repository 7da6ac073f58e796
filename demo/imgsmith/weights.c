// Sine and exponential are computed here and not by the C library, whose last digit
// differs between systems: the same input gives the same bytes everywhere.
#include "weights.h"

#include <stdlib.h>

#define PI 3.14159265358979323846
#define LOBES 3

// The sine of pi*x.
static double sine_pi(double x) {
  int turns = (int)(x < 0 ? x - 0.5 : x + 0.5);
  double a = (x - turns) * PI, square = a * a, term = a, sum = a;
  for (int i = 2; i <= 18; i += 2) {
    term *= -square / (i * (i + 1));
    sum += term;
  }
  return turns % 2 == 0 ? sum : -sum;
}

// The exponential of x, from -50 to 0: of a small part of it, squared ten times.
static double exponential(double x) {
  double a = x / 1024, value = 1 + a * (1 + a / 2 * (1 + a / 3 * (1 + a / 4)));
  for (int i = 0; i < 10; i++) value *= value;
  return value;
}

static double lanczos(double x) {
  if (x == 0) return 1;
  if (x <= -LOBES || x >= LOBES) return 0;
  return LOBES * sine_pi(x) * sine_pi(x / LOBES) / (PI * PI * x * x);
}

static bool make(struct weights *w, int count, int span, struct fault *fault) {
  w->count = count;
  w->span = span;
  w->first = malloc((size_t)count * sizeof *w->first);
  w->values = malloc((size_t)count * (size_t)span * sizeof *w->values);
  if (w->first != NULL && w->values != NULL) return true;
  weights_free(w);
  return fault_set(fault, FAULT_MEMORY, "no memory for a filter of %d times %d weights", count, span);
}

void weights_free(struct weights *w) {
  free(w->first);
  free(w->values);
  w->first = NULL;
  w->values = NULL;
}

static void normalize(float *values, int span) {
  double sum = 0;
  for (int i = 0; i < span; i++) sum += (double)values[i];
  for (int i = 0; i < span; i++) values[i] = (float)((double)values[i] / sum);
}

bool weights_lanczos(struct weights *w, int from, int to, struct fault *fault) {
  double scale = (double)from / to, stretch = scale > 1 ? scale : 1;
  int span = 2 * (int)(LOBES * stretch + 1) + 1;
  if (!make(w, to, span, fault)) return false;
  for (int i = 0; i < to; i++) {
    double center = (i + 0.5) * scale - 0.5;
    int first = (int)center - span / 2;
    float *values = w->values + (size_t)i * (size_t)span;
    for (int k = 0; k < span; k++) values[k] = (float)lanczos((first + k - center) / stretch);
    normalize(values, span);
    w->first[i] = first;
  }
  return true;
}

bool weights_gauss(struct weights *w, int size, double sigma, struct fault *fault) {
  int reach = (int)(3 * sigma + 1), span = 2 * reach + 1;
  if (!make(w, size, span, fault)) return false;
  for (int k = 0; k < span; k++) {
    double x = k - reach;
    w->values[k] = (float)exponential(-x * x / (2 * sigma * sigma));
  }
  normalize(w->values, span);
  for (int i = 0; i < size; i++) {
    w->first[i] = i - reach;
    for (int k = 0; k < span; k++) w->values[(size_t)i * (size_t)span + (size_t)k] = w->values[k];
  }
  return true;
}

static int clamp(int i, int size) { return i < 0 ? 0 : i >= size ? size - 1 : i; }

// Adds up one result from its inputs in a row, for all channels.
static void weigh(const struct weights *w, int i, const float *row, int width, int channels, float *out) {
  const float *values = w->values + (size_t)i * (size_t)w->span;
  float sum[4] = {0, 0, 0, 0};
  for (int k = 0; k < w->span; k++) {
    const float *in = row + (size_t)clamp(w->first[i] + k, width) * (size_t)channels;
    for (int c = 0; c < channels; c++) sum[c] += values[k] * in[c];
  }
  for (int c = 0; c < channels; c++) out[c] = sum[c];
}

bool weights_apply_transposed(const struct weights *w, struct image *image, struct fault *fault) {
  struct image turned;
  if (!image_make(&turned, image->height, w->count, image->channels, fault)) return false;
  for (int y = 0; y < image->height; y++) {
    const float *row = image_row(image, y);
    for (int x = 0; x < w->count; x++)
      weigh(w, x, row, image->width, image->channels, image_row(&turned, x) + (size_t)y * (size_t)image->channels);
  }
  image_free(image);
  *image = turned;
  return true;
}
