// qsort: quicksort with the median of three and insertion sort for short
// ranges, on records, comparing through a function pointer as the C library's
// does. The library's own is not used: its algorithm differs between targets.
#include <string.h>

#include "kernel.h"

enum { RECORDS = 200000, SHORT = 12 };

struct record {
  uint32_t key, tag;
  uint64_t value;
};

typedef int compare(const struct record *, const struct record *);

static int by_key(const struct record *a, const struct record *b) {
  if (a->key != b->key) return a->key < b->key ? -1 : 1;
  return a->tag < b->tag ? -1 : a->tag > b->tag;
}

static int by_value(const struct record *a, const struct record *b) {
  if (a->value != b->value) return a->value < b->value ? -1 : 1;
  return a->tag < b->tag ? -1 : a->tag > b->tag;
}

static compare *const orders[] = {by_key, by_value};

static void swap(struct record *a, struct record *b) {
  struct record t = *a;
  *a = *b;
  *b = t;
}

static void insertion(struct record *r, long n, compare *order) {
  for (long i = 1; i < n; i++) {
    struct record t = r[i];
    long j = i;
    for (; j > 0 && order(&t, &r[j - 1]) < 0; j--) r[j] = r[j - 1];
    r[j] = t;
  }
}

static void sort(struct record *r, long n, compare *order) {
  while (n > SHORT) {
    long mid = n / 2, last = n - 1;
    if (order(&r[mid], &r[0]) < 0) swap(&r[mid], &r[0]);
    if (order(&r[last], &r[0]) < 0) swap(&r[last], &r[0]);
    if (order(&r[last], &r[mid]) < 0) swap(&r[last], &r[mid]);
    struct record pivot = r[mid];
    long i = 0, j = last;
    while (i <= j) {
      while (order(&r[i], &pivot) < 0) i++;
      while (order(&pivot, &r[j]) < 0) j--;
      if (i <= j) swap(&r[i++], &r[j--]);
    }
    // The shorter part by recursion, so that the stack stays low.
    if (j + 1 < n - i) {
      sort(r, j + 1, order);
      r += i;
      n -= i;
    } else {
      sort(r + i, n - i, order);
      n = j + 1;
    }
  }
  insertion(r, n, order);
}

static struct record original[RECORDS], records[RECORDS];

int main(int argc, char **argv) {
  long rounds = work(argc, argv, 12, 100000);
  uint64_t state = 6364136223846793005u;
  for (uint32_t i = 0; i < RECORDS; i++) {
    uint64_t r = next_random(&state);
    original[i] = (struct record){(uint32_t)(r >> 40), i, r * r};
  }
  uint64_t checksum = HASH_START, took = 0;
  for (long k = 0; k < rounds; k++) {
    memcpy(records, original, sizeof records);
    compare *order = orders[k % 2];
    uint64_t start = now_ns();
    sort(records, RECORDS, order);
    took += now_ns() - start;
    for (long i = 1; i < RECORDS; i++)
      if (order(&records[i - 1], &records[i]) > 0) {
        fprintf(stderr, "qsort: out of order at %ld\n", i);
        return 1;
      }
    if (k < 2) checksum = hash(checksum, records, sizeof records);
  }
  report(checksum, took);
  return 0;
}
