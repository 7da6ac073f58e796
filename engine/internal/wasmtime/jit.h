// Object files in memory that debuggers know of, and where the memory of the guests is
// whose code they describe.
#ifndef FAASLENS_JIT_H
#define FAASLENS_JIT_H

#include <stdbool.h>
#include <stdint.h>

// The first four are those of gdb's interface. The debuggers' extensions read and write the
// two behind them.
typedef struct fl_object {
  struct fl_object *next, *previous;
  const char *file;
  uint64_t size;
  // The address of the memory of the instance that the user looks at, from which debug
  // information finds global variables.
  uintptr_t memory;
  uint64_t held; // an extension writes it: it knows which of several is meant
  uintptr_t bases, running; // of all instances that run: the sum of their memories, and their number
} fl_object;

fl_object *fl_new_object(void);
void fl_announce(fl_object *);
void fl_withdraw(fl_object *);
void fl_show_memory(fl_object *, const uint8_t *base, bool runs);

#endif
