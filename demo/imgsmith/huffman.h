// Canonical Huffman codes as DEFLATE uses them (RFC 1951, section 3.2.2).
#ifndef IMGSMITH_HUFFMAN_H
#define IMGSMITH_HUFFMAN_H

#include <stdint.h>

#include "fault.h"

enum {
  HUFFMAN_LONGEST = 15,  // bits of a code
  HUFFMAN_SYMBOLS = 288, // of the largest alphabet
  HUFFMAN_FAST = 9,      // bits that are looked up at once
};

// A code for decoding.
struct huffman_decoder {
  // By the next HUFFMAN_FAST bits: symbol << 4 | length, or 0 for longer codes.
  uint16_t fast[1 << HUFFMAN_FAST];
  uint16_t count[HUFFMAN_LONGEST + 1]; // codes of each length
  uint16_t symbol[HUFFMAN_SYMBOLS];    // by rising code
};

// Builds the decoder for n symbols of given lengths, 0 for those without a code.
// Fails for lengths that claim more codes than there are, and for ones that leave
// some bits without a meaning, except for a single code of one bit.
bool huffman_decoder_build(struct huffman_decoder *d, const uint8_t *lengths, int n, const char *what, struct fault *fault);

// Returns the symbol that the bits start with and its length in bits, or -1 when
// no code of at most available bits matches. The first bit is the lowest.
int huffman_decode(const struct huffman_decoder *d, uint32_t bits, int available, int *length);

// Finds code lengths of at most longest bits that make the text with these
// frequencies shortest. Symbols of frequency 0 get length 0.
bool huffman_lengths(const uint32_t *frequency, int n, int longest, uint8_t *lengths, struct fault *fault);

// Assigns the canonical codes, their bits turned round to be written lowest first.
void huffman_codes(const uint8_t *lengths, int n, uint16_t *codes);

#endif
