// Object files in memory that debuggers know of.
#ifndef FAASLENS_JIT_H
#define FAASLENS_JIT_H

#include <stdint.h>

typedef struct fl_object {
  struct fl_object *next, *previous;
  const char *file;
  uint64_t size;
} fl_object;

void fl_announce(fl_object *);
void fl_withdraw(fl_object *);

#endif
