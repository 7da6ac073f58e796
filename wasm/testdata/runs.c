// The second unit of the word counter.
#include "words.h"

static int max(int a, int b) { return a > b ? a : b; }

int longest_run(const char *text) {
  int best = 0, run = 0;
  for (char last = 0; *text; last = *text++) {
    run = *text == last ? run + 1 : 1;
    best = max(best, run);
  }
  return best;
}

double mean(long long sum, double count) { return (double)sum / count; }
