#include "checksum.h"

// One row of the usual table of 256 for each half of a byte.
static const uint32_t nibble[16] = {
    0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
    0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
};

uint32_t crc32_start(void) { return 0xffffffff; }

uint32_t crc32_end(uint32_t crc) { return ~crc; }

uint32_t crc32_add(uint32_t crc, const void *data, size_t size) {
  const uint8_t *p = data;
  for (size_t i = 0; i < size; i++) {
    crc ^= p[i];
    crc = crc >> 4 ^ nibble[crc & 15];
    crc = crc >> 4 ^ nibble[crc & 15];
  }
  return crc;
}

uint32_t adler32(const void *data, size_t size) {
  enum { BASE = 65521, STRETCH = 5552 }; // the most bytes before b can overflow
  const uint8_t *p = data;
  uint32_t a = 1, b = 0;
  while (size > 0) {
    size_t n = size < STRETCH ? size : STRETCH;
    for (size_t i = 0; i < n; i++) {
      a += p[i];
      b += a;
    }
    a %= BASE;
    b %= BASE;
    p += n;
    size -= n;
  }
  return b << 16 | a;
}
