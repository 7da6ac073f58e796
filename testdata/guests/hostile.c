// A guest that means harm, by its first argument:
//
//     calls [SEED [COUNT]]  every WASI call in random order with random and edge
//                           arguments (10,000 calls of seed 1 without numbers)
//     links                 symbolic links to "..", "/etc/passwd", loops and chains,
//                           and every way to reach through them
//     swap [COUNT]          renames a directory and a link to ".." to one name in turn
//     reach [COUNT]         opens files under that name meanwhile, in another instance
//     memory                grows memory until there is no more, and touches it
//     output                writes to both outputs until that fails
//
// The directories are the preopened one at descriptor 3, which may be written; give it
// an empty standard input. For "swap" and "reach" the directory above holds a file
// "secret" that must not be readable.
//
// A correct runtime answers every call with an errno of preview 1 or 0, traps in none,
// lets nothing outside the directory be read, made or removed, keeps its limits, and
// changes nothing for the guests beside this one. The last line is "survived" and the
// code 0; "ESCAPED" or "BAD" lines and code 1 mean a fault of the runtime. Sizes and
// offsets are small or beyond every file system, so that the host's disk is safe.
//
// Run it only where the sandbox is meant to hold: under node and wazero, whose WASI
// follows links out of the directory, it changes files of the host.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALL(name, parameters, arguments)                                                                 \
  __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name))) int32_t host_##name parameters; \
  static int32_t call_##name(const int64_t *a) {                                                          \
    (void)a;                                                                                              \
    return host_##name arguments;                                                                         \
  }
#define I(n) ((int32_t)a[n])
#define L(n) (a[n])
#define I1 (int32_t)
#define I2 (int32_t, int32_t)
#define I3 (int32_t, int32_t, int32_t)
#define I4 (int32_t, int32_t, int32_t, int32_t)
#define I5 (int32_t, int32_t, int32_t, int32_t, int32_t)
#define I6 (int32_t, int32_t, int32_t, int32_t, int32_t, int32_t)
#define I7 (int32_t, int32_t, int32_t, int32_t, int32_t, int32_t, int32_t)
#define A1 (I(0))
#define A2 (I(0), I(1))
#define A3 (I(0), I(1), I(2))
#define A4 (I(0), I(1), I(2), I(3))
#define A5 (I(0), I(1), I(2), I(3), I(4))
#define A6 (I(0), I(1), I(2), I(3), I(4), I(5))
#define A7 (I(0), I(1), I(2), I(3), I(4), I(5), I(6))

CALL(args_get, I2, A2)
CALL(args_sizes_get, I2, A2)
CALL(environ_get, I2, A2)
CALL(environ_sizes_get, I2, A2)
CALL(clock_res_get, I2, A2)
CALL(clock_time_get, (int32_t, int64_t, int32_t), (I(0), L(1), I(2)))
CALL(fd_advise, (int32_t, int64_t, int64_t, int32_t), (I(0), L(1), L(2), I(3)))
CALL(fd_allocate, (int32_t, int64_t, int64_t), (I(0), L(1), L(2)))
CALL(fd_close, I1, A1)
CALL(fd_datasync, I1, A1)
CALL(fd_fdstat_get, I2, A2)
CALL(fd_fdstat_set_flags, I2, A2)
CALL(fd_fdstat_set_rights, (int32_t, int64_t, int64_t), (I(0), L(1), L(2)))
CALL(fd_filestat_get, I2, A2)
CALL(fd_filestat_set_size, (int32_t, int64_t), (I(0), L(1)))
CALL(fd_filestat_set_times, (int32_t, int64_t, int64_t, int32_t), (I(0), L(1), L(2), I(3)))
CALL(fd_pread, (int32_t, int32_t, int32_t, int64_t, int32_t), (I(0), I(1), I(2), L(3), I(4)))
CALL(fd_prestat_get, I2, A2)
CALL(fd_prestat_dir_name, I3, A3)
CALL(fd_pwrite, (int32_t, int32_t, int32_t, int64_t, int32_t), (I(0), I(1), I(2), L(3), I(4)))
CALL(fd_read, I4, A4)
CALL(fd_readdir, (int32_t, int32_t, int32_t, int64_t, int32_t), (I(0), I(1), I(2), L(3), I(4)))
CALL(fd_renumber, I2, A2)
CALL(fd_seek, (int32_t, int64_t, int32_t, int32_t), (I(0), L(1), I(2), I(3)))
CALL(fd_sync, I1, A1)
CALL(fd_tell, I2, A2)
CALL(fd_write, I4, A4)
CALL(path_create_directory, I3, A3)
CALL(path_filestat_get, I5, A5)
CALL(path_filestat_set_times, (int32_t, int32_t, int32_t, int32_t, int64_t, int64_t, int32_t), (I(0), I(1), I(2), I(3), L(4), L(5), I(6)))
CALL(path_link, I7, A7)
CALL(path_open, (int32_t, int32_t, int32_t, int32_t, int32_t, int64_t, int64_t, int32_t, int32_t),
     (I(0), I(1), I(2), I(3), I(4), L(5), L(6), I(7), I(8)))
CALL(path_readlink, I6, A6)
CALL(path_remove_directory, I3, A3)
CALL(path_rename, I6, A6)
CALL(path_symlink, I5, A5)
CALL(path_unlink_file, I3, A3)
CALL(poll_oneoff, I4, A4)
CALL(proc_raise, I1, A1)
CALL(random_get, I2, A2)
CALL(sched_yield, (void), ())
CALL(sock_accept, I3, A3)
CALL(sock_recv, I6, A6)
CALL(sock_send, I5, A5)
CALL(sock_shutdown, I2, A2)
__attribute__((import_module("wasi_snapshot_preview1"), import_name("proc_exit"), noreturn)) void host_proc_exit(int32_t);

// What the arguments of a call are. Two letters' worth of arguments where noted.
//
//     f  a descriptor            p  a pointer       n  a length
//     s  a path: pointer, length v  buffers: pointer, count
//     o  an offset or size, i64  l  any i64         i  flags or a small number
//     q  subscriptions           F  a descriptor that may well go
static const struct call {
  const char *name, *kinds;
  int32_t (*make)(const int64_t *);
} calls[] = {
#define ENTRY(name, kinds) {#name, kinds, call_##name}
    ENTRY(args_get, "pp"), ENTRY(args_sizes_get, "pp"), ENTRY(environ_get, "pp"), ENTRY(environ_sizes_get, "pp"),
    ENTRY(clock_res_get, "ip"), ENTRY(clock_time_get, "ilp"), ENTRY(fd_advise, "fooi"), ENTRY(fd_allocate, "foo"),
    ENTRY(fd_close, "F"), ENTRY(fd_datasync, "f"), ENTRY(fd_fdstat_get, "fp"), ENTRY(fd_fdstat_set_flags, "fi"),
    ENTRY(fd_fdstat_set_rights, "Fll"), ENTRY(fd_filestat_get, "fp"), ENTRY(fd_filestat_set_size, "fo"),
    ENTRY(fd_filestat_set_times, "flli"), ENTRY(fd_pread, "fvop"), ENTRY(fd_prestat_get, "fp"),
    ENTRY(fd_prestat_dir_name, "fpn"), ENTRY(fd_pwrite, "fvop"), ENTRY(fd_read, "fvp"), ENTRY(fd_readdir, "fpnlp"),
    ENTRY(fd_renumber, "FF"), ENTRY(fd_seek, "foip"), ENTRY(fd_sync, "f"), ENTRY(fd_tell, "fp"), ENTRY(fd_write, "fvp"),
    ENTRY(path_create_directory, "fs"), ENTRY(path_filestat_get, "fisp"), ENTRY(path_filestat_set_times, "fislli"),
    ENTRY(path_link, "fisfs"), ENTRY(path_open, "fisillip"), ENTRY(path_readlink, "fspnp"),
    ENTRY(path_remove_directory, "fs"), ENTRY(path_rename, "fsfs"), ENTRY(path_symlink, "sfs"),
    ENTRY(path_unlink_file, "fs"), ENTRY(poll_oneoff, "qp"), ENTRY(proc_raise, "i"), ENTRY(random_get, "pn"),
    ENTRY(sched_yield, ""), ENTRY(sock_accept, "fip"), ENTRY(sock_recv, "fvipp"), ENTRY(sock_send, "fvip"),
    ENTRY(sock_shutdown, "fi"),
};

enum { CALLS = sizeof calls / sizeof *calls, ERRNOS = 77, ARENA = 1 << 18, LONGEST = 4096 };

static uint64_t state;
static int faults;

static uint32_t rnd(void) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return (uint32_t)(state * 0x2545f4914f6cdd1du >> 32);
}

// The only memory that calls are asked to write to, apart from addresses at and
// behind the end. Pointers lie in its first half and good lengths are short, so that
// nothing else of this program is overwritten.
static _Alignas(16) unsigned char arena[ARENA];

static const char *const paths[] = {
    "", ".", "..", "/", "//", "a", "b", "c", "dir", "dir/a", "dir/../a", "dir/..", "dir/../..", "../", "../secret",
    "../../../../../../../../etc/passwd", "/etc/passwd", "/proc/self/mem", "/dev/zero", "up", "up/secret", "abs", "loop",
    "loop/loop", "a/", "a/b", "./a", "dir//a", "dir/./a", "...", "..a", "a/..", "\xff\xfe", "\xc3\x28", "new\nline", "\x1b[2J",
    "C:\\a", "..\\secret", "con", "faasm://a", "dir/up/up/up", "here/here/here/a",
};

static int64_t pick_pointer(void) {
  uint32_t end = (uint32_t)__builtin_wasm_memory_size(0) * 65536;
  static const uint32_t edges[] = {0, 1, 4, 7, 8, 16, 24, 48, 64};
  switch (rnd() % 16) {
  case 0: return end - edges[rnd() % 9];
  case 1: return (int32_t)(UINT32_MAX - rnd() % 64);
  case 2: return (int32_t)(0x80000000u + rnd() % 64);
  case 3: return (int32_t)(end + rnd() % 65536);
  case 4: return (int64_t)(uintptr_t)(arena + (rnd() % (ARENA / 2) | 1)); // not aligned
  default: return (int64_t)(uintptr_t)(arena + rnd() % (ARENA / 2) / 16 * 16);
  }
}

static int64_t pick_length(void) {
  switch (rnd() % 12) {
  case 0: return 0;
  case 1: return -1;
  case 2: return INT32_MAX;
  case 3: return INT32_MIN;
  case 4: return LONGEST;
  default: return rnd() % 256;
  }
}

static int64_t pick_offset(void) {
  static const int64_t extremes[] = {INT64_MAX, INT64_MIN, -1, INT64_MAX - 1, (int64_t)1 << 62, -4096};
  return rnd() % 3 == 0 ? extremes[rnd() % 6] : rnd() % 65536;
}

static int64_t pick_any(void) {
  if (rnd() % 4 == 0) return pick_offset();
  if (rnd() % 4 == 0) return 0x1fffffff; // all rights
  return (int64_t)((uint64_t)rnd() << 32 | rnd()) >> rnd() % 64;
}

// A descriptor; one that the call may take away is rarely one of the first four.
static int64_t pick_descriptor(int may_go) {
  uint32_t r = rnd() % 64;
  if (r == 0) return -1;
  if (r == 1) return INT32_MAX;
  if (r == 2) return (int32_t)rnd();
  if (may_go) return 4 + rnd() % 24;
  return r < 36 ? 3 : r < 42 ? (int64_t)(rnd() % 3) : 4 + rnd() % 24;
}

static void pick_path(int64_t *out) {
  unsigned char *p = arena + ARENA / 2 + rnd() % (ARENA / 4);
  size_t length;
  uint32_t r = rnd() % 16;
  if (r == 0) {
    out[0] = pick_pointer();
    out[1] = pick_length();
    return;
  }
  if (r == 1) {
    length = 1 + rnd() % LONGEST;
    for (size_t i = 0; i < length; i++) p[i] = i % 2 ? '/' : "a."[rnd() % 2];
  } else if (r == 2) {
    length = rnd() % 32;
    for (size_t i = 0; i < length; i++) p[i] = (unsigned char)rnd();
  } else {
    static const char *const plain[] = {"a", "b", "c", "dir", "dir/a", "dir/b"};
    const char *path = r < 9 ? plain[rnd() % 6] : paths[rnd() % (sizeof paths / sizeof *paths)];
    length = strlen(path);
    memcpy(p, path, length);
    if (r == 3) p[length++] = 0; // a NUL inside
  }
  out[0] = (int64_t)(uintptr_t)p;
  out[1] = (int64_t)length;
}

static void pick_buffers(int64_t *out) {
  if (rnd() % 12 == 0) {
    out[0] = pick_pointer();
    out[1] = pick_length();
    return;
  }
  uint32_t count = rnd() % 8;
  uint32_t *p = (uint32_t *)(arena + ARENA / 4 * 3 + rnd() % 1024 * 16);
  for (uint32_t i = 0; i < count; i++) {
    p[2 * i] = (uint32_t)pick_pointer();
    p[2 * i + 1] = rnd() % 8 == 0 ? (uint32_t)pick_length() : rnd() % 128;
  }
  out[0] = (int64_t)(uintptr_t)p;
  out[1] = count;
}

// Subscriptions with random tags and contents. The first is a clock, and all clocks wait
// a microsecond at most, so that none waits for ever.
static void pick_subscriptions(int64_t *out) {
  unsigned char *p = arena + ARENA / 4 * 3;
  uint32_t count = rnd() % 4;
  for (uint32_t i = 0; i < count * 48; i++) p[i] = (unsigned char)rnd();
  for (uint32_t i = 0; i < count; i++) {
    unsigned char *s = p + 48 * i;
    uint64_t timeout = rnd() % 1000;
    s[8] = (unsigned char)(i == 0 ? 0 : rnd() % 8 == 0 ? rnd() : rnd() % 3);
    if (s[8] != 0) { // a descriptor
      uint32_t fd = (uint32_t)pick_descriptor(0);
      if (fd == 0) fd = 1; // an empty input may be a stream that never gets ready
      memcpy(s + 16, &fd, 4);
      continue;
    }
    memset(s + 9, 0, 7);
    memset(s + 16, 0, 8);
    s[16] = (unsigned char)(rnd() % 5);
    memcpy(s + 24, &timeout, 8);
    s[40] = (unsigned char)(rnd() % 2);
    s[41] = 0;
  }
  out[0] = rnd() % 16 == 0 ? (int32_t)(UINT32_MAX - rnd() % 64) : (int64_t)(uintptr_t)p;
  out[1] = pick_pointer();
  out[2] = count;
}

// Fills in the arguments that the letters ask for.
static void pick_arguments(const char *kinds, int64_t *a) {
  for (; *kinds != '\0'; kinds++)
    switch (*kinds) {
    case 'f': *a++ = pick_descriptor(0); break;
    case 'F': *a++ = pick_descriptor(1); break;
    case 'p': *a++ = pick_pointer(); break;
    case 'n': *a++ = pick_length(); break;
    case 'o': *a++ = pick_offset(); break;
    case 'l': *a++ = pick_any(); break;
    case 'i': *a++ = rnd() % 8 == 0 ? (int32_t)rnd() : (int32_t)(rnd() % (1u << rnd() % 5)); break;
    case 's': pick_path(a), a += 2; break;
    case 'v': pick_buffers(a), a += 2; break;
    case 'q': pick_subscriptions(a), a += 3; break;
    }
}

static void bad(const char *what, const char *name, int32_t result) {
  fprintf(stderr, "%s: %s answered %d\n", what, name, result);
  faults++;
}

static void storm(uint64_t seed, long count) {
  static long answered[CALLS], succeeded[CALLS];
  state = seed * 0x9e3779b97f4a7c15u | 1;
  for (long n = 0; n < count; n++) {
    const struct call *c = &calls[rnd() % CALLS];
    int64_t a[12] = {0};
    pick_arguments(c->kinds, a);
    int32_t result = c->make(a);
    answered[c - calls]++;
    if (result == 0) succeeded[c - calls]++;
    if (result < 0 || result >= ERRNOS) bad("BAD", c->name, result);
  }
  for (int i = 0; i < CALLS; i++) fprintf(stderr, "%-24s %6ld calls, %6ld succeeded\n", calls[i].name, answered[i], succeeded[i]);
}

// --- reaching out of the directory ---

enum { ROOT = 3, CREATE = 1, DIRECTORY = 2, FOLLOW = 1 };
enum { MAY_READ = 1 << 1, MAY_WRITE = 1 << 6 };

static int32_t at(const char *s) { return (int32_t)(intptr_t)s; }
static int32_t len(const char *s) { return (int32_t)strlen(s); }

static int32_t open_path(const char *path, int32_t flags, int64_t rights, int32_t *fd) {
  *fd = -1;
  return host_path_open(ROOT, FOLLOW, at(path), len(path), flags, rights, 0, 0, (int32_t)(intptr_t)fd);
}

// Gives the random calls something to find.
static void furnish(void) {
  int32_t fd;
  host_path_create_directory(ROOT, at("dir"), 3);
  open_path("a", CREATE, MAY_READ | MAY_WRITE, &fd);
  open_path("dir/a", CREATE, MAY_READ | MAY_WRITE, &fd);
  open_path("dir", DIRECTORY, MAY_READ, &fd);
}

static int32_t link_to(const char *target, const char *name) {
  host_path_unlink_file(ROOT, at(name), len(name));
  return host_path_symlink(at(target), len(target), ROOT, at(name), len(name));
}

// Tries everything that could touch what a path outside names.
static void try_path(const char *path) {
  static unsigned char stat[64];
  char name[128];
  int32_t fd, result;
  if ((result = open_path(path, 0, MAY_READ, &fd)) == 0) bad("ESCAPED", path, result), host_fd_close(fd);
  if ((result = open_path(path, DIRECTORY, MAY_READ, &fd)) == 0) bad("ESCAPED", path, result), host_fd_close(fd);
  if ((result = host_path_filestat_get(ROOT, FOLLOW, at(path), len(path), (int32_t)(intptr_t)stat)) == 0) bad("ESCAPED", path, result);
  snprintf(name, sizeof name, "%s/escaped", path);
  if ((result = open_path(name, CREATE, MAY_WRITE, &fd)) == 0) bad("ESCAPED", name, result), host_fd_close(fd);
  if ((result = host_path_create_directory(ROOT, at(name), len(name))) == 0) bad("ESCAPED", name, result);
  if ((result = host_path_symlink(at("x"), 1, ROOT, at(name), len(name))) == 0) bad("ESCAPED", name, result);
  if ((result = host_path_rename(ROOT, at("inside"), 6, ROOT, at(name), len(name))) == 0) bad("ESCAPED", name, result);
  if ((result = host_path_link(ROOT, 0, at("inside"), 6, ROOT, at(name), len(name))) == 0) bad("ESCAPED", name, result);
  if ((result = host_path_link(ROOT, FOLLOW, at(path), len(path), ROOT, at("stolen"), 6)) == 0) bad("ESCAPED", path, result);
}

static void links(void) {
  static const struct {
    const char *name, *target;
  } traps[] = {
      {"up", ".."},           {"upslash", "../"},      {"abs", "/etc/passwd"},   {"root", "/"},
      {"deep", "../../../../../../../../etc/passwd"}, {"dir/out", "../.."},      {"bent", "dir/../.."},
      {"loop", "loop"},       {"ping", "pong"},        {"pong", "ping"},         {"through", "up/.."},
      {"proc", "/proc/self/root/etc/passwd"},          {"inner", "dir/out/secret"}, {"dangling", "../nothing"},
  };
  int32_t fd;
  host_path_create_directory(ROOT, at("dir"), 3);
  if (open_path("inside", CREATE, MAY_WRITE, &fd) == 0) host_fd_close(fd);
  for (size_t i = 0; i < sizeof traps / sizeof *traps; i++) {
    // A runtime may refuse to make such a link; what counts is what it leads to.
    link_to(traps[i].target, traps[i].name);
    try_path(traps[i].name);
  }
  static const char *const straight[] = {"..", "../secret", "/etc/passwd", "dir/../..", "dir/../../secret", "up/../secret", "./../secret", "dir/out/secret"};
  for (size_t i = 0; i < sizeof straight / sizeof *straight; i++) try_path(straight[i]);
  char name[16], target[16];
  for (int i = 0; i < 100; i++) {
    snprintf(name, sizeof name, "chain%d", i);
    snprintf(target, sizeof target, "chain%d", i + 1);
    link_to(target, name);
  }
  link_to("..", "chain100");
  try_path("chain0");
  try_path("chain95");
}

// Gives the name "swap" to a directory with a file "secret" and to a link to ".." in
// turn.
static void swap(long count) {
  int32_t fd;
  host_path_create_directory(ROOT, at("plain"), 5);
  if (open_path("plain/secret", CREATE, MAY_WRITE, &fd) == 0) {
    const char *text = "inside";
    uint32_t buffer[2] = {(uint32_t)(uintptr_t)text, 6}, written;
    host_fd_write(fd, (int32_t)(intptr_t)buffer, 1, (int32_t)(intptr_t)&written);
    host_fd_close(fd);
  }
  link_to("..", "jump");
  for (long i = 0; i < count; i++) {
    const char *name = i % 2 ? "jump" : "plain";
    if (host_path_rename(ROOT, at(name), len(name), ROOT, at("swap"), 4) == 0)
      host_path_rename(ROOT, at("swap"), 4, ROOT, at(name), len(name));
  }
}

// Reads "swap/secret" as often as it can; what is not "inside" comes from outside.
static void reach(long count) {
  long opened = 0;
  for (long i = 0; i < count; i++) {
    int32_t fd;
    char text[16] = "";
    uint32_t buffer[2] = {(uint32_t)(uintptr_t)text, 6}, got = 0;
    if (open_path("swap/secret", 0, MAY_READ, &fd) != 0) continue;
    opened++;
    int32_t result = host_fd_read(fd, (int32_t)(intptr_t)buffer, 1, (int32_t)(intptr_t)&got);
    if (result == 0 && (got != 6 || memcmp(text, "inside", 6) != 0)) bad("ESCAPED", "swap/secret", (int32_t)got);
    host_fd_close(fd);
  }
  fprintf(stderr, "%ld of %ld attempts opened a file\n", opened, count);
}

static void flood_memory(void) {
  size_t page;
  while ((page = __builtin_wasm_memory_grow(0, 16)) != (size_t)-1)
    for (size_t i = 0; i < 16; i++) *(volatile char *)((page + i) * 65536) = 1;
  fprintf(stderr, "%zu MiB\n", __builtin_wasm_memory_size(0) / 16);
}

static void flood_output(void) {
  uint32_t buffer[2] = {(uint32_t)(uintptr_t)arena, ARENA}, written;
  memset(arena, 'x', ARENA);
  while (host_fd_write(1, (int32_t)(intptr_t)buffer, 1, (int32_t)(intptr_t)&written) == 0)
    if (host_fd_write(2, (int32_t)(intptr_t)buffer, 1, (int32_t)(intptr_t)&written) != 0) break;
}

int main(int argc, char **argv) {
  const char *how = argc > 1 ? argv[1] : "calls";
  long number = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
  // A page of its own at the end of memory, for calls to write to.
  __builtin_wasm_memory_grow(0, 1);
  if (strcmp(how, "calls") == 0) furnish(), storm(number ? (uint64_t)number : 1, argc > 3 ? strtol(argv[3], NULL, 10) : 10000);
  else if (strcmp(how, "links") == 0) links();
  else if (strcmp(how, "swap") == 0) swap(number ? number : 10000);
  else if (strcmp(how, "reach") == 0) reach(number ? number : 10000);
  else if (strcmp(how, "memory") == 0) flood_memory();
  else if (strcmp(how, "output") == 0) flood_output();
  else {
    fprintf(stderr, "hostile: no way \"%s\"\n", how);
    return 2;
  }
  if (faults == 0) fprintf(stderr, "\nsurvived\n");
  host_proc_exit(faults > 0);
}
