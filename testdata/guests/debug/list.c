// What debuggers are tried on: a list on the stack, a recursion, a string, and traps.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct node {
  int value;
  const char *name;
  struct node *next;
};

static int total = 7;

__attribute__((noinline)) int sum(struct node *list, int scale) {
  int all = 0;
  for (struct node *n = list; n; n = n->next)
    all += n->value * scale;
  total += all;
  return all;
}

__attribute__((noinline)) int descend(int depth, struct node *list) {
  int twice = depth * 2;
  if (depth > 0)
    return descend(depth - 1, list) + twice;
  return sum(list, 3) + twice;
}

__attribute__((noinline)) int divide(int dividend, int divisor) {
  int quotient = dividend / divisor;
  return quotient + total;
}

int main(int argc, char **argv) {
  struct node c = {30, "third", NULL};
  struct node b = {20, "second", &c};
  struct node a = {10, "first", &b};
  char text[16];
  strcpy(text, "hello");
  double ratio = 1.5;
  int result = descend(2, &a);
  printf("%s %d %.1f\n", text, result, ratio);
  if (argc > 1 && !strcmp(argv[1], "divide"))
    result = divide(result, argc - 2);
  if (argc > 1 && !strcmp(argv[1], "write"))
    *(volatile int *)0xfffffff0u = result;
  return 0;
}
