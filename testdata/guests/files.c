// Works in the current directory, or in the one its argument names, as a program
// does: creates, writes, appends, reads, seeks, truncates, stats, renames, links,
// lists and removes. Prints "NAME ok" for each step and leaves nothing behind. A
// correct runtime lets every step pass in a directory that may be written; in a
// read-only one "create" fails with EROFS, EACCES, EPERM or ENOTCAPABLE, which prints
// "create refused" and ends with 3.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char base[256];

static const char *at(const char *name) {
  static char path[4][512];
  static int next;
  char *p = path[next++ % 4];
  snprintf(p, sizeof path[0], "%s/%s", base, name);
  return p;
}

static void step(const char *name, int good) {
  if (good) {
    printf("%s ok\n", name);
    return;
  }
  printf("%s WRONG: %s\n", name, strerror(errno));
  exit(1);
}

static void make(void) {
  errno = 0;
  if (mkdir(at("work"), 0700) != 0 && (errno == EROFS || errno == EACCES || errno == EPERM || errno == ENOTCAPABLE)) {
    printf("create refused\n");
    exit(3);
  }
  step("mkdir", errno == 0);
  errno = 0;
  step("mkdir twice", mkdir(at("work"), 0700) == -1 && errno == EEXIST);
  int fd = open(at("work/a.txt"), O_CREAT | O_EXCL | O_RDWR, 0600);
  step("create", fd >= 0);
  step("create twice", open(at("work/a.txt"), O_CREAT | O_EXCL | O_RDWR, 0600) == -1 && errno == EEXIST);
  step("write", write(fd, "first line\nsecond line\n", 23) == 23);
  step("close", close(fd) == 0);
  step("close twice", close(fd) == -1 && errno == EBADF);
}

static void change(void) {
  char buffer[64] = {0};
  int fd = open(at("work/a.txt"), O_RDWR | O_APPEND);
  step("append", fd >= 0 && write(fd, "third\n", 6) == 6 && lseek(fd, 0, SEEK_CUR) == 29);
  close(fd);
  fd = open(at("work/a.txt"), O_RDWR);
  step("seek", lseek(fd, -6, SEEK_END) == 23 && read(fd, buffer, 6) == 6 && memcmp(buffer, "third\n", 6) == 0);
  step("seek before the start", lseek(fd, -1, SEEK_SET) == -1 && errno == EINVAL);
  step("pread", pread(fd, buffer, 6, 11) == 6 && memcmp(buffer, "second", 6) == 0 && lseek(fd, 0, SEEK_CUR) == 29);
  step("pwrite", pwrite(fd, "SECOND", 6, 11) == 6 && pread(fd, buffer, 6, 11) == 6 && memcmp(buffer, "SECOND", 6) == 0);
  step("truncate", ftruncate(fd, 10) == 0 && lseek(fd, 0, SEEK_END) == 10);
  step("extend", ftruncate(fd, 20) == 0 && pread(fd, buffer, 20, 0) == 20 && buffer[10] == 0 && buffer[19] == 0);
  step("write beyond the end", pwrite(fd, "x", 1, 99) == 1 && lseek(fd, 0, SEEK_END) == 100);
  step("sync", fsync(fd) == 0 && fdatasync(fd) == 0);
  struct timespec times[2] = {{1000000000, 5000}, {1000000001, 7000}};
  struct stat s;
  step("times", futimens(fd, times) == 0 && fstat(fd, &s) == 0 && s.st_mtim.tv_sec == 1000000001 && s.st_atim.tv_sec == 1000000000);
  step("stat", s.st_size == 100 && S_ISREG(s.st_mode));
  close(fd);
  fd = open(at("work/a.txt"), O_RDONLY);
  step("write to a read-only descriptor", write(fd, "x", 1) == -1 && (errno == EBADF || errno == ENOTCAPABLE));
  close(fd);
}

static void names(void) {
  struct stat a, b;
  step("rename", rename(at("work/a.txt"), at("work/b.txt")) == 0);
  step("renamed away", stat(at("work/a.txt"), &a) == -1 && errno == ENOENT);
  step("link", link(at("work/b.txt"), at("work/c.txt")) == 0 && stat(at("work/b.txt"), &a) == 0 && stat(at("work/c.txt"), &b) == 0 &&
                   a.st_ino == b.st_ino && a.st_nlink == 2);
  step("symlink", symlink("b.txt", at("work/s")) == 0);
  char target[32] = {0};
  step("readlink", readlink(at("work/s"), target, sizeof target) == 5 && strcmp(target, "b.txt") == 0);
  step("lstat", lstat(at("work/s"), &a) == 0 && S_ISLNK(a.st_mode));
  step("stat through the link", stat(at("work/s"), &a) == 0 && S_ISREG(a.st_mode) && a.st_size == 100);
  step("open a directory as a file", open(at("work/b.txt/x"), O_RDONLY) == -1 && errno == ENOTDIR);
  step("open what is not there", open(at("work/none"), O_RDONLY) == -1 && errno == ENOENT);
}

static void list(void) {
  enum { MANY = 300 };
  char name[32];
  for (int i = 0; i < MANY; i++) {
    snprintf(name, sizeof name, "work/many%03d", i);
    int fd = open(at(name), O_CREAT | O_WRONLY, 0600);
    if (fd < 0 || close(fd) != 0) step("create many", 0);
  }
  DIR *d = opendir(at("work"));
  step("opendir", d != NULL);
  int seen[MANY] = {0}, many = 0, others = 0, links = 0;
  for (struct dirent *e; (e = readdir(d)) != NULL;) {
    int i;
    if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
    if (sscanf(e->d_name, "many%d", &i) == 1 && i >= 0 && i < MANY) many += seen[i]++ == 0;
    else others++;
    links += e->d_type == DT_LNK;
  }
  closedir(d);
  step("readdir sees each name once", many == MANY && others == 3 && links == 1);
  for (int i = 0; i < MANY; i++) {
    snprintf(name, sizeof name, "work/many%03d", i);
    if (unlink(at(name)) != 0) step("remove many", 0);
  }
}

static void clean(void) {
  step("rmdir of a full directory", rmdir(at("work")) == -1 && (errno == ENOTEMPTY || errno == EEXIST));
  step("unlink of a directory", unlink(at("work")) == -1 && (errno == EISDIR || errno == EPERM));
  step("unlink", unlink(at("work/s")) == 0 && unlink(at("work/b.txt")) == 0 && unlink(at("work/c.txt")) == 0);
  step("rmdir", rmdir(at("work")) == 0);
  step("rmdir twice", rmdir(at("work")) == -1 && errno == ENOENT);
}

int main(int argc, char **argv) {
  snprintf(base, sizeof base, "%s", argc > 1 ? argv[1] : ".");
  setvbuf(stdout, NULL, _IOLBF, 512);
  make();
  change();
  names();
  list();
  clean();
  return 0;
}
