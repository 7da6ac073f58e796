#include "buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(struct buffer *b, size_t more, struct fault *fault) {
  if (more <= b->room - b->size) return true;
  size_t room = b->room == 0 ? 4096 : b->room;
  while (room - b->size < more) {
    if (room > SIZE_MAX / 2) return fault_set(fault, FAULT_MEMORY, "a buffer of %zu bytes is too large", room);
    room *= 2;
  }
  uint8_t *data = realloc(b->data, room);
  if (data == NULL) return fault_set(fault, FAULT_MEMORY, "no memory for a buffer of %zu bytes", room);
  b->data = data;
  b->room = room;
  return true;
}

bool buffer_append(struct buffer *b, const void *data, size_t size, struct fault *fault) {
  if (!reserve(b, size, fault)) return false;
  if (size > 0) memcpy(b->data + b->size, data, size);
  b->size += size;
  return true;
}

bool buffer_put(struct buffer *b, uint8_t byte, struct fault *fault) {
  if (b->size == b->room && !reserve(b, 1, fault)) return false;
  b->data[b->size++] = byte;
  return true;
}

bool buffer_put_be32(struct buffer *b, uint32_t value, struct fault *fault) {
  uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
  return buffer_append(b, bytes, sizeof bytes, fault);
}

bool buffer_read(struct buffer *b, FILE *file, const char *name, size_t limit, struct fault *fault) {
  for (;;) {
    if (!reserve(b, 1 << 16, fault)) return false;
    size_t n = fread(b->data + b->size, 1, b->room - b->size, file);
    b->size += n;
    if (b->size > limit) return fault_set(fault, FAULT_UNSUPPORTED, "%s: more than %zu bytes", name, limit);
    if (n == 0) break;
  }
  if (ferror(file)) return fault_set(fault, FAULT_IO, "read %s: %s", name, strerror(errno));
  return true;
}

void buffer_free(struct buffer *b) {
  free(b->data);
  *b = (struct buffer){NULL, 0, 0};
}
