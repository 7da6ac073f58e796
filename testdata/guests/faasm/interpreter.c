// A small interpreter, as languages have them: a loop over the operations of a program,
// with frames of its own in memory that a call of the program adds to. A call of the
// program by a built-in function enters the loop again; other calls do not.
// env: __faasm_backtrace
#include <faasm/host_interface.h>
#include <stddef.h>

enum op { NEXT, CALL, APPLY, TRACE, RETURN };

struct routine {
  const char *name;
  const unsigned char *code; // an operation, and the number of what it calls
};

struct frame {
  struct frame *outer;
  const struct routine *routine;
  int line;  // number of the operation, from 1
  int entry; // the loop was entered for it
};

struct frame *top; // exported by the linker

static const struct routine routines[];

static void run(const struct routine *routine);

__attribute__((noinline)) static void apply(int which) {
  run(&routines[which]);
  __asm__ volatile("");
}

__attribute__((noinline)) static void run(const struct routine *routine) {
  struct frame frames[8];
  struct frame *f = frames;
  *f = (struct frame){top, routine, 0, 1};
  top = f;
  for (;;) {
    const unsigned char *op = f->routine->code + (ptrdiff_t)2 * f->line++;
    switch (op[0]) {
    case CALL:
      f[1] = (struct frame){f, &routines[op[1]], 0, 0};
      top = ++f;
      break;
    case APPLY: apply(op[1]); break;
    case TRACE: __faasm_backtrace(op[1]); break;
    case RETURN:
      top = f->outer;
      if (f->entry) return;
      f--;
      break;
    }
  }
}

static const struct routine routines[] = {
    {"start", (const unsigned char[]){NEXT, 0, CALL, 1, RETURN, 0}},
    {"middle", (const unsigned char[]){APPLY, 2, RETURN, 0}},
    {"leaf", (const unsigned char[]){NEXT, 0, NEXT, 0, CALL, 3, RETURN, 0}},
    {"deepest", (const unsigned char[]){NEXT, 0, TRACE, 0, TRACE, 2, RETURN, 0}},
};

int main(void) {
  run(&routines[0]);
  return 0;
}
