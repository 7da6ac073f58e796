// PNG files (W3C Recommendation, second edition).
#ifndef IMGSMITH_PNG_H
#define IMGSMITH_PNG_H

#include "buffer.h"
#include "image.h"

// Decodes a file of any colour type, bit depth and interlacing. Colours keep the
// file's encoding; 16-bit samples keep their precision.
bool png_read(const uint8_t *data, size_t size, struct image *image, struct fault *fault);

// Appends the picture as a file with 8 bits a sample, compressed at a level of 1 to 9.
bool png_write(const struct image *image, int level, struct buffer *out, struct fault *fault);

// What both directions share.
#define PNG_SIGNATURE "\x89PNG\r\n\x1a\n"

enum { PNG_FILTERS = 5 };

enum png_color { PNG_GRAY = 0, PNG_RGB = 2, PNG_PALETTE = 3, PNG_GRAY_ALPHA = 4, PNG_RGB_ALPHA = 6 };

// The predictor of filter type 4 (section 9.4).
uint8_t png_paeth(uint8_t left, uint8_t above, uint8_t corner);

#endif
