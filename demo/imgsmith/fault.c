#include "fault.h"

#include <stdarg.h>
#include <stdio.h>

bool fault_set(struct fault *fault, enum fault_kind kind, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fault->kind = kind;
  vsnprintf(fault->text, sizeof fault->text, format, arguments);
  va_end(arguments);
  return false;
}
