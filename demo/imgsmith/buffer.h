// A growing array of bytes.
#ifndef IMGSMITH_BUFFER_H
#define IMGSMITH_BUFFER_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "fault.h"

// Zeroed, it is empty and owns nothing.
struct buffer {
  uint8_t *data;
  size_t size, room;
};

bool buffer_append(struct buffer *b, const void *data, size_t size, struct fault *fault);
bool buffer_put(struct buffer *b, uint8_t byte, struct fault *fault);
// Appends four bytes, the most significant first.
bool buffer_put_be32(struct buffer *b, uint32_t value, struct fault *fault);
// Appends the rest of a file, at most limit bytes.
bool buffer_read(struct buffer *b, FILE *file, const char *name, size_t limit, struct fault *fault);
void buffer_free(struct buffer *b);

#endif
