// Where a guest is between the instructions of its frames: what a stop and a look have to
// know before they walk its stack.
#define _GNU_SOURCE
#include "frame.h"
#include <string.h>
#include <ucontext.h>

// Between its first instructions and around its returns and tail calls, a function has
// not set up its frame, or has given it up already. The instructions are those that
// Cranelift emits: its aarch64 and x64 ABI modules.
#if defined(__x86_64__)
#define PC(uc) ((uc)->uc_mcontext.gregs[REG_RIP])
#define SP(uc) ((uc)->uc_mcontext.gregs[REG_RSP])
#define FP(uc) ((uc)->uc_mcontext.gregs[REG_RBP])

// skip steps over an instruction if it starts with the given bytes.
static const uint8_t *skip(const uint8_t *p, const char *bytes, size_t n, size_t length) {
  return memcmp(p, bytes, n) ? p : p + length;
}

enum frame fl_frame_at(uintptr_t start, uintptr_t pc) {
  const uint8_t *at = (const uint8_t *)pc, *first = (const uint8_t *)start;
  if (pc == start || *at == 0xc3 || *at == 0xc2) // push rbp ... ret
    return FRAME_OF_CALLER;
  if (pc - start < 4) // mov rbp, rsp
    return FRAME_PUSHED;
  for (const uint8_t *p = at - 1; p >= first + 4 && p >= at - 32; p--) {
    // mov rsp, rbp; pop rbp, and then not ret: a tail call, which may move the return
    // address (mov r11, [rsp]; mov [rsp+n], r11; add rsp, n) before it jumps.
    if (!memcmp(p, "\x48\x89\xec\x5d", 4) && p[4] != 0xc3 && p[4] != 0xc2) {
      const uint8_t *q = p + 4;
      q = skip(q, "\x4c\x8b\x1c\x24", 4, 4);
      q = skip(q, "\x4c\x89\x5c\x24", 4, 5);
      q = skip(q, "\x4c\x89\x9c\x24", 4, 8);
      q = skip(q, "\x48\x83\xc4", 3, 4);
      q = skip(q, "\x48\x81\xc4", 3, 7);
      return at >= p + 4 && at <= q ? FRAME_OF_CALLER : FRAME_WHOLE;
    }
    // sub rsp, n; mov rbp, rsp; and the two words of the frame copied by r11: a tail
    // call with more arguments on the stack than the function itself has.
    if (!memcmp(p, "\x48\x89\xe5\x4c\x8b\x5c\x24", 7) || !memcmp(p, "\x48\x89\xe5\x4c\x8b\x9c\x24", 7)) {
      const uint8_t *q = p + 3;
      q = skip(skip(q, "\x4c\x8b\x5c\x24", 4, 5), "\x4c\x8b\x9c\x24", 4, 8);
      if (memcmp(q, "\x4c\x89\x1c\x24", 4))
        continue;
      q += 4;
      q = skip(skip(q, "\x4c\x8b\x5c\x24", 4, 5), "\x4c\x8b\x9c\x24", 4, 8);
      return at >= p + 3 && at <= q ? FRAME_UNWRITTEN : FRAME_WHOLE;
    }
  }
  return FRAME_WHOLE;
}

// fl_return_address is where a function without a whole frame will return to.
uintptr_t fl_return_address(const void *context, enum frame frame) {
  const uintptr_t *sp = (const uintptr_t *)SP((const ucontext_t *)context);
  return frame == FRAME_PUSHED ? sp[1] : sp[0];
}

// fl_complete_frame gives a function that will not go on a whole frame.
void fl_complete_frame(void *context, enum frame frame) {
  ucontext_t *uc = context;
  if (frame == FRAME_OF_CALLER) {
    SP(uc) -= sizeof(uintptr_t);
    *(uintptr_t *)SP(uc) = FP(uc);
  }
  if (frame != FRAME_WHOLE)
    FP(uc) = SP(uc);
}
#elif defined(__aarch64__)
#define PC(uc) ((uc)->uc_mcontext.pc)
#define SP(uc) ((uc)->uc_mcontext.sp)
#define FP(uc) ((uc)->uc_mcontext.regs[29])

#define LR(uc) ((uc)->uc_mcontext.regs[30])

enum frame fl_frame_at(uintptr_t start, uintptr_t pc) {
  const uint32_t *at = (const uint32_t *)pc, *first = (const uint32_t *)start;
  if ((*first & 0xfffff01f) == 0xd503201f) // a landing pad, in some builds
    first++;
  if (at <= first || *at == 0xd65f03c0) // stp fp, lr, [sp, -16]! ... ret
    return FRAME_OF_CALLER;
  if (at == first + 1) // mov fp, sp
    return FRAME_PUSHED;
  for (const uint32_t *p = at - 1; p >= first + 2 && p >= at - 8; p--) {
    if (*p == 0xd65f03c0 || (*p & 0xfc000000) == 0x14000000 || (*p & 0xfffffc1f) == 0xd61f0000)
      return FRAME_WHOLE; // ret, b or br: what follows is reached from elsewhere
    if (*p == 0xa8c17bfd) // ldp fp, lr, [sp], 16, and no return: a tail call
      return FRAME_OF_CALLER;
    if (*p == 0x910003fd) // mov fp, sp: a frame that is being moved
      return FRAME_UNWRITTEN;
  }
  return FRAME_WHOLE;
}

uintptr_t fl_return_address(const void *context, enum frame frame) {
  (void)frame;
  return LR((const ucontext_t *)context);
}

void fl_complete_frame(void *context, enum frame frame) {
  ucontext_t *uc = context;
  if (frame == FRAME_OF_CALLER) {
    SP(uc) -= 2 * sizeof(uintptr_t);
    ((uintptr_t *)SP(uc))[0] = FP(uc);
    ((uintptr_t *)SP(uc))[1] = LR(uc);
  }
  if (frame != FRAME_WHOLE)
    FP(uc) = SP(uc);
}
#else
#error "faaslens runs on Linux on amd64 and arm64: the signal context of this processor is not known"
#endif

// body_of finds the function that an address lies in.
bool fl_body_of(const fl_code *code, uintptr_t pc, uint32_t *i) {
  if (!code || !code->count || pc < code->starts[0])
    return false;
  uint32_t lo = 0, hi = code->count;
  while (hi - lo > 1) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (code->starts[mid] <= pc)
      lo = mid;
    else
      hi = mid;
  }
  *i = lo;
  return pc < code->ends[lo];
}

// fl_exit_words finds how a guest left its code that is in a call into the engine's
// runtime, such as a long memory.fill. While the thread is outside all compiled code,
// the words that exits.c found are those of the call under way; older ones lie below the
// stack pointer.
bool fl_exit_words(const fl_invocation *iv, const void *context, uintptr_t *fp) {
  const ucontext_t *uc = context;
  uintptr_t pc = PC(uc), sp = SP(uc);
  if (iv->in_host || !iv->engine->has_exits || !iv->context)
    return false;
  if (pc >= iv->module->image && pc < iv->module->image_end)
    return false; // in a trampoline, which may not have written them yet
  const uintptr_t *words = (const uintptr_t *)((const char *)iv->context + iv->engine->exits);
  *fp = words[0];
  return fl_on_stack(sp) && *fp > sp && *fp < iv->stack_top && *fp % sizeof(uintptr_t) == 0 &&
         ((uintptr_t *)*fp)[1] == words[1];
}

uintptr_t fl_pc(const void *uc) { return PC((const ucontext_t *)uc); }

uintptr_t fl_fp(const void *uc) { return FP((const ucontext_t *)uc); }

void fl_set_pc(void *uc, uintptr_t pc) { PC((ucontext_t *)uc) = pc; }

// fl_frame_of says what a walk from pc finds. It is false where nothing can be said: the
// functions' places are not known, or a frame is being moved.
bool fl_frame_of(const fl_module *m, uintptr_t pc, enum frame *frame) {
  const fl_code *code = atomic_load_explicit(&m->code, memory_order_acquire);
  uint32_t i;
  if (!fl_body_of(code, pc, &i))
    return false;
  *frame = fl_frame_at(code->starts[i], pc);
  return *frame != FRAME_UNWRITTEN;
}
