#include "inflate.h"

#include <string.h>

#include "checksum.h"
#include "deflate_tables.h"
#include "huffman.h"

struct inflater {
  const struct source *source;
  const uint8_t *piece, *piece_end;
  bool ended;      // the source has no more
  uint32_t bits;   // the next bits, the first one lowest
  int bit_count;
  uint8_t *out;
  size_t size, written;
  struct huffman_decoder literals, distances;
};

static bool next_byte(struct inflater *z, uint8_t *byte, struct fault *fault) {
  if (z->piece == z->piece_end) {
    size_t size = 0;
    if (z->ended) return true;
    if (!z->source->next(z->source->context, &z->piece, &size, fault)) return false;
    z->piece_end = z->piece + size;
    if (size == 0) {
      z->ended = true;
      return true;
    }
  }
  *byte = *z->piece++;
  return true;
}

// Gets at least 24 bits ready, or what there is.
static bool refill(struct inflater *z, struct fault *fault) {
  while (z->bit_count <= 24) {
    uint8_t byte = 0;
    if (!next_byte(z, &byte, fault)) return false;
    if (z->ended) return true;
    z->bits |= (uint32_t)byte << z->bit_count;
    z->bit_count += 8;
  }
  return true;
}

static bool cut_short(const struct inflater *z, struct fault *fault) {
  return fault_set(fault, FAULT_DAMAGED, "compressed data ends after %zu of %zu bytes", z->written, z->size);
}

// Takes n bits, at most 16.
static bool take_bits(struct inflater *z, int n, uint32_t *value, struct fault *fault) {
  if (z->bit_count < n) {
    if (!refill(z, fault)) return false;
    if (z->bit_count < n) return cut_short(z, fault);
  }
  *value = z->bits & ((1u << n) - 1);
  z->bits >>= n;
  z->bit_count -= n;
  return true;
}

static bool take_symbol(struct inflater *z, const struct huffman_decoder *code, const char *what, int *symbol, struct fault *fault) {
  if (z->bit_count < HUFFMAN_LONGEST && !refill(z, fault)) return false;
  int length = 0;
  *symbol = huffman_decode(code, z->bits, z->bit_count, &length);
  if (*symbol < 0) {
    if (z->ended && z->bit_count < HUFFMAN_LONGEST) return cut_short(z, fault);
    return fault_set(fault, FAULT_DAMAGED, "no %s has the code that follows byte %zu", what, z->written);
  }
  z->bits >>= length;
  z->bit_count -= length;
  return true;
}

static bool too_long(const struct inflater *z, struct fault *fault) {
  return fault_set(fault, FAULT_DAMAGED, "compressed data holds more than the %zu bytes it should", z->size);
}

static bool stored_block(struct inflater *z, struct fault *fault) {
  uint32_t size, check, skipped;
  if (!take_bits(z, z->bit_count % 8, &skipped, fault)) return false;
  if (!take_bits(z, 16, &size, fault) || !take_bits(z, 16, &check, fault)) return false;
  if (size != (check ^ 0xffff)) return fault_set(fault, FAULT_DAMAGED, "stored block: length %u and its complement %u differ", size, check);
  if (size > z->size - z->written) return too_long(z, fault);
  for (uint32_t i = 0; i < size; i++) {
    uint32_t byte;
    if (!take_bits(z, 8, &byte, fault)) return false;
    z->out[z->written++] = (uint8_t)byte;
  }
  return true;
}

static bool fixed_codes(struct inflater *z, struct fault *fault) {
  uint8_t lengths[HUFFMAN_SYMBOLS];
  for (int i = 0; i < HUFFMAN_SYMBOLS; i++) lengths[i] = fixed_literal_length(i);
  if (!huffman_decoder_build(&z->literals, lengths, HUFFMAN_SYMBOLS, "literal", fault)) return false;
  memset(lengths, 5, 32);
  return huffman_decoder_build(&z->distances, lengths, 32, "distance", fault);
}

// Reads n code lengths, which are themselves run-length and Huffman coded.
static bool read_code_lengths(struct inflater *z, const struct huffman_decoder *code, uint8_t *lengths, int n, struct fault *fault) {
  for (int i = 0; i < n;) {
    int symbol;
    uint32_t more = 0;
    if (!take_symbol(z, code, "code length", &symbol, fault)) return false;
    if (symbol < 16) {
      lengths[i++] = (uint8_t)symbol;
      continue;
    }
    static const int bits[] = {2, 3, 7}, base[] = {3, 3, 11};
    if (!take_bits(z, bits[symbol - 16], &more, fault)) return false;
    int repeat = base[symbol - 16] + (int)more;
    if (symbol == 16 && i == 0) return fault_set(fault, FAULT_DAMAGED, "code lengths start with a repetition");
    if (repeat > n - i) return fault_set(fault, FAULT_DAMAGED, "code lengths: %d where %d are left", repeat, n - i);
    memset(lengths + i, symbol == 16 ? lengths[i - 1] : 0, (size_t)repeat);
    i += repeat;
  }
  return true;
}

static bool dynamic_codes(struct inflater *z, struct fault *fault) {
  uint32_t literals, distances, count, length;
  if (!take_bits(z, 5, &literals, fault) || !take_bits(z, 5, &distances, fault) || !take_bits(z, 4, &count, fault)) return false;
  literals += 257;
  distances += 1;
  if (literals > LITERALS || distances > DISTANCES)
    return fault_set(fault, FAULT_DAMAGED, "dynamic block: %u literal and %u distance codes", literals, distances);
  uint8_t order[CODE_LENGTHS] = {0}, lengths[LITERALS + DISTANCES] = {0};
  for (uint32_t i = 0; i < count + 4; i++) {
    if (!take_bits(z, 3, &length, fault)) return false;
    order[code_length_order[i]] = (uint8_t)length;
  }
  struct huffman_decoder code;
  if (!huffman_decoder_build(&code, order, CODE_LENGTHS, "code length", fault)) return false;
  if (!read_code_lengths(z, &code, lengths, (int)(literals + distances), fault)) return false;
  if (lengths[END_OF_BLOCK] == 0) return fault_set(fault, FAULT_DAMAGED, "dynamic block: no code for its end");
  return huffman_decoder_build(&z->literals, lengths, (int)literals, "literal", fault) &&
         huffman_decoder_build(&z->distances, lengths + literals, (int)distances, "distance", fault);
}

// Copies from what was written before; source and target may overlap.
static bool copy_match(struct inflater *z, int length_symbol, struct fault *fault) {
  uint32_t more;
  int symbol, index = length_symbol - FIRST_LENGTH;
  if (index >= 29) return fault_set(fault, FAULT_DAMAGED, "length symbol %d does not exist", length_symbol);
  if (!take_bits(z, length_extra[index], &more, fault)) return false;
  size_t length = length_base[index] + more;
  if (!take_symbol(z, &z->distances, "distance", &symbol, fault)) return false;
  if (symbol >= DISTANCES) return fault_set(fault, FAULT_DAMAGED, "distance symbol %d does not exist", symbol);
  if (!take_bits(z, distance_extra[symbol], &more, fault)) return false;
  size_t distance = distance_base[symbol] + more;
  if (distance > z->written)
    return fault_set(fault, FAULT_DAMAGED, "a match reaches %zu bytes back, but only %zu were written", distance, z->written);
  if (length > z->size - z->written) return too_long(z, fault);
  uint8_t *to = z->out + z->written;
  for (size_t i = 0; i < length; i++) to[i] = to[i - distance];
  z->written += length;
  return true;
}

static bool compressed_block(struct inflater *z, struct fault *fault) {
  for (;;) {
    int symbol;
    if (!take_symbol(z, &z->literals, "literal or length", &symbol, fault)) return false;
    if (symbol == END_OF_BLOCK) return true;
    if (symbol > END_OF_BLOCK) {
      if (!copy_match(z, symbol, fault)) return false;
      continue;
    }
    if (z->written == z->size) return too_long(z, fault);
    z->out[z->written++] = (uint8_t)symbol;
  }
}

static bool inflate_block(struct inflater *z, bool *last, struct fault *fault) {
  uint32_t final, type;
  if (!take_bits(z, 1, &final, fault) || !take_bits(z, 2, &type, fault)) return false;
  *last = final;
  switch (type) {
  case 0: return stored_block(z, fault);
  case 1: return fixed_codes(z, fault) && compressed_block(z, fault);
  case 2: return dynamic_codes(z, fault) && compressed_block(z, fault);
  default: return fault_set(fault, FAULT_DAMAGED, "block type 3 does not exist");
  }
}

static bool check_header(struct inflater *z, struct fault *fault) {
  uint32_t method, flags;
  if (!take_bits(z, 8, &method, fault) || !take_bits(z, 8, &flags, fault)) return false;
  if ((method << 8 | flags) % 31 != 0) return fault_set(fault, FAULT_DAMAGED, "zlib header %02x %02x fails its check", method, flags);
  if ((method & 15) != 8 || method >> 4 > 7) return fault_set(fault, FAULT_DAMAGED, "zlib method %02x is not deflate", method);
  if (flags & 32) return fault_set(fault, FAULT_UNSUPPORTED, "zlib stream needs a preset dictionary");
  return true;
}

static bool check_sum(struct inflater *z, struct fault *fault) {
  uint32_t want = 0, skipped;
  if (!take_bits(z, z->bit_count % 8, &skipped, fault)) return false;
  for (int i = 0; i < 4; i++) {
    uint32_t byte;
    if (!take_bits(z, 8, &byte, fault)) return false;
    want = want << 8 | byte;
  }
  uint32_t got = adler32(z->out, z->size);
  if (got != want) return fault_set(fault, FAULT_DAMAGED, "decompressed data has the checksum %08x, should have %08x", got, want);
  return true;
}

bool zlib_decompress(const struct source *source, uint8_t *out, size_t size, struct fault *fault) {
  struct inflater z = {.source = source, .out = out, .size = size};
  if (!check_header(&z, fault)) return false;
  for (bool last = false; !last;)
    if (!inflate_block(&z, &last, fault)) return false;
  if (z.written < size) return cut_short(&z, fault);
  return check_sum(&z, fault);
}
