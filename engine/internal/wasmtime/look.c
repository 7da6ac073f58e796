// Looking at the stack of a guest: from its own thread in a host call, from a signal
// handler while it runs, and for Go's tracebacks. Compiled code keeps frame pointers: a
// frame begins with the caller's frame pointer and the return address.
#define _GNU_SOURCE
#include "frame.h"

static bool in_code(const fl_module *m, uintptr_t pc) {
  const fl_code *code = atomic_load_explicit(&m->code, memory_order_acquire);
  uint32_t i;
  return code ? fl_body_of(code, pc, &i) : pc >= m->image && pc < m->image_end;
}

static void push(fl_stack *s, uintptr_t pc) {
  if (s->n < s->max)
    s->pcs[s->n++] = pc;
  s->outermost[s->depth++ % FL_OUTERMOST] = pc;
}

// walk adds the callers of the frame at fp, as far as they are functions of the module.
// What it adds lies inside the call, one byte before the return address, which may be
// behind the function's end where the call does not return. It returns whether it came to
// the code of the module's image by which the guest was entered: what else ends a walk is
// no stack of a guest.
static bool walk(const fl_module *m, uintptr_t fp, fl_stack *s) {
  while (fp % sizeof(uintptr_t) == 0 && fl_on_stack(fp)) {
    const uintptr_t *frame = (const uintptr_t *)fp;
    if (!in_code(m, frame[1] - 1))
      return frame[1] >= m->image && frame[1] < m->image_end;
    push(s, frame[1] - 1);
    if (frame[0] <= fp)
      return false;
    fp = frame[0];
  }
  return false;
}

// walk_from adds the frames of the guest that a signal found at pc. It is false where not
// all of them were found, as when the guest is between frames.
static bool walk_from(const fl_module *m, const void *uc, uintptr_t pc, fl_stack *s) {
  enum frame frame;
  push(s, pc);
  if (!fl_frame_of(m, pc, &frame))
    return false;
  if (frame != FRAME_WHOLE) {
    uintptr_t back = fl_return_address(uc, frame);
    if (!in_code(m, back - 1))
      return true;
    push(s, back - 1);
  }
  return walk(m, fl_fp(uc), s);
}

// walk_exits adds the guest's frames below each host call under way.
static void walk_exits(const fl_module *m, const fl_exit *e, fl_stack *s) {
  for (; e; e = e->outer)
    walk(m, e->fp, s);
}

void fl_host_stack(fl_invocation *iv, fl_stack *s) { walk_exits(iv->module, iv->exits, s); }

// signal_stack takes the stack of a guest that a signal interrupted. It is false where the
// guest is between frames; a moment later it will not be. A guest that is being ended has
// no stack any more: its frames are there until something else takes their place.
static bool signal_stack(fl_invocation *iv, const void *uc, fl_stack *s) {
  const fl_module *m = iv->module;
  uintptr_t pc = fl_pc(uc), fp;
  // A host call that is being entered or left is known by the guest's way out of its code.
  bool exiting = iv->exits && fl_exit_words(iv, uc, &fp) && fp == iv->exits->fp;
  if (iv->in_host || exiting) {
    if (!iv->exits)
      return false;
    s->place = FL_IN_HOST;
    s->call = iv->exits->id;
  } else if (iv->stopped || iv->ended_by_host) {
    return false;
  } else if (pc >= m->image && pc < m->image_end) {
    s->place = FL_IN_GUEST;
    if (!walk_from(m, uc, pc, s))
      return false;
  } else if (fl_exit_words(iv, uc, &fp)) {
    s->place = FL_IN_RUNTIME;
    if (!walk(m, fp, s))
      return false;
  } else {
    return false;
  }
  walk_exits(m, iv->exits, s);
  return true;
}

// fl_answer_look gives a look that is wanted its stack.
void fl_answer_look(fl_invocation *iv, const void *uc, uint64_t generation) {
  fl_look *l = atomic_load_explicit(&iv->look, memory_order_acquire);
  if (!l || l->generation != generation)
    return;
  int wanted = FL_LOOK_WANTED;
  if (!atomic_compare_exchange_strong(&l->state, &wanted, FL_LOOK_TAKING))
    return;
  l->stack.n = l->stack.depth = 0;
  bool ok = signal_stack(iv, uc, &l->stack);
  if (!ok)
    atomic_fetch_add_explicit(&l->missed, 1, memory_order_relaxed);
  atomic_store_explicit(&l->state, ok ? FL_LOOK_TAKEN : FL_LOOK_WANTED, memory_order_release);
}

void fl_want_look(fl_invocation *iv, fl_look *l, uint64_t generation) {
  l->generation = generation;
  atomic_store(&l->missed, 0);
  atomic_store(&l->state, FL_LOOK_WANTED);
  atomic_store(&iv->look, l);
}

bool fl_look_taken(fl_look *l) { return atomic_load_explicit(&l->state, memory_order_acquire) == FL_LOOK_TAKEN; }

// fl_looks_missed is how many signals found no stack.
uint32_t fl_looks_missed(fl_look *l) { return atomic_load_explicit(&l->missed, memory_order_relaxed); }

// fl_end_look takes the request back. It returns whether the stack has been taken;
// afterwards nobody writes to it.
bool fl_end_look(fl_invocation *iv, fl_look *l) {
  for (;;) {
    int wanted = FL_LOOK_WANTED;
    if (atomic_compare_exchange_strong(&l->state, &wanted, FL_LOOK_OFF) || wanted == FL_LOOK_TAKEN)
      break;
  }
  atomic_store(&iv->look, NULL);
  return fl_look_taken(l);
}

_Atomic bool fl_mixed;

// fl_mix_stacks has host calls give Go a context, which is what fl_cgo_traceback begins from
// in their place on the stack. It only names the call: nothing is walked until somebody asks.
void fl_mix_stacks(bool on) { atomic_store(&fl_mixed, on); }

// What Go's runtime passes: runtime.SetCgoTraceback.
typedef struct {
  uintptr_t context;
  uintptr_t signal;
  uintptr_t *pcs;
  uintptr_t max;
} cgo_traceback;

// signal_traceback takes what can be walked from anywhere: where the thread is, and the
// guest's frames below unless it is in a host call, which has a context.
static void signal_traceback(const fl_invocation *iv, const void *uc, fl_stack *s) {
  uintptr_t fp, pc = fl_pc(uc);
  bool guest = iv && iv->module && !iv->in_host && !iv->stopped && !iv->ended_by_host;
  if (guest && pc >= iv->module->image && pc < iv->module->image_end) {
    walk_from(iv->module, uc, pc, s);
    return;
  }
  push(s, pc);
  if (guest && fl_exit_words(iv, uc, &fp))
    walk(iv->module, fp, s);
}

// keep_outermost gives up frames in the middle for the outermost, so that a stack still
// says where it comes from. An address that is none stands in their place.
static void keep_outermost(fl_stack *s) {
  size_t at = s->max - FL_OUTERMOST;
  s->pcs[at - 1] = FL_LEFT_OUT;
  for (size_t i = 0; i < FL_OUTERMOST; i++)
    s->pcs[at + i] = s->outermost[(s->depth + i) % FL_OUTERMOST];
}

// fl_cgo_traceback gives Go the guest's frames, for profiles and runtime.Callers.
void fl_cgo_traceback(void *arg) {
  cgo_traceback *a = arg;
  fl_stack s = {.pcs = a->pcs, .max = a->max};
  fl_invocation *iv = fl_running;
  if (a->context) {
    const fl_exit *e = (const fl_exit *)a->context;
    walk(e->module, e->fp, &s);
  } else if (a->signal) {
    signal_traceback(iv, (const void *)a->signal, &s);
  }
  if (s.n < a->max)
    a->pcs[s.n] = 0;
  else if (s.depth > a->max && a->max > FL_OUTERMOST)
    keep_outermost(&s);
}
