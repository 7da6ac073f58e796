#ifndef FAASLENS_FRAME_H
#define FAASLENS_FRAME_H

#include "invocation.h"

// What a walk from an instruction finds: all frames, all but the caller's, or words that
// are not yet written.
enum frame { FRAME_WHOLE, FRAME_OF_CALLER, FRAME_UNWRITTEN };

enum frame fl_frame_at(uintptr_t start, uintptr_t pc);
bool fl_body_of(const fl_code *, uintptr_t pc, uint32_t *i);
bool fl_frame_is_whole(const fl_module *, uintptr_t pc);
bool fl_exit_words(const fl_invocation *, const void *ucontext, uintptr_t *fp);
uintptr_t fl_pc(const void *ucontext);
uintptr_t fl_fp(const void *ucontext);
void fl_set_pc(void *ucontext, uintptr_t);

#endif
