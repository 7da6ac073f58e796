// Counts words of its input: calls through a table, data of each kind, memory from malloc.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "words.h"

static const char *const names[] = {"word", "space", "other"};
static int counts[3];
int longest = 3;

static int is_word(int c) { return isalnum(c) || c == '_'; }
static int is_space(int c) { return isspace(c); }
static int is_other(int c) { return !is_word(c) && !is_space(c); }

static int (*const classes[])(int) = {is_word, is_space, is_other};

__attribute__((noinline)) static int classify(int c) {
  for (int i = 0; i < 3; i++)
    if (classes[i](c)) return i;
  return -1;
}

__attribute__((export_name("count_words"))) int count_words(const char *text) {
  char *copy = malloc(strlen(text) + 1);
  if (!copy) return -1;
  strcpy(copy, text);
  int words = 0, inside = 0;
  for (char *p = copy; *p; p++) {
    int class = classify((unsigned char)*p);
    counts[class]++;
    words += class == 0 && !inside;
    inside = class == 0;
  }
  longest = longest_run(copy);
  free(copy);
  return words;
}

int main(int argc, char **argv) {
  int words = count_words(argc > 1 ? argv[1] : "one two three");
  for (int i = 0; i < 3; i++) printf("%s: %d\n", names[i], counts[i]);
  return words == 0 || mean(words, 3.0) < 0;
}
