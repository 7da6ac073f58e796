#include <stdlib.h>
#include <string.h>

#include "checksum.h"
#include "inflate.h"
#include "png.h"

struct chunk {
  char type[5];
  const uint8_t *data;
  size_t size;
};

// A file on the way to become a picture.
struct reader {
  const uint8_t *data;
  size_t size, at;
  struct chunk next; // the chunk that comes next, once looked at
  bool ahead;

  uint32_t width, height;
  int depth, channels; // of the file: bits a sample, samples a pixel
  enum png_color color;
  bool interlaced;
  uint8_t palette[256][4];
  int palette_size;
  bool transparent;    // a tRNS chunk was there
  uint16_t key[3];     // the sample values that it makes transparent
};

// One of the seven passes of an interlaced picture, or all of a plain one.
struct pass {
  uint32_t x, y, dx, dy;
};

static const struct pass adam7[7] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
static const struct pass whole = {0, 0, 1, 1};

static uint32_t be32(const uint8_t *p) { return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]; }

static uint16_t be16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }

// --- chunks ---

static bool read_chunk(struct reader *r, struct chunk *c, struct fault *fault) {
  size_t left = r->size - r->at;
  if (left < 12) return fault_set(fault, FAULT_DAMAGED, "the file ends at byte %zu, where a chunk should start", r->at);
  const uint8_t *p = r->data + r->at;
  c->size = be32(p);
  memcpy(c->type, p + 4, 4);
  c->type[4] = '\0';
  for (int i = 0; i < 4; i++)
    if (!((c->type[i] | 32) >= 'a' && (c->type[i] | 32) <= 'z'))
      return fault_set(fault, FAULT_DAMAGED, "at byte %zu: a chunk's name has the byte %02x", r->at, (unsigned char)c->type[i]);
  c->data = p + 8;
  if (c->size > left - 12)
    return fault_set(fault, FAULT_DAMAGED, "chunk %s at byte %zu: %zu bytes, but the file has only %zu more", c->type, r->at, c->size, left - 12);
  uint32_t got = crc32_end(crc32_add(crc32_start(), p + 4, c->size + 4)), want = be32(c->data + c->size);
  if (got != want)
    return fault_set(fault, FAULT_DAMAGED, "chunk %s at byte %zu: checksum %08x, should be %08x", c->type, r->at, got, want);
  r->at += c->size + 12;
  return true;
}

// Makes the next chunk known without consuming it.
static bool peek_chunk(struct reader *r, struct fault *fault) {
  if (!r->ahead && !read_chunk(r, &r->next, fault)) return false;
  r->ahead = true;
  return true;
}

static bool is(const struct chunk *c, const char *type) { return strcmp(c->type, type) == 0; }

static bool depth_fits(enum png_color color, int depth) {
  switch (color) {
  case PNG_GRAY: return depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
  case PNG_PALETTE: return depth == 1 || depth == 2 || depth == 4 || depth == 8;
  case PNG_RGB:
  case PNG_GRAY_ALPHA:
  case PNG_RGB_ALPHA: return depth == 8 || depth == 16;
  }
  return false;
}

static bool read_header(struct reader *r, struct fault *fault) {
  struct chunk c;
  if (!read_chunk(r, &c, fault)) return false;
  if (!is(&c, "IHDR") || c.size != 13) return fault_set(fault, FAULT_DAMAGED, "the first chunk is %s of %zu bytes, should be IHDR of 13", c.type, c.size);
  r->width = be32(c.data);
  r->height = be32(c.data + 4);
  r->depth = c.data[8];
  r->color = c.data[9];
  r->interlaced = c.data[12] == 1;
  if (r->width == 0 || r->height == 0) return fault_set(fault, FAULT_DAMAGED, "a picture of %u x %u pixels", r->width, r->height);
  if (!depth_fits(r->color, r->depth)) return fault_set(fault, FAULT_DAMAGED, "colour type %d with %d bits a sample", c.data[9], r->depth);
  if (c.data[10] != 0 || c.data[11] != 0 || c.data[12] > 1)
    return fault_set(fault, FAULT_DAMAGED, "compression %d, filtering %d, interlacing %d: some of them do not exist", c.data[10], c.data[11], c.data[12]);
  if (r->width > IMAGE_WIDEST || r->height > IMAGE_WIDEST || (uint64_t)r->width * r->height > IMAGE_MOST)
    return fault_set(fault, FAULT_UNSUPPORTED, "a picture of %u x %u pixels: at most %d along a side and %d in all", r->width, r->height,
                     IMAGE_WIDEST, IMAGE_MOST);
  static const int channels[] = {[PNG_GRAY] = 1, [PNG_RGB] = 3, [PNG_PALETTE] = 1, [PNG_GRAY_ALPHA] = 2, [PNG_RGB_ALPHA] = 4};
  r->channels = channels[r->color];
  return true;
}

static bool read_palette(struct reader *r, const struct chunk *c, struct fault *fault) {
  if (r->palette_size != 0 || c->size == 0 || c->size % 3 != 0 || c->size > 3 * 256 || r->color == PNG_GRAY || r->color == PNG_GRAY_ALPHA)
    return fault_set(fault, FAULT_DAMAGED, "a palette of %zu bytes does not fit here", c->size);
  r->palette_size = (int)(c->size / 3);
  for (int i = 0; i < r->palette_size; i++) {
    memcpy(r->palette[i], c->data + 3 * i, 3);
    r->palette[i][3] = 255;
  }
  return true;
}

static bool read_transparency(struct reader *r, const struct chunk *c, struct fault *fault) {
  r->transparent = true;
  if (r->color == PNG_PALETTE && c->size <= (size_t)r->palette_size) {
    for (size_t i = 0; i < c->size; i++) r->palette[i][3] = c->data[i];
    return true;
  }
  if ((r->color == PNG_GRAY && c->size == 2) || (r->color == PNG_RGB && c->size == 6)) {
    for (int i = 0; i < r->channels; i++) r->key[i] = be16(c->data + 2 * i);
    return true;
  }
  return fault_set(fault, FAULT_DAMAGED, "a tRNS chunk of %zu bytes does not fit colour type %d", c->size, (int)r->color);
}

// Reads everything between the header and the pixels.
static bool read_settings(struct reader *r, struct fault *fault) {
  for (; peek_chunk(r, fault); r->ahead = false) {
    const struct chunk *c = &r->next;
    if (is(c, "IDAT")) {
      if (r->color == PNG_PALETTE && r->palette_size == 0) return fault_set(fault, FAULT_DAMAGED, "no palette before the pixels");
      return true;
    }
    if (is(c, "PLTE")) {
      if (!read_palette(r, c, fault)) return false;
    } else if (is(c, "tRNS")) {
      if (!read_transparency(r, c, fault)) return false;
    } else if (is(c, "IEND")) {
      return fault_set(fault, FAULT_DAMAGED, "the file has no pixels");
    } else if ((c->type[0] & 32) == 0) {
      return fault_set(fault, FAULT_UNSUPPORTED, "chunk %s is needed to show the picture, and unknown here", c->type);
    }
  }
  return false;
}

// Hands the content of consecutive IDAT chunks to the decompressor.
static bool next_pixels(void *context, const uint8_t **data, size_t *size, struct fault *fault) {
  struct reader *r = context;
  *size = 0;
  while (*size == 0) {
    if (!peek_chunk(r, fault)) return false;
    if (!is(&r->next, "IDAT")) return true;
    r->ahead = false;
    *data = r->next.data;
    *size = r->next.size;
  }
  return true;
}

// --- rows ---

static size_t row_bytes(const struct reader *r, uint32_t width) { return ((size_t)width * (size_t)(r->channels * r->depth) + 7) / 8; }

static uint32_t pass_width(const struct reader *r, const struct pass *p) { return r->width > p->x ? (r->width - p->x + p->dx - 1) / p->dx : 0; }

static uint32_t pass_height(const struct reader *r, const struct pass *p) { return r->height > p->y ? (r->height - p->y + p->dy - 1) / p->dy : 0; }

static size_t pass_bytes(const struct reader *r, const struct pass *p) {
  uint32_t width = pass_width(r, p);
  return width == 0 ? 0 : (row_bytes(r, width) + 1) * pass_height(r, p);
}

uint8_t png_paeth(uint8_t left, uint8_t above, uint8_t corner) {
  int p = left + above - corner;
  int a = abs(p - left), b = abs(p - above), c = abs(p - corner);
  return a <= b && a <= c ? left : b <= c ? above : corner;
}

// Undoes a row's filter. above has zeros for the first row; step is the distance to
// the byte of the pixel to the left.
static bool unfilter(int filter, uint8_t *row, const uint8_t *above, size_t size, size_t step, struct fault *fault) {
  if (filter >= PNG_FILTERS) return fault_set(fault, FAULT_DAMAGED, "filter type %d does not exist", filter);
  for (size_t i = 0; i < size; i++) {
    uint8_t left = i >= step ? row[i - step] : 0, corner = i >= step ? above[i - step] : 0;
    switch (filter) {
    case 1: row[i] = (uint8_t)(row[i] + left); break;
    case 2: row[i] = (uint8_t)(row[i] + above[i]); break;
    case 3: row[i] = (uint8_t)(row[i] + (left + above[i]) / 2); break;
    case 4: row[i] = (uint8_t)(row[i] + png_paeth(left, above[i], corner)); break;
    }
  }
  return true;
}

static uint16_t sample(const uint8_t *row, size_t index, int depth) {
  if (depth == 16) return be16(row + 2 * index);
  if (depth == 8) return row[index];
  size_t bit = index * (size_t)depth;
  return (uint16_t)(row[bit / 8] >> (8 - depth - (int)(bit % 8)) & ((1 << depth) - 1));
}

static bool put_palette_pixel(const struct reader *r, uint16_t index, float *out, struct fault *fault) {
  if (index >= r->palette_size) return fault_set(fault, FAULT_DAMAGED, "colour %d of a palette of %d", index, r->palette_size);
  for (int i = 0; i < 3 + r->transparent; i++) out[i] = r->palette[index][i];
  return true;
}

static bool put_row(const struct reader *r, const struct pass *p, uint32_t y, const uint8_t *row, struct image *image, struct fault *fault) {
  float scale = 255.0f / (float)((1 << r->depth) - 1);
  uint32_t width = pass_width(r, p);
  for (uint32_t x = 0; x < width; x++) {
    float *out = image_row(image, (int)(p->y + y * p->dy)) + (size_t)(p->x + x * p->dx) * (size_t)image->channels;
    if (r->color == PNG_PALETTE) {
      if (!put_palette_pixel(r, sample(row, x, r->depth), out, fault)) return false;
      continue;
    }
    bool keyed = r->transparent;
    for (int c = 0; c < r->channels; c++) {
      uint16_t v = sample(row, (size_t)x * (size_t)r->channels + (size_t)c, r->depth);
      out[c] = (float)v * scale;
      if (r->transparent && v != r->key[c]) keyed = false;
    }
    if (r->transparent) out[r->channels] = keyed ? 0 : 255;
  }
  return true;
}

static bool put_pass(const struct reader *r, const struct pass *p, uint8_t *pixels, const uint8_t *zeros, struct image *image, struct fault *fault) {
  uint32_t width = pass_width(r, p), height = width == 0 ? 0 : pass_height(r, p);
  size_t size = row_bytes(r, width), step = (size_t)(r->channels * r->depth + 7) / 8;
  const uint8_t *above = zeros;
  for (uint32_t y = 0; y < height; y++) {
    uint8_t *row = pixels + y * (size + 1);
    if (!unfilter(row[0], row + 1, above, size, step, fault) || !put_row(r, p, y, row + 1, image, fault)) return false;
    above = row + 1;
  }
  return true;
}

static bool put_pixels(const struct reader *r, uint8_t *pixels, const uint8_t *zeros, struct image *image, struct fault *fault) {
  if (!r->interlaced) return put_pass(r, &whole, pixels, zeros, image, fault);
  for (int i = 0; i < 7; i++) {
    if (!put_pass(r, &adam7[i], pixels, zeros, image, fault)) return false;
    pixels += pass_bytes(r, &adam7[i]);
  }
  return true;
}

static bool read_pixels(struct reader *r, struct image *image, struct fault *fault) {
  size_t size = 0;
  if (!r->interlaced) size = pass_bytes(r, &whole);
  for (int i = 0; r->interlaced && i < 7; i++) size += pass_bytes(r, &adam7[i]);
  uint8_t *pixels = malloc(size), *zeros = calloc(row_bytes(r, r->width), 1);
  bool done = false;
  if (pixels == NULL || zeros == NULL) {
    fault_set(fault, FAULT_MEMORY, "no memory for %zu bytes of pixels", size);
  } else {
    struct source source = {next_pixels, r};
    done = zlib_decompress(&source, pixels, size, fault) && put_pixels(r, pixels, zeros, image, fault);
  }
  free(pixels);
  free(zeros);
  return done;
}

bool png_read(const uint8_t *data, size_t size, struct image *image, struct fault *fault) {
  struct reader r = {.data = data, .size = size, .at = 8};
  if (size < 8 || memcmp(data, PNG_SIGNATURE, 8) != 0) return fault_set(fault, FAULT_DAMAGED, "not a PNG file: it does not start with PNG's signature");
  if (!read_header(&r, fault) || !read_settings(&r, fault)) return false;
  int channels = r.color == PNG_PALETTE ? 3 : r.channels;
  if (!image_make(image, (int)r.width, (int)r.height, channels + r.transparent, fault)) return false;
  if (read_pixels(&r, image, fault)) return true;
  image_free(image);
  return false;
}
