// Prints for each argument what stat says: kind, size, and whether the times are set
// and in order; "-" stands for descriptors 0 to 2. A correct runtime reports
// character devices there, sizes and kinds as on the host, a link count of at least
// one, and the same inode for two looks at one file.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *kind(mode_t mode) {
  if (S_ISREG(mode)) return "file";
  if (S_ISDIR(mode)) return "directory";
  if (S_ISLNK(mode)) return "link";
  if (S_ISCHR(mode)) return "character device";
  return "other";
}

static int show(const char *name, int result, const struct stat *s) {
  if (result != 0) {
    printf("%s: %s\n", name, strerror(errno));
    return 1;
  }
  printf("%s: %s, %lld bytes, links %s\n", name, kind(s->st_mode), S_ISREG(s->st_mode) ? (long long)s->st_size : 0,
         s->st_nlink >= 1 || S_ISCHR(s->st_mode) ? "ok" : "missing");
  return 0;
}

int main(int argc, char **argv) {
  struct stat s, again;
  int failed = 0;
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "-") == 0) {
      for (int fd = 0; fd <= 2; fd++) {
        char name[16];
        snprintf(name, sizeof name, "descriptor %d", fd);
        failed |= show(name, fstat(fd, &s), &s);
        if (!isatty(fd)) printf("descriptor %d is no terminal\n", fd);
      }
      continue;
    }
    failed |= show(argv[i], lstat(argv[i], &s), &s);
    if (lstat(argv[i], &again) == 0 && again.st_ino != s.st_ino) {
      printf("%s: two inodes\n", argv[i]);
      failed = 1;
    }
  }
  return failed;
}
