// The numbers of RFC 1951, section 3.2.5 to 3.2.7, that both directions need.
#ifndef IMGSMITH_DEFLATE_TABLES_H
#define IMGSMITH_DEFLATE_TABLES_H

#include <stdint.h>

enum {
  LITERALS = 286,       // literals, end of block, lengths
  DISTANCES = 30,
  CODE_LENGTHS = 19,    // the alphabet in which code lengths are written
  END_OF_BLOCK = 256,
  FIRST_LENGTH = 257,
  SHORTEST_MATCH = 3,
  LONGEST_MATCH = 258,
  WINDOW = 32768,
};

static const uint16_t length_base[29] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                         31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
static const uint8_t length_extra[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
static const uint16_t distance_base[DISTANCES] = {1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
                                                  193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
static const uint8_t distance_extra[DISTANCES] = {0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
                                                  6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};
static const uint8_t code_length_order[CODE_LENGTHS] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};

// The lengths of the fixed literal code; the fixed distance code has 5 bits each.
static inline uint8_t fixed_literal_length(int symbol) {
  return symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8;
}

#endif
