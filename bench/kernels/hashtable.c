// hashtable: open addressing with linear probing and deletion by shifting
// back; a mix of insertions, updates, look-ups and deletions by random keys.
#include <stdbool.h>

#include "kernel.h"

enum { BITS = 20, SLOTS = 1 << BITS, MASK = SLOTS - 1, KEYS = SLOTS / 4 * 3 };

struct slot {
  uint64_t key; // 0: free
  uint64_t value;
};

struct table {
  struct slot *slots;
  uint32_t used;
};

static uint32_t home(uint64_t key) { return (uint32_t)(key * 0x9e3779b97f4a7c15u >> (64 - BITS)); }

// Returns the slot that holds the key, or the free one where it would go. A
// table is never full: there are fewer keys than slots.
static struct slot *find(struct table *t, uint64_t key) {
  uint32_t i = home(key);
  while (t->slots[i].key != 0 && t->slots[i].key != key) i = (i + 1) & MASK;
  return &t->slots[i];
}

static void add(struct table *t, uint64_t key, uint64_t value) {
  struct slot *s = find(t, key);
  if (s->key == 0) {
    s->key = key;
    t->used++;
  }
  s->value += value;
}

static bool drop(struct table *t, uint64_t key) {
  struct slot *s = find(t, key);
  if (s->key == 0) return false;
  uint32_t hole = (uint32_t)(s - t->slots);
  for (uint32_t i = (hole + 1) & MASK; t->slots[i].key != 0; i = (i + 1) & MASK) {
    // What lies here may fill the hole unless its home is after the hole.
    if (((i - home(t->slots[i].key)) & MASK) < ((i - hole) & MASK)) continue;
    t->slots[hole] = t->slots[i];
    hole = i;
  }
  t->slots[hole] = (struct slot){0, 0};
  t->used--;
  return true;
}

int main(int argc, char **argv) {
  long operations = work(argc, argv, 8000000, 1000000000);
  struct table t = {calloc(SLOTS, sizeof *t.slots), 0};
  if (t.slots == NULL) {
    fprintf(stderr, "hashtable: no memory for %d slots\n", SLOTS);
    return 1;
  }
  uint64_t state = 88172645463325252u, found = 0, dropped = 0;
  // Half full from the start, so that no memory is touched for the first time
  // while the clock runs.
  for (uint64_t key = 1; key <= KEYS; key += 2) add(&t, key, key);
  uint64_t start = now_ns();
  for (long i = 0; i < operations; i++) {
    uint64_t r = next_random(&state);
    uint64_t key = ((r >> 32) * KEYS >> 32) + 1;
    switch (r & 7) {
    case 0:
    case 1:
    case 2: add(&t, key, r >> 8); break;
    case 3: dropped += drop(&t, key); break;
    default: found += find(&t, key)->value;
    }
  }
  uint64_t took = now_ns() - start;
  uint64_t facts[] = {found, dropped, t.used};
  uint64_t checksum = hash(HASH_START, facts, sizeof facts);
  checksum = hash(checksum, t.slots, SLOTS * sizeof *t.slots);
  free(t.slots);
  report(checksum, took);
  return 0;
}
