// Compression to zlib streams (RFC 1950 and 1951).
#ifndef IMGSMITH_DEFLATE_H
#define IMGSMITH_DEFLATE_H

#include "buffer.h"

enum { DEFLATE_FASTEST = 1, DEFLATE_USUAL = 6, DEFLATE_BEST = 9 };

// Appends the compressed form of data to out. The level says how long to look for
// repetitions. The output depends on the data and the level alone.
bool zlib_compress(const uint8_t *data, size_t size, int level, struct buffer *out, struct fault *fault);

#endif
