// What can go wrong, told once and handed up: a function that can fail returns
// bool and describes the failure in a struct fault.
#ifndef IMGSMITH_FAULT_H
#define IMGSMITH_FAULT_H

#include <stdbool.h>

// The values are the program's exit codes.
enum fault_kind {
  FAULT_NONE = 0,
  FAULT_IO = 1,          // a file cannot be read or written
  FAULT_USAGE = 2,       // the command line is wrong
  FAULT_DAMAGED = 3,     // the input breaks its format's rules
  FAULT_UNSUPPORTED = 4, // the input is valid, but beyond this program
  FAULT_MEMORY = 5,      // no memory
};

struct fault {
  enum fault_kind kind;
  char text[240];
};

// Describes a failure; always returns false, so that callers can return it.
__attribute__((format(printf, 3, 4))) bool fault_set(struct fault *fault, enum fault_kind kind, const char *format, ...);

#endif
