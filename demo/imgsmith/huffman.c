#include "huffman.h"

#include <stdlib.h>
#include <string.h>

static uint16_t reverse(uint32_t code, int length) {
  uint32_t turned = 0;
  for (int i = 0; i < length; i++) turned |= (code >> i & 1) << (length - 1 - i);
  return (uint16_t)turned;
}

void huffman_codes(const uint8_t *lengths, int n, uint16_t *codes) {
  uint32_t count[HUFFMAN_LONGEST + 1] = {0}, next[HUFFMAN_LONGEST + 2] = {0};
  for (int i = 0; i < n; i++) count[lengths[i]]++;
  count[0] = 0;
  for (int bits = 1; bits <= HUFFMAN_LONGEST; bits++) next[bits + 1] = (next[bits] + count[bits]) << 1;
  for (int i = 0; i < n; i++) codes[i] = lengths[i] == 0 ? 0 : reverse(next[lengths[i]]++, lengths[i]);
}

static bool check_lengths(const struct huffman_decoder *d, const char *what, struct fault *fault) {
  int left = 1, codes = 0;
  for (int bits = 1; bits <= HUFFMAN_LONGEST; bits++) {
    left = 2 * left - d->count[bits];
    codes += d->count[bits];
    if (left < 0) return fault_set(fault, FAULT_DAMAGED, "%s code: more codes of %d bits than there can be", what, bits);
  }
  if (left > 0 && !(codes == 0 || (codes == 1 && d->count[1] == 1)))
    return fault_set(fault, FAULT_DAMAGED, "%s code: some bits have no meaning", what);
  return true;
}

bool huffman_decoder_build(struct huffman_decoder *d, const uint8_t *lengths, int n, const char *what, struct fault *fault) {
  memset(d, 0, sizeof *d);
  for (int i = 0; i < n; i++)
    if (lengths[i] != 0) d->count[lengths[i]]++;
  if (!check_lengths(d, what, fault)) return false;
  uint16_t start[HUFFMAN_LONGEST + 2] = {0};
  for (int bits = 1; bits <= HUFFMAN_LONGEST; bits++) start[bits + 1] = (uint16_t)(start[bits] + d->count[bits]);
  for (int i = 0; i < n; i++)
    if (lengths[i] != 0) d->symbol[start[lengths[i]]++] = (uint16_t)i;

  uint16_t codes[HUFFMAN_SYMBOLS];
  huffman_codes(lengths, n, codes);
  for (int i = 0; i < n; i++) {
    if (lengths[i] == 0 || lengths[i] > HUFFMAN_FAST) continue;
    for (uint32_t bits = codes[i]; bits < 1u << HUFFMAN_FAST; bits += 1u << lengths[i])
      d->fast[bits] = (uint16_t)(i << 4 | lengths[i]);
  }
  return true;
}

// Walks the code bit by bit. At each length the codes are consecutive numbers.
static int decode_long(const struct huffman_decoder *d, uint32_t bits, int available, int *length) {
  int code = 0, first = 0, index = 0;
  for (int n = 1; n <= HUFFMAN_LONGEST && n <= available; n++) {
    code |= (int)(bits & 1);
    bits >>= 1;
    if (code - first < d->count[n]) {
      *length = n;
      return d->symbol[index + code - first];
    }
    index += d->count[n];
    first = (first + d->count[n]) << 1;
    code <<= 1;
  }
  return -1;
}

int huffman_decode(const struct huffman_decoder *d, uint32_t bits, int available, int *length) {
  uint16_t entry = d->fast[bits & ((1 << HUFFMAN_FAST) - 1)];
  if (entry != 0 && (entry & 15) <= available) {
    *length = entry & 15;
    return entry >> 4;
  }
  return decode_long(d, bits, available, length);
}

// A coin of the package-merge algorithm: a symbol, or two coins of the row below.
struct coin {
  uint64_t weight;
  int symbol;      // -1: a package
  int left, right; // indices in the row below
};

struct row {
  struct coin coins[2 * HUFFMAN_SYMBOLS];
  int count;
};

static int by_weight(const void *a, const void *b) {
  const struct coin *x = a, *y = b;
  if (x->weight != y->weight) return x->weight < y->weight ? -1 : 1;
  return (x->symbol > y->symbol) - (x->symbol < y->symbol);
}

static void merge(struct row *r, const struct coin *symbols, int n, const struct row *below) {
  r->count = 0;
  int s = 0, p = 0, packages = below->count / 2;
  while (s < n || p < packages) {
    uint64_t weight = p < packages ? below->coins[2 * p].weight + below->coins[2 * p + 1].weight : 0;
    if (p == packages || (s < n && symbols[s].weight <= weight)) {
      r->coins[r->count++] = symbols[s++];
    } else {
      r->coins[r->count++] = (struct coin){weight, -1, 2 * p, 2 * p + 1};
      p++;
    }
  }
}

static void count_coin(const struct row *rows, int level, int index, uint8_t *lengths) {
  const struct coin *c = &rows[level].coins[index];
  if (c->symbol >= 0) {
    lengths[c->symbol]++;
    return;
  }
  count_coin(rows, level - 1, c->left, lengths);
  count_coin(rows, level - 1, c->right, lengths);
}

bool huffman_lengths(const uint32_t *frequency, int n, int longest, uint8_t *lengths, struct fault *fault) {
  struct coin symbols[HUFFMAN_SYMBOLS];
  int used = 0;
  memset(lengths, 0, (size_t)n);
  for (int i = 0; i < n; i++)
    if (frequency[i] > 0) symbols[used++] = (struct coin){frequency[i], i, 0, 0};
  if (used <= 1) {
    if (used == 1) lengths[symbols[0].symbol] = 1;
    return true;
  }
  qsort(symbols, (size_t)used, sizeof *symbols, by_weight);
  struct row *rows = malloc((size_t)longest * sizeof *rows);
  if (rows == NULL) return fault_set(fault, FAULT_MEMORY, "no memory for a Huffman code of %d symbols", used);
  memcpy(rows[0].coins, symbols, (size_t)used * sizeof *symbols);
  rows[0].count = used;
  for (int level = 1; level < longest; level++) merge(&rows[level], symbols, used, &rows[level - 1]);
  for (int i = 0; i < 2 * used - 2; i++) count_coin(rows, longest - 1, i, lengths);
  free(rows);
  return true;
}
