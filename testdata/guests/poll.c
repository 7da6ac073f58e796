// Waits in the ways that poll_oneoff offers and prints whether each did what it
// should: "sleep ok" for a relative timeout of 20 ms that takes at least that long,
// "deadline ok" for an absolute one, "past ok" for one that has passed, "ready ok" for
// standard output that can be written at once beside a timeout of an hour, "bad ok"
// for a descriptor that is not open, "empty ok" for no subscription at all, which is
// an error (EINVAL). A correct runtime prints all of them and ends with 0.
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wasi/api.h>

static int failed;

static void check(const char *what, int good) {
  printf("%s %s\n", what, good ? "ok" : "WRONG");
  failed |= !good;
}

static __wasi_timestamp_t now(void) {
  __wasi_timestamp_t t = 0;
  return __wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, &t) == 0 ? t : 0;
}

static __wasi_subscription_t clock_at(__wasi_timestamp_t timeout, __wasi_subclockflags_t flags, uint64_t data) {
  __wasi_subscription_t s;
  memset(&s, 0, sizeof s);
  s.userdata = data;
  s.u.tag = __WASI_EVENTTYPE_CLOCK;
  s.u.u.clock.id = __WASI_CLOCKID_MONOTONIC;
  s.u.u.clock.timeout = timeout;
  s.u.u.clock.flags = flags;
  return s;
}

static __wasi_subscription_t writable(__wasi_fd_t fd, uint64_t data) {
  __wasi_subscription_t s;
  memset(&s, 0, sizeof s);
  s.userdata = data;
  s.u.tag = __WASI_EVENTTYPE_FD_WRITE;
  s.u.u.fd_write.file_descriptor = fd;
  return s;
}

// Waits for one clock; tells whether exactly its event came.
static int wait_for(__wasi_subscription_t s) {
  __wasi_event_t event;
  __wasi_size_t count = 0;
  memset(&event, 0, sizeof event);
  return __wasi_poll_oneoff(&s, &event, 1, &count) == 0 && count == 1 && event.userdata == s.userdata &&
         event.error == 0 && event.type == __WASI_EVENTTYPE_CLOCK;
}

int main(void) {
  const uint64_t ms = 1000000;
  __wasi_timestamp_t start = now();
  check("sleep", wait_for(clock_at(20 * ms, 0, 11)) && now() - start >= 20 * ms);

  start = now();
  check("deadline", wait_for(clock_at(start + 20 * ms, __WASI_SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME, 12)) && now() - start >= 20 * ms);
  check("past", wait_for(clock_at(1, __WASI_SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME, 13)));

  __wasi_subscription_t both[2] = {clock_at(3600 * 1000 * ms, 0, 14), writable(1, 15)};
  __wasi_event_t events[2];
  __wasi_size_t count = 0;
  memset(events, 0, sizeof events);
  __wasi_errno_t error = __wasi_poll_oneoff(both, events, 2, &count);
  check("ready", error == 0 && count == 1 && events[0].userdata == 15 && events[0].error == 0 && events[0].type == __WASI_EVENTTYPE_FD_WRITE);

  __wasi_subscription_t bad = writable(777, 16);
  memset(events, 0, sizeof events);
  error = __wasi_poll_oneoff(&bad, events, 1, &count);
  check("bad", error == __WASI_ERRNO_BADF || (error == 0 && count == 1 && events[0].userdata == 16 && events[0].error == __WASI_ERRNO_BADF));

  check("empty", __wasi_poll_oneoff(both, events, 0, &count) == __WASI_ERRNO_INVAL);
  return failed;
}
