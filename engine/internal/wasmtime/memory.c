// The memories of instances. Each is address space for all that a memory can grow to, and
// serves one instance after another. What an instance wrote is put back when it goes
// (pages.c), so that the next one of the same module finds the memory as a fresh one and
// takes no page faults for it.
//
// A slot has one for itself. It is swapped for one of the idle ones where the slot runs
// another module than before.
#define _GNU_SOURCE
#include "invocation.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

// without_huge_pages is for all that is mapped in a memory. The kernel would make pages of
// a huge one's worth present that nobody touched, and a later write to such a page would
// be no fault: see pages.c.
static void without_huge_pages(void *at, size_t size) { (void)madvise(at, size, MADV_NOHUGEPAGE); }

bool fl_map_zeroes(uint8_t *at, size_t size) {
  if (mmap(at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == MAP_FAILED)
    return false;
  without_huge_pages(at, size);
  return true;
}

// map_first maps what the module's data segments hold, as its own copy.
static bool map_first(fl_memory *m) {
  const fl_first *f = &m->first;
  if (!f->size)
    return true;
  uint8_t *at = m->base + f->start;
  if (mmap(at, f->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, f->fd, f->offset) == MAP_FAILED)
    return false;
  without_huge_pages(at, f->size);
  m->pierced = false;
  return true;
}

// fl_to_page rounds up to whole pages.
size_t fl_to_page(const fl_engine *e, size_t size) { return (size + e->page - 1) & ~(e->page - 1); }

// resize makes size bytes accessible, and no more than the rest of their last page.
static bool resize(fl_memory *m, size_t size) {
  size_t end = fl_to_page(m->engine, size);
  if (end > m->accessible && mprotect(m->base + m->accessible, end - m->accessible, PROT_READ | PROT_WRITE))
    return false;
  if (end < m->accessible && mprotect(m->base + end, m->accessible - end, PROT_NONE))
    return false;
  m->size = size;
  m->accessible = end;
  if (end > m->reached)
    m->reached = end;
  return true;
}

// forget has the memory hold zeroes, none of them accessible.
static bool forget(fl_memory *m) {
  size_t size = m->reached;
  if (size) {
    if (mmap(m->base, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == MAP_FAILED)
      return false;
    without_huge_pages(m->base, size);
  }
  fl_forget_pages(m);
  m->owner = 0;
  m->accessible = m->size = m->reached = 0;
  m->first = (fl_first){0};
  return true;
}

// adopt makes the memory one of a module's, as large as that starts with. A module with
// data has one memory, which is not empty; a heap for exceptions, which may come first, is.
static bool adopt(fl_memory *m, const fl_module *module, uint32_t place, size_t size) {
  uint64_t owner = module ? module->number : 0;
  if (owner && m->owner == owner && m->place == place)
    return resize(m, size);
  if (!forget(m) || !resize(m, size))
    return false;
  m->owner = owner;
  m->place = place;
  m->most = size / m->engine->page / 8 + 64;
  if (module && size == module->first.memory)
    m->first = module->first;
  return map_first(m);
}

static void destroy(fl_memory *m) {
  fl_forget_pages(m);
  munmap(m->base - m->guard, m->guard + m->reserved + m->guard);
  free(m->pages);
  free(m);
}

static fl_memory *create(fl_engine *e, size_t reserved, size_t guard) {
  fl_memory *m = calloc(1, sizeof *m);
  if (!m)
    return NULL;
  // The guard before it is for mistakes of the engine's.
  size_t all = guard + reserved + guard;
  uint8_t *low = mmap(NULL, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (low == MAP_FAILED) {
    free(m);
    return NULL;
  }
  without_huge_pages(low, all);
  *m = (fl_memory){.engine = e, .base = low + guard, .reserved = reserved, .guard = guard};
  return m;
}

static void put_idle(fl_memory *m) {
  if (!fl_put_idle(m->engine, m))
    destroy(m);
}

static bool fits(const fl_memory *m, size_t reserved, size_t guard) {
  return m->reserved >= reserved && m->guard >= guard;
}

// obtain finds a memory for one of a module's, or makes one.
static fl_memory *obtain(fl_engine *e, uint64_t owner, uint32_t place, size_t reserved, size_t guard) {
  fl_memory *m = fl_take_idle(e, owner, place);
  if (m && !fits(m, reserved, guard)) {
    destroy(m);
    m = NULL;
  }
  return m ? m : create(e, reserved, guard);
}

// obtain_own finds the memory for the first of an invocation's: the slot's own, if it
// was the module's before.
static fl_memory *obtain_own(fl_invocation *iv, size_t reserved, size_t guard) {
  fl_memory *own = iv->own;
  uint64_t owner = iv->module->number;
  if (own && own->owner == owner && own->place == 0 && fits(own, reserved, guard))
    return own;
  iv->own = NULL;
  fl_memory *m = obtain(iv->engine, owner, 0, reserved, guard);
  if (own && !m)
    m = fits(own, reserved, guard) ? own : NULL; // there are no more addresses
  if (own && own != m)
    put_idle(own);
  return iv->own = m;
}

static uint8_t *get(void *env, size_t *size, size_t *capacity) {
  const fl_memory *m = env;
  *size = m->size;
  *capacity = m->reserved;
  return m->base;
}

static wasmtime_error_t *grow(void *env, size_t size) {
  fl_memory *m = env;
  if (size > m->reserved || !resize(m, size))
    return wasmtime_error_new("the kernel gives the memory no more pages");
  return NULL;
}

// let_go is called when the instance goes.
static void let_go(void *env) {
  fl_memory *m = env;
  fl_invocation *iv = m->iv;
  bool own = iv && iv->own == m;
  m->iv = NULL;
  if (fl_put_back(m, iv, FL_STICKY)) {
    if (!own)
      put_idle(m);
    return;
  }
  if (own)
    iv->own = NULL;
  destroy(m);
}

// new_memory is called on the thread of the invocation whose instance is made.
static wasmtime_error_t *new_memory(void *env, const wasm_memorytype_t *type, size_t minimum, size_t maximum, size_t reserved,
                                    size_t guard, wasmtime_linear_memory_t *out) {
  (void)type, (void)maximum;
  fl_invocation *iv = fl_running;
  const fl_module *module = iv ? iv->module : NULL;
  uint32_t place = iv ? iv->memories++ : 0;
  if (minimum > reserved)
    reserved = fl_to_page(env, minimum);
  fl_memory *m = iv && place == 0 ? obtain_own(iv, reserved, guard)
                                  : obtain(env, module ? module->number : 0, place, reserved, guard);
  if (!m)
    return wasmtime_error_new("no address space is left for a memory: lift the limit with 'ulimit -v unlimited'");
  m->iv = iv;
  if (iv) {
    m->next = iv->taken;
    iv->taken = m;
  }
  *out = (wasmtime_linear_memory_t){m, get, grow, let_go};
  if (adopt(m, module, place, minimum)) {
    if (module && module->only)
      fl_see(iv, m);
    return NULL;
  }
  if (iv && iv->own == m)
    iv->own = NULL;
  if (iv)
    iv->taken = m->next;
  destroy(m);
  return wasmtime_error_new("the kernel maps no memory: is the number of mappings limited (vm.max_map_count)?");
}

// fl_own_memories has an engine's instances take their memories here.
void fl_own_memories(fl_engine *e, wasm_config_t *config) {
  pthread_mutex_init(&e->idle.lock, NULL);
  e->page = sysconf(_SC_PAGESIZE);
  wasmtime_memory_creator_t creator = {e, new_memory, NULL};
  wasmtime_config_host_memory_creator_set(config, &creator);
}

// fl_free_own frees a slot's memory.
void fl_free_own(fl_invocation *iv) {
  if (iv->own)
    destroy(iv->own);
  iv->own = NULL;
}

// fl_free_idle frees those of a module that wait.
void fl_free_idle(fl_engine *e, uint64_t owner) {
  for (fl_memory *m; (m = fl_take_idle(e, owner, FL_ANY_PLACE));)
    destroy(m);
}

// fl_shed frees the memory that has waited for longest. It reports whether there was one.
bool fl_shed(fl_engine *e) {
  fl_memory *m = fl_take_oldest(e);
  if (m)
    destroy(m);
  return m != NULL;
}

// fl_mend puts what the module starts with back where files were mapped over it. If the
// kernel refuses, the memory cannot be used again.
bool fl_mend(fl_memory *m) { return !m->pierced || map_first(m); }
