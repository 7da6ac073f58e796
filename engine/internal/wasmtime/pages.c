// How a memory is put back to what a fresh instance finds.
//
// That is the same for all instances of a module: zeroes, but for what its data segments
// hold. Of a memory those pages are written back that were written ever since it became the
// module's: the set. The kernel tells which they are. A page of the set stays in place, so
// writing it again causes no fault; as long as the thread has had none, the set is complete
// without asking. What writes to a guest's memory must therefore do so on the guest's thread.
#define _GNU_SOURCE
#include "invocation.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

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
  enum { LARGEST = 64 << 10 };
  static _Alignas(LARGEST) uint8_t page[LARGEST];
  region found;
  struct scan s = {.size = sizeof s, .start = (uintptr_t)page, .end = (uintptr_t)page + LARGEST, .vec = (uintptr_t)&found, .vec_len = 1};
  s.category_anyof_mask = s.return_mask = IS_PRESENT;
  int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (fd >= 0 && ioctl(fd, SCAN, &s) >= 0)
    return fd;
  if (fd >= 0)
    close(fd);
  return -1;
}

// had_faults reports whether this thread may have had page faults since it was last asked,
// or while the invocation ran. To ask before an invocation as well would be a system call
// more: faults that the thread had between two invocations only make it look once in vain.
// Those below on the stack have had the same faults.
static bool had_faults(fl_invocation *iv) {
  static __thread long before = -1;
  struct rusage u;
  long now = getrusage(RUSAGE_THREAD, &u) ? -1 : u.ru_minflt + u.ru_majflt;
  bool had = now < 0 || now != before;
  before = now;
  for (fl_invocation *o = fl_running; had && o; o = o->outer)
    o->faulted = true;
  iv->faulted = iv->faulted || had; // it may have several memories
  return iv->faulted;
}

static bool add_pages(fl_memory *m, uint32_t first, uint32_t n) {
  if (m->count + n > m->room) {
    size_t room = (m->count + n) * 2;
    uint32_t *pages = realloc(m->pages, room * sizeof *pages);
    if (!pages)
      return false;
    m->pages = pages;
    m->room = room;
  }
  for (uint32_t i = 0; i < n; i++)
    m->pages[m->count++] = first + i;
  return true;
}

// find_written asks the kernel for the set. It is not ok if the kernel cannot say.
static bool find_written(fl_memory *m) {
  size_t page = m->engine->page;
  region found[256];
  struct scan s = {.size = sizeof s, .start = (uintptr_t)m->base, .end = (uintptr_t)m->base + m->reached};
  s.vec = (uintptr_t)found;
  s.vec_len = sizeof found / sizeof *found;
  s.category_inverted = IS_FILE | IS_ZERO;
  s.category_mask = IS_FILE | IS_ZERO;
  s.category_anyof_mask = IS_PRESENT | IS_SWAPPED;
  s.return_mask = IS_PRESENT | IS_SWAPPED;
  m->count = 0;
  while (s.start < s.end) {
    long n = ioctl(m->engine->pagemap, SCAN, &s);
    if (n < 0)
      return false;
    for (long i = 0; i < n; i++)
      if (!add_pages(m, (found[i].start - (uintptr_t)m->base) / page, (found[i].end - found[i].start) / page))
        return false;
    s.start = s.walk_end;
  }
  return true;
}

// write_back writes the pages from one on as the module starts with them.
static void write_back(fl_memory *m, size_t at, size_t size) {
  const fl_first *f = &m->first;
  size_t end = at + size, from = f->start, to = f->start + f->size;
  if (at < from)
    memset(m->base + at, 0, (end < from ? end : from) - at);
  if (at < to && end > from) {
    size_t a = at > from ? at : from, b = end < to ? end : to;
    memcpy(m->base + a, f->bytes + (a - from), b - a);
  }
  if (end > to)
    memset(m->base + (at > to ? at : to), 0, end - (at > to ? at : to));
}

// charge counts what the memory keeps while it waits, beyond what each may. It reports
// whether there is room for it.
static bool charge(fl_memory *m, size_t pages) {
  fl_engine *e = m->engine;
  size_t bytes = pages * e->page, want = bytes > FL_FREE ? bytes - FL_FREE : 0, more = want - m->charged;
  m->charged = want;
  return !more || atomic_fetch_add(&e->kept, more) + more <= e->keep;
}

// make_room has the memory keep so many pages, if need be at the expense of those that have
// waited for longest.
static bool make_room(fl_memory *m, size_t pages) {
  if (charge(m, pages))
    return true;
  while (atomic_load(&m->engine->kept) > m->engine->keep)
    if (!fl_shed(m->engine))
      return false;
  return true;
}

void fl_forget_pages(fl_memory *m) {
  charge(m, 0);
  m->count = 0;
  m->known = m->refilled = m->copied = m->pierced = false;
}

// start_over gives all pages back.
static bool start_over(fl_memory *m) {
  bool refilled = m->refilled;
  fl_forget_pages(m);
  m->refilled = refilled;
  return !m->reached || !madvise(m->base, m->reached, MADV_DONTNEED);
}

// without_asking is for kernels that cannot be asked.
static bool without_asking(fl_memory *m) {
  if (m->accessible > FL_FEW)
    return start_over(m);
  write_back(m, 0, m->accessible);
  return true;
}

// fl_put_back puts the memory back, in the way of policy. Where the set has become so large
// that it is cheaper to start over, its pages are given back; if the next invocation fills
// it again, it may be as large. It reports whether the memory is as good as a new one.
bool fl_put_back(fl_memory *m, fl_invocation *iv, int policy) {
  if (!fl_mend(m))
    return false;
  if (m->copied && policy != FL_COPY_ALL && !start_over(m))
    return false; // all of it would look written
  if (policy == FL_COPY_ALL) {
    m->copied = true;
    write_back(m, 0, m->accessible);
    return true;
  }
  if (m->engine->pagemap < 0)
    return without_asking(m);
  bool faulted = !iv || had_faults(iv);
  if (policy == FL_SCAN || m->engine->debugged || !m->known || faulted) {
    if (!find_written(m))
      return start_over(m);
    m->known = true;
  }
  if (m->refilled && m->count > m->most)
    m->most = m->count + m->count / 4;
  if (m->count > m->most || !make_room(m, m->count)) {
    m->refilled = true;
    return start_over(m);
  }
  m->refilled = false;
  // Those behind the end were put back when the memory was as large.
  size_t page = m->engine->page;
  for (size_t i = 0; i < m->count && m->pages[i] * page < m->accessible; i++)
    write_back(m, m->pages[i] * page, page);
  return true;
}
