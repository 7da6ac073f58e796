// Instances that are kept for the next invocation and put back to their first state.
//
// The first state of memory is the same for all instances of a module: it is kept once.
// Of an instance's memory those pages are written back that were written ever since the
// instance was made: the set. The kernel tells which they are. A page of the set stays the
// instance's own, so writing it again causes no fault; as long as the thread has had none,
// the set is complete without asking.
#define _GNU_SOURCE
#include "invocation.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PAGE = 4096 };

// Of <linux/fs.h> from Linux 6.7 on, which the build machine may not have.
typedef struct {
  uint64_t start, end, categories;
} region;
struct scan {
  uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages, category_inverted, category_mask,
      category_anyof_mask, return_mask;
};
#define SCAN _IOWR('f', 16, struct scan)
enum { IS_FILE = 1 << 2, IS_PRESENT = 1 << 3, IS_SWAPPED = 1 << 4, IS_ZERO = 1 << 5 };

// fl_open_pagemap opens what find_written asks; -1 if this kernel cannot answer.
int fl_open_pagemap(void) {
  static _Alignas(PAGE) uint8_t page[PAGE];
  region found;
  struct scan s = {.size = sizeof s, .start = (uintptr_t)page, .end = (uintptr_t)page + PAGE, .vec = (uintptr_t)&found, .vec_len = 1};
  s.category_anyof_mask = s.return_mask = IS_PRESENT;
  int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (fd >= 0 && ioctl(fd, SCAN, &s) >= 0)
    return fd;
  if (fd >= 0)
    close(fd);
  return -1;
}

// is_zero reports whether n bytes, a multiple of 8, are zero.
static bool is_zero(const uint8_t *p, size_t n) {
  for (size_t i = 0; i < n; i += 8)
    if (*(const uint64_t *)(p + i))
      return false;
  return true;
}

// remember keeps what a fresh instance has in its memory, once for a module.
static const fl_first *remember(fl_invocation *iv) {
  const fl_first *known = atomic_load(&iv->module->first);
  if (known)
    return known;
  size_t size = wasmtime_memory_data_size(iv->context, &iv->memory);
  fl_first *f = calloc(1, sizeof *f);
  uint8_t *bytes = size ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) : MAP_FAILED;
  if (!f || bytes == MAP_FAILED) {
    free(f);
    return NULL;
  }
  for (size_t at = 0; at < size; at += PAGE)
    if (!is_zero(iv->base + at, PAGE))
      memcpy(bytes + at, iv->base + at, PAGE);
  *f = (fl_first){bytes, size};
  const fl_first *none = NULL;
  if (atomic_compare_exchange_strong(&iv->module->first, &none, f))
    return f;
  munmap(bytes, size); // another thread was faster
  free(f);
  return none;
}

void fl_free_first(fl_module *m) {
  fl_first *f = (fl_first *)atomic_exchange(&m->first, NULL);
  if (f)
    munmap(f->bytes, f->size);
  free(f);
}

// take_globals remembers the mutable globals, all of which the module exports.
static bool take_globals(fl_invocation *iv, fl_warm *w) {
  for (size_t i = 0; i < iv->module->nglobals; i++) {
    wasmtime_extern_t item;
    const fl_name *n = &iv->module->globals[i];
    if (!wasmtime_instance_export_get(iv->context, &iv->instance, n->name, n->len, &item) ||
        item.kind != WASMTIME_EXTERN_GLOBAL)
      return false;
    w->globals[i].global = item.of.global;
    wasmtime_global_get(iv->context, &item.of.global, &w->globals[i].value);
  }
  return true;
}

// fl_warm_up readies a fresh instance, before its first step, to be kept. It reports
// whether it can be.
bool fl_warm_up(fl_invocation *iv) {
  if (!iv->has_memory)
    return false;
  const fl_first *first = remember(iv);
  fl_warm *w = calloc(1, sizeof *w + iv->module->nglobals * sizeof w->globals[0]);
  if (!first || !w || !take_globals(iv, w)) {
    free(w);
    return false;
  }
  // What the pool kept resident would look written.
  if (madvise(iv->base, first->size, MADV_DONTNEED)) {
    free(w);
    return false;
  }
  w->first = first;
  w->memory_hard = iv->limits.memory_hard;
  w->table = iv->limits.table;
  w->most = first->size / PAGE / 8 + 64;
  iv->warm = w;
  return true;
}

// had_faults reports whether this thread may have had page faults since it was last asked.
// To ask before an invocation as well would be a system call more: faults that the thread
// had between two invocations only make it look once in vain.
static bool had_faults(void) {
  static __thread long before = -1;
  struct rusage u;
  long now = getrusage(RUSAGE_THREAD, &u) ? -1 : u.ru_minflt + u.ru_majflt;
  bool had = now < 0 || now != before;
  before = now;
  return had;
}

static bool add_pages(fl_warm *w, uint32_t first, uint32_t n) {
  if (w->count + n > w->room) {
    size_t room = (w->count + n) * 2;
    uint32_t *pages = realloc(w->pages, room * sizeof *pages);
    if (!pages)
      return false;
    w->pages = pages;
    w->room = room;
  }
  for (uint32_t i = 0; i < n; i++)
    w->pages[w->count++] = first + i;
  return true;
}

// find_written asks the kernel for the set. It is not ok if the kernel cannot say.
static bool find_written(fl_invocation *iv, fl_warm *w) {
  region found[256];
  struct scan s = {.size = sizeof s, .start = (uintptr_t)iv->base, .end = (uintptr_t)iv->base + w->first->size};
  s.vec = (uintptr_t)found;
  s.vec_len = sizeof found / sizeof *found;
  s.category_inverted = IS_FILE | IS_ZERO;
  s.category_mask = IS_FILE | IS_ZERO;
  s.category_anyof_mask = IS_PRESENT | IS_SWAPPED;
  s.return_mask = IS_PRESENT | IS_SWAPPED;
  w->count = 0;
  while (s.start < s.end) {
    long n = ioctl(iv->engine->pagemap, SCAN, &s);
    if (n < 0)
      return false;
    for (long i = 0; i < n; i++)
      if (!add_pages(w, (found[i].start - (uintptr_t)iv->base) / PAGE, (found[i].end - found[i].start) / PAGE))
        return false;
    s.start = s.walk_end;
  }
  return true;
}

// restore_memory puts memory back. Where the set has become so large that it is cheaper to
// start over, its pages are given back; if the next invocation fills it again, it may
// become larger.
static bool restore_memory(fl_invocation *iv, fl_warm *w, int policy) {
  const uint8_t *from = w->first->bytes;
  if (policy == FL_COPY_ALL || iv->engine->pagemap < 0) {
    w->copied = policy == FL_COPY_ALL;
    memcpy(iv->base, from, w->first->size);
    return true;
  }
  if (policy == FL_SCAN || !w->known || had_faults()) {
    if (!find_written(iv, w))
      return false;
    w->known = true;
  }
  if (w->count > w->most) {
    if (w->refilled)
      w->most *= 2;
    w->refilled = true;
    w->known = false;
    w->count = 0;
    return !madvise(iv->base, w->first->size, MADV_DONTNEED);
  }
  w->refilled = false;
  for (size_t i = 0; i < w->count; i++) {
    size_t at = (size_t)w->pages[i] * PAGE;
    memcpy(iv->base + at, from + at, PAGE);
  }
  return true;
}

// fl_cool puts the instance back to its first state. It reports whether it is as good as
// a new one.
bool fl_cool(fl_invocation *iv) {
  fl_warm *w = iv->warm;
  if (iv->mappings || wasmtime_memory_data_size(iv->context, &iv->memory) != w->first->size ||
      !restore_memory(iv, w, iv->policy))
    return false;
  for (size_t i = 0; i < iv->module->nglobals; i++) {
    wasmtime_error_t *e = wasmtime_global_set(iv->context, &w->globals[i].global, &w->globals[i].value);
    if (e) {
      wasmtime_error_delete(e);
      return false;
    }
  }
  return true;
}

void fl_free_warm(fl_invocation *iv) {
  if (!iv->warm)
    return;
  free(iv->warm->pages);
  free(iv->warm);
  iv->warm = NULL;
}
