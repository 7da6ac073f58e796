#include <stdlib.h>
#include <string.h>

#include "checksum.h"
#include "deflate.h"
#include "png.h"

static bool put_chunk(struct buffer *out, const char *type, const uint8_t *data, size_t size, struct fault *fault) {
  uint32_t crc = crc32_end(crc32_add(crc32_add(crc32_start(), type, 4), data, size));
  return buffer_put_be32(out, (uint32_t)size, fault) && buffer_append(out, type, 4, fault) && buffer_append(out, data, size, fault) &&
         buffer_put_be32(out, crc, fault);
}

static bool put_header(struct buffer *out, const struct image *image, struct fault *fault) {
  static const uint8_t colors[] = {0, PNG_GRAY, PNG_GRAY_ALPHA, PNG_RGB, PNG_RGB_ALPHA};
  uint32_t w = (uint32_t)image->width, h = (uint32_t)image->height;
  uint8_t header[13] = {(uint8_t)(w >> 24), (uint8_t)(w >> 16), (uint8_t)(w >> 8), (uint8_t)w,
                        (uint8_t)(h >> 24), (uint8_t)(h >> 16), (uint8_t)(h >> 8), (uint8_t)h,
                        8, colors[image->channels], 0, 0, 0};
  return put_chunk(out, "IHDR", header, sizeof header, fault);
}

// Filters a row and returns how far its bytes are from zero in all, as signed ones.
static uint64_t filter_row(int filter, const uint8_t *row, const uint8_t *above, size_t size, size_t step, uint8_t *out) {
  uint64_t distance = 0;
  for (size_t i = 0; i < size; i++) {
    uint8_t left = i >= step ? row[i - step] : 0, corner = i >= step ? above[i - step] : 0, guess = 0;
    switch (filter) {
    case 1: guess = left; break;
    case 2: guess = above[i]; break;
    case 3: guess = (uint8_t)((left + above[i]) / 2); break;
    case 4: guess = png_paeth(left, above[i], corner); break;
    }
    out[i] = (uint8_t)(row[i] - guess);
    distance += out[i] < 128 ? out[i] : 256u - out[i];
  }
  return distance;
}

// Writes the row's best filter and its bytes; scratch has room for one row.
static void put_row(const uint8_t *row, const uint8_t *above, size_t size, size_t step, uint8_t *scratch, uint8_t *out) {
  uint64_t least = UINT64_MAX;
  for (int filter = 0; filter < PNG_FILTERS; filter++) {
    uint64_t distance = filter_row(filter, row, above, size, step, scratch);
    if (distance >= least) continue;
    least = distance;
    out[0] = (uint8_t)filter;
    memcpy(out + 1, scratch, size);
  }
}

static void filter_rows(const struct image *image, size_t size, uint8_t *rows, uint8_t *out) {
  uint8_t *row = rows, *above = rows + size, *scratch = rows + 2 * size;
  memset(above, 0, size);
  for (int y = 0; y < image->height; y++) {
    const float *in = image_row(image, y);
    for (size_t i = 0; i < size; i++) row[i] = image_byte(in[i]);
    put_row(row, above, size, (size_t)image->channels, scratch, out + (size_t)y * (size + 1));
    uint8_t *t = row;
    row = above;
    above = t;
  }
}

static bool put_pixels(const struct image *image, int level, struct buffer *out, struct fault *fault) {
  size_t row = (size_t)image->width * (size_t)image->channels, size = (row + 1) * (size_t)image->height;
  uint8_t *filtered = malloc(size), *rows = malloc(3 * row);
  struct buffer compressed = {0};
  bool done = false;
  if (filtered == NULL || rows == NULL) {
    fault_set(fault, FAULT_MEMORY, "no memory for %zu bytes of pixels", size);
  } else {
    filter_rows(image, row, rows, filtered);
    done = zlib_compress(filtered, size, level, &compressed, fault) && put_chunk(out, "IDAT", compressed.data, compressed.size, fault);
  }
  buffer_free(&compressed);
  free(rows);
  free(filtered);
  return done;
}

bool png_write(const struct image *image, int level, struct buffer *out, struct fault *fault) {
  return buffer_append(out, PNG_SIGNATURE, 8, fault) && put_header(out, image, fault) && put_pixels(image, level, out, fault) &&
         put_chunk(out, "IEND", NULL, 0, fault);
}
