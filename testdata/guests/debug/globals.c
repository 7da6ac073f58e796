// What debuggers are tried on: variables that live as long as the program. Some are in a file
// of their own, without code (tables.c).
#include <stdio.h>
#include <stdlib.h>

struct pair { int first, second; };

extern int primes[4];
extern const char *const words[2];

int visits = 3;
static long total;
struct pair corner = {1, 2};
struct pair *at = &corner;
static volatile long who, turns;

__attribute__((noinline)) int visit(int n) {
  static int calls = 40;
  calls++;
  visits += n;
  total += primes[n % 4]++;
  corner.first = calls;
  return calls;
}

__attribute__((noinline)) void turn(void) { turns++; }

// Whoever gives a number gets a program that does not end.
int main(int argc, char **argv) {
  for (int i = 1; i < 4; i++) visit(i);
  printf("%d %ld %d %s\n", visits, total, at->first, words[1]);
  if (argc > 1) {
    who = atol(argv[1]);
    for (;;) turn();
  }
  return 0;
}
