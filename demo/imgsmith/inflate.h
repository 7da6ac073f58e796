// Decompression of zlib streams (RFC 1950 and 1951).
#ifndef IMGSMITH_INFLATE_H
#define IMGSMITH_INFLATE_H

#include <stddef.h>
#include <stdint.h>

#include "fault.h"

// Where the compressed bytes come from, piece by piece. next sets the piece, of
// size 0 at the end, or fails.
struct source {
  bool (*next)(void *context, const uint8_t **data, size_t *size, struct fault *fault);
  void *context;
};

// Decompresses a stream that holds exactly size bytes into out. A longer stream is
// damage, and is noticed before anything is written behind out's end.
bool zlib_decompress(const struct source *source, uint8_t *out, size_t size, struct fault *fault);

#endif
