// Files mapped over a guest's memory, which other guests map too. Before an instance
// goes, its memory must be its own again.
#define _GNU_SOURCE
#include "invocation.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

// fl_map maps a piece of a file, shared, over whole pages of the memory. It returns 0 or
// an error number.
int fl_map(fl_invocation *iv, uint64_t addr, int fd, int64_t offset, size_t size) {
  uint64_t length = iv->seen ? iv->seen->size : 0;
  if (!size || addr > length || size > length - addr)
    return EFAULT;
  fl_mapping *m = malloc(sizeof *m);
  if (!m)
    return ENOMEM;
  *m = (fl_mapping){iv->mappings, iv->seen->base + addr, size};
  if (mmap(m->start, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, offset) == MAP_FAILED) {
    int e = errno;
    free(m);
    return e;
  }
  iv->mappings = m;
  return 0;
}

// fl_map_files maps what the run was given, before its first step.
int fl_map_files(fl_invocation *iv) {
  for (uint32_t i = 0; i < iv->nfiles; i++) {
    const fl_file *f = &iv->files[i];
    if (fl_map(iv, f->addr, f->fd, f->offset, f->size))
      return FL_NO_MAPPING;
  }
  return FL_OK;
}

// note has the memory know that a part of it is another one.
static void note(fl_memory *m, const fl_mapping *mapped) {
  size_t at = mapped->start - m->base;
  m->known = false;
  if (at < m->first.start + m->first.size && at + mapped->size > m->first.start)
    m->pierced = true;
}

// fl_unmap puts fresh zeroes where files were. If the kernel refuses, the next instance
// would share memory with strangers: the process must not go on.
void fl_unmap(fl_invocation *iv) {
  while (iv->mappings) {
    fl_mapping *m = iv->mappings;
    iv->mappings = m->next;
    if (!fl_map_zeroes(m->start, m->size)) {
      perror("faaslens: take shared memory out of a function");
      abort();
    }
    note(iv->seen, m);
    free(m);
  }
}
