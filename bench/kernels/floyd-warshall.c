// floyd-warshall: the shortest paths between all pairs of nodes of a weighted
// directed graph, on a fresh copy each time.
#include <string.h>

#include "kernel.h"

enum { N = 500, FAR = 1000000 };

static int weight[N][N], dist[N][N];

// About one pair in twelve has an edge.
static void fill(void) {
  uint64_t state = 2463534242u;
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      uint32_t r = (uint32_t)(next_random(&state) >> 32);
      weight[i][j] = i == j ? 0 : r % 12 == 0 ? (int)(r >> 8) % 999 + 1 : FAR;
    }
}

static void shorten(void) {
  for (int k = 0; k < N; k++)
    for (int i = 0; i < N; i++)
      for (int j = 0; j < N; j++) {
        int through = dist[i][k] + dist[k][j];
        dist[i][j] = dist[i][j] < through ? dist[i][j] : through;
      }
}

int main(int argc, char **argv) {
  long repeats = work(argc, argv, 2, 100000);
  fill();
  uint64_t start = now_ns();
  for (long r = 0; r < repeats; r++) {
    memcpy(dist, weight, sizeof dist);
    shorten();
  }
  uint64_t took = now_ns() - start;
  report(hash(HASH_START, dist, sizeof dist), took);
  return 0;
}
