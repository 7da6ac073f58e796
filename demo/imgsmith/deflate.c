// Repetitions are found by chains of positions with equal hashes, and taken
// lazily: a match waits until the next position has none longer. Tokens are
// gathered in blocks, and each block is written in the shortest of three ways.
#include "deflate.h"

#include <stdlib.h>
#include <string.h>

#include "checksum.h"
#include "deflate_tables.h"
#include "huffman.h"

enum {
  HASH_BITS = 15,
  BLOCK_TOKENS = 1 << 15,
  STORED_MOST = 65535,
};

#define NOWHERE UINT32_MAX // no position

// A literal has distance 0 and its byte as length.
struct token {
  uint16_t length, distance;
};

struct deflater {
  const uint8_t *data;
  size_t size;
  int chain;   // how many earlier positions to try
  int enough;  // a match of this length needs no better one
  uint32_t head[1 << HASH_BITS]; // the latest position of each hash
  uint32_t previous[WINDOW];     // the one before it, by position
  struct token tokens[BLOCK_TOKENS];
  int token_count;
  size_t block_start;
  struct buffer *out;
  uint64_t bits;
  int bit_count;
};

// A Huffman code for writing.
struct code {
  uint8_t lengths[HUFFMAN_SYMBOLS];
  uint16_t codes[HUFFMAN_SYMBOLS];
};

static bool put_bits(struct deflater *z, uint32_t value, int count, struct fault *fault) {
  z->bits |= (uint64_t)value << z->bit_count;
  z->bit_count += count;
  while (z->bit_count >= 8) {
    if (!buffer_put(z->out, (uint8_t)z->bits, fault)) return false;
    z->bits >>= 8;
    z->bit_count -= 8;
  }
  return true;
}

static bool align(struct deflater *z, struct fault *fault) {
  return put_bits(z, 0, (8 - z->bit_count) % 8, fault);
}

static bool put_symbol(struct deflater *z, const struct code *c, int symbol, struct fault *fault) {
  return put_bits(z, c->codes[symbol], c->lengths[symbol], fault);
}

static int length_index(int length) {
  int i = 28;
  while (length_base[i] > length) i--;
  return i;
}

static int distance_index(int distance) {
  int low = 0, high = DISTANCES - 1;
  while (low < high) {
    int mid = (low + high + 1) / 2;
    if (distance_base[mid] <= distance) low = mid;
    else high = mid - 1;
  }
  return low;
}

// --- writing a block ---

static bool put_tokens(struct deflater *z, const struct code *literals, const struct code *distances, struct fault *fault) {
  for (int i = 0; i < z->token_count; i++) {
    struct token t = z->tokens[i];
    if (t.distance == 0) {
      if (!put_symbol(z, literals, t.length, fault)) return false;
      continue;
    }
    int l = length_index(t.length), d = distance_index(t.distance);
    if (!put_symbol(z, literals, FIRST_LENGTH + l, fault) ||
        !put_bits(z, (uint32_t)(t.length - length_base[l]), length_extra[l], fault) ||
        !put_symbol(z, distances, d, fault) ||
        !put_bits(z, (uint32_t)(t.distance - distance_base[d]), distance_extra[d], fault))
      return false;
  }
  return put_symbol(z, literals, END_OF_BLOCK, fault);
}

static void count_tokens(const struct deflater *z, uint32_t *literals, uint32_t *distances) {
  literals[END_OF_BLOCK] = 1;
  for (int i = 0; i < z->token_count; i++) {
    struct token t = z->tokens[i];
    if (t.distance == 0) {
      literals[t.length]++;
    } else {
      literals[FIRST_LENGTH + length_index(t.length)]++;
      distances[distance_index(t.distance)]++;
    }
  }
}

// Counts the bits of all tokens under a pair of codes.
static uint64_t cost(const uint32_t *literals, const uint32_t *distances, const struct code *l, const struct code *d) {
  uint64_t bits = 0;
  for (int i = 0; i < LITERALS; i++) {
    int extra = i >= FIRST_LENGTH ? length_extra[i - FIRST_LENGTH] : 0;
    bits += (uint64_t)literals[i] * (uint64_t)(l->lengths[i] + extra);
  }
  for (int i = 0; i < DISTANCES; i++) bits += (uint64_t)distances[i] * (uint64_t)(d->lengths[i] + distance_extra[i]);
  return bits;
}

static void fixed_codes(struct code *literals, struct code *distances) {
  memset(distances, 0, sizeof *distances);
  for (int i = 0; i < HUFFMAN_SYMBOLS; i++) literals->lengths[i] = fixed_literal_length(i);
  memset(distances->lengths, 5, DISTANCES);
  huffman_codes(literals->lengths, HUFFMAN_SYMBOLS, literals->codes);
  huffman_codes(distances->lengths, DISTANCES, distances->codes);
}

// The code lengths of a dynamic block in their own run-length alphabet.
struct description {
  int literals, distances; // how many of each are described
  uint8_t symbol[LITERALS + DISTANCES], extra[LITERALS + DISTANCES];
  int count;
  struct code code;
  int order; // how many lengths of that code are written
  uint64_t bits;
};

static void describe_symbol(struct description *d, int symbol, int extra) {
  d->symbol[d->count] = (uint8_t)symbol;
  d->extra[d->count++] = (uint8_t)extra;
}

static void describe_run(struct description *d, int length, int run) {
  if (length != 0) {
    describe_symbol(d, length, 0);
    run--;
  }
  while (run >= 3) {
    int most = length != 0 ? 6 : run > 10 ? 138 : 10;
    int n = run < most ? run : most;
    if (length != 0) describe_symbol(d, 16, n - 3);
    else if (n > 10) describe_symbol(d, 18, n - 11);
    else describe_symbol(d, 17, n - 3);
    run -= n;
  }
  for (; run > 0; run--) describe_symbol(d, length, 0);
}

static int extra_bits(int symbol) { return symbol == 16 ? 2 : symbol == 17 ? 3 : symbol == 18 ? 7 : 0; }

static bool describe(struct description *d, const struct code *literals, const struct code *distances, struct fault *fault) {
  memset(d, 0, sizeof *d);
  d->literals = LITERALS;
  while (d->literals > 257 && literals->lengths[d->literals - 1] == 0) d->literals--;
  d->distances = DISTANCES;
  while (d->distances > 1 && distances->lengths[d->distances - 1] == 0) d->distances--;
  uint8_t lengths[LITERALS + DISTANCES];
  int n = d->literals + d->distances;
  memcpy(lengths, literals->lengths, (size_t)d->literals);
  memcpy(lengths + d->literals, distances->lengths, (size_t)d->distances);
  for (int i = 0, run; i < n; i += run) {
    for (run = 1; i + run < n && lengths[i + run] == lengths[i]; run++) {}
    describe_run(d, lengths[i], run);
  }
  uint32_t frequency[CODE_LENGTHS] = {0};
  for (int i = 0; i < d->count; i++) frequency[d->symbol[i]]++;
  if (!huffman_lengths(frequency, CODE_LENGTHS, 7, d->code.lengths, fault)) return false;
  huffman_codes(d->code.lengths, CODE_LENGTHS, d->code.codes);
  d->order = CODE_LENGTHS;
  while (d->order > 4 && d->code.lengths[code_length_order[d->order - 1]] == 0) d->order--;
  d->bits = 14 + 3 * (uint64_t)d->order;
  for (int i = 0; i < d->count; i++) d->bits += (uint64_t)(d->code.lengths[d->symbol[i]] + extra_bits(d->symbol[i]));
  return true;
}

static bool put_description(struct deflater *z, const struct description *d, struct fault *fault) {
  if (!put_bits(z, (uint32_t)(d->literals - 257), 5, fault) || !put_bits(z, (uint32_t)(d->distances - 1), 5, fault) ||
      !put_bits(z, (uint32_t)(d->order - 4), 4, fault))
    return false;
  for (int i = 0; i < d->order; i++)
    if (!put_bits(z, d->code.lengths[code_length_order[i]], 3, fault)) return false;
  for (int i = 0; i < d->count; i++)
    if (!put_symbol(z, &d->code, d->symbol[i], fault) || !put_bits(z, d->extra[i], extra_bits(d->symbol[i]), fault)) return false;
  return true;
}

static bool put_stored(struct deflater *z, size_t size, bool last, struct fault *fault) {
  const uint8_t *from = z->data + z->block_start;
  do {
    uint32_t n = size < STORED_MOST ? (uint32_t)size : STORED_MOST;
    size -= n;
    if (!put_bits(z, last && size == 0, 3, fault) || !align(z, fault) || !put_bits(z, n, 16, fault) ||
        !put_bits(z, n ^ 0xffff, 16, fault) || !buffer_append(z->out, from, n, fault))
      return false;
    from += n;
  } while (size > 0);
  return true;
}

// Writes the tokens gathered since block_start, which stand for the data up to end.
static bool put_block(struct deflater *z, size_t end, bool last, struct fault *fault) {
  uint32_t literals[LITERALS] = {0}, distances[DISTANCES] = {0};
  struct code fixed_l, fixed_d, own_l = {{0}, {0}}, own_d = {{0}, {0}};
  struct description description;
  count_tokens(z, literals, distances);
  fixed_codes(&fixed_l, &fixed_d);
  if (!huffman_lengths(literals, LITERALS, HUFFMAN_LONGEST, own_l.lengths, fault) ||
      !huffman_lengths(distances, DISTANCES, HUFFMAN_LONGEST, own_d.lengths, fault) || !describe(&description, &own_l, &own_d, fault))
    return false;
  huffman_codes(own_l.lengths, LITERALS, own_l.codes);
  huffman_codes(own_d.lengths, DISTANCES, own_d.codes);

  size_t raw = end - z->block_start;
  uint64_t stored = 8 * (uint64_t)raw + 40 * (1 + (uint64_t)raw / STORED_MOST);
  uint64_t fixed = cost(literals, distances, &fixed_l, &fixed_d);
  uint64_t dynamic = description.bits + cost(literals, distances, &own_l, &own_d);
  bool done;
  if (stored < fixed && stored < dynamic)
    done = put_stored(z, raw, last, fault);
  else if (fixed <= dynamic)
    done = put_bits(z, last | 1 << 1, 3, fault) && put_tokens(z, &fixed_l, &fixed_d, fault);
  else
    done = put_bits(z, last | 2 << 1, 3, fault) && put_description(z, &description, fault) && put_tokens(z, &own_l, &own_d, fault);
  z->token_count = 0;
  z->block_start = end;
  return done;
}

// --- finding repetitions ---

static uint32_t hash3(const uint8_t *p) {
  uint32_t v = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
  return v * 0x9e3779b1u >> (32 - HASH_BITS);
}

static void remember(struct deflater *z, size_t at) {
  if (z->size - at < SHORTEST_MATCH) return;
  uint32_t h = hash3(z->data + at);
  z->previous[at % WINDOW] = z->head[h];
  z->head[h] = (uint32_t)at;
}

// Finds the longest match for the position that is longer than the given length.
static struct token find_match(const struct deflater *z, size_t at, int longer_than) {
  struct token best = {(uint16_t)longer_than, 0};
  size_t left = z->size - at;
  int most = left < LONGEST_MATCH ? (int)left : LONGEST_MATCH;
  if (most < SHORTEST_MATCH || longer_than >= most) return best;
  const uint8_t *here = z->data + at;
  uint32_t candidate = z->head[hash3(here)];
  // A good match is in hand already: a better one is worth less.
  int tries = longer_than >= z->enough / 8 && longer_than >= SHORTEST_MATCH ? z->chain / 4 : z->chain;
  for (; tries > 0 && candidate != NOWHERE && at - candidate <= WINDOW; tries--) {
    const uint8_t *there = z->data + candidate;
    if (there[best.length] == here[best.length]) {
      int n = 0;
      while (n < most && there[n] == here[n]) n++;
      if (n > best.length) {
        best = (struct token){(uint16_t)n, (uint16_t)(at - candidate)};
        if (n >= z->enough || n == most) break;
      }
    }
    uint32_t before = z->previous[candidate % WINDOW];
    if (before != NOWHERE && before >= candidate) break; // overwritten by a later position
    candidate = before;
  }
  return best;
}

static bool put_token(struct deflater *z, struct token t, size_t end, struct fault *fault) {
  z->tokens[z->token_count++] = t;
  return z->token_count < BLOCK_TOKENS || put_block(z, end, false, fault);
}

static bool tokenize(struct deflater *z, struct fault *fault) {
  size_t at = 0;
  struct token waiting = {0, 0}; // a match that starts one byte before at
  while (at < z->size) {
    int known = waiting.distance != 0 ? waiting.length : SHORTEST_MATCH - 1;
    struct token found = {0, 0};
    if (known < z->enough) found = find_match(z, at, known);
    remember(z, at);
    if (waiting.distance != 0 && found.distance == 0) {
      size_t end = at - 1 + waiting.length;
      for (at++; at < end; at++) remember(z, at);
      if (!put_token(z, waiting, end, fault)) return false;
      waiting = found;
      continue;
    }
    // Nothing better waits: the byte before stands alone if a match began there.
    if (waiting.distance != 0 && !put_token(z, (struct token){z->data[at - 1], 0}, at, fault)) return false;
    waiting = found;
    if (found.distance == 0 && !put_token(z, (struct token){z->data[at], 0}, at + 1, fault)) return false;
    at++;
  }
  return true; // a match is at least three bytes long, so none waits here
}

static const struct {
  int chain, enough;
} levels[] = {{0, 0}, {4, 8}, {8, 16}, {16, 32}, {24, 48}, {32, 96}, {64, 128}, {128, 192}, {256, 258}, {1024, 258}};

bool zlib_compress(const uint8_t *data, size_t size, int level, struct buffer *out, struct fault *fault) {
  if (size >= NOWHERE) return fault_set(fault, FAULT_UNSUPPORTED, "%zu bytes are too many to compress", size);
  struct deflater *z = malloc(sizeof *z);
  if (z == NULL) return fault_set(fault, FAULT_MEMORY, "no memory for the compressor");
  memset(z, 0, sizeof *z);
  memset(z->head, 0xff, sizeof z->head);
  memset(z->previous, 0xff, sizeof z->previous);
  z->data = data;
  z->size = size;
  z->chain = levels[level].chain;
  z->enough = levels[level].enough;
  z->out = out;
  bool done = put_bits(z, 0x9c78, 16, fault) && tokenize(z, fault) && put_block(z, size, true, fault) && align(z, fault) &&
              buffer_put_be32(out, adler32(data, size), fault);
  free(z);
  return done;
}
