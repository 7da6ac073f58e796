// Memories that wait for their next instances, beside those that slots have: found by
// module, and given up in the order in which they were used last.
#include "invocation.h"

static fl_memory **bucket(fl_engine *e, uint64_t owner) { return &e->idle.of[owner % FL_BUCKETS]; }

static void enter(fl_engine *e, fl_memory *m) {
  fl_memory **of = bucket(e, m->owner);
  m->next = *of;
  m->before = of;
  if (m->next)
    m->next->before = &m->next;
  *of = m;
  m->older = e->idle.newest;
  m->newer = NULL;
  *(m->older ? &m->older->newer : &e->idle.oldest) = m;
  e->idle.newest = m;
  e->idle.count++;
}

static void leave(fl_engine *e, fl_memory *m) {
  *m->before = m->next;
  if (m->next)
    m->next->before = m->before;
  *(m->older ? &m->older->newer : &e->idle.oldest) = m->newer;
  *(m->newer ? &m->newer->older : &e->idle.newest) = m->older;
  e->idle.count--;
}

// fl_put_idle has a memory wait. It reports whether there is room.
bool fl_put_idle(fl_engine *e, fl_memory *m) {
  pthread_mutex_lock(&e->idle.lock);
  bool room = e->idle.count < e->idle.most;
  if (room)
    enter(e, m);
  pthread_mutex_unlock(&e->idle.lock);
  return room;
}

// fl_take_idle takes a memory that was of that module, in that place or in any. Where there
// is none, it takes the oldest of all if no more may wait; else it returns null.
fl_memory *fl_take_idle(fl_engine *e, uint64_t owner, uint32_t place) {
  pthread_mutex_lock(&e->idle.lock);
  fl_memory *m = *bucket(e, owner);
  while (m && (m->owner != owner || (m->place != place && place != FL_ANY_PLACE)))
    m = m->next;
  if (!m && place != FL_ANY_PLACE && e->idle.count == e->idle.most)
    m = e->idle.oldest;
  if (m)
    leave(e, m);
  pthread_mutex_unlock(&e->idle.lock);
  return m;
}

// fl_take_oldest returns null if none waits.
fl_memory *fl_take_oldest(fl_engine *e) {
  pthread_mutex_lock(&e->idle.lock);
  fl_memory *m = e->idle.oldest;
  if (m)
    leave(e, m);
  pthread_mutex_unlock(&e->idle.lock);
  return m;
}
