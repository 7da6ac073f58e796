#ifndef FAASLENS_FRAME_H
#define FAASLENS_FRAME_H

#include "invocation.h"

// What a walk by the frame pointer finds from an instruction: all frames; those above the
// caller's, as the function has no frame of its own; the same where it has stored the
// frame pointer and not yet set it; or words that are not yet written.
enum frame { FRAME_WHOLE, FRAME_OF_CALLER, FRAME_UNWRITTEN, FRAME_PUSHED };

enum frame fl_frame_at(uintptr_t start, uintptr_t pc);
bool fl_body_of(const fl_code *, uintptr_t pc, uint32_t *i);
bool fl_frame_of(const fl_module *, uintptr_t pc, enum frame *);
uintptr_t fl_return_address(const void *ucontext, enum frame);
void fl_complete_frame(void *ucontext, enum frame);
bool fl_exit_words(const fl_invocation *, const void *ucontext, uintptr_t *fp);
uintptr_t fl_pc(const void *ucontext);
uintptr_t fl_fp(const void *ucontext);
void fl_set_pc(void *ucontext, uintptr_t);

#endif
