// The two checksums of a PNG file.
#ifndef IMGSMITH_CHECKSUM_H
#define IMGSMITH_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

// Continues a CRC-32 as PNG's annex D defines it. Start with crc32_start and take
// crc32_end of the last result.
uint32_t crc32_start(void);
uint32_t crc32_add(uint32_t crc, const void *data, size_t size);
uint32_t crc32_end(uint32_t crc);

// Adler-32 of RFC 1950, section 8.2, of the whole data.
uint32_t adler32(const void *data, size_t size);

#endif
