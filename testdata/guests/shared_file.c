// Does to a file what its arguments say: read PATH; write, append or keep PATH TEXT, of which
// keep does not close the file; remove PATH; rename PATH PATH; size PATH; list PATH, without names that begin with a dot. Prints
// what it read, or why it could not.
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int failed(void) {
  printf("%s", strerror(errno));
  return 1;
}

static int put(const char *path, const char *mode, const char *text, int keep) {
  FILE *f = fopen(path, mode);
  if (!f) return failed();
  fputs(text, f);
  if (fflush(f) != 0) return failed();
  return keep || fclose(f) == 0 ? 0 : failed();
}

static int print(const char *path) {
  static char buffer[1 << 16];
  FILE *f = fopen(path, "r");
  if (!f) return failed();
  for (size_t n; (n = fread(buffer, 1, sizeof buffer, f)) > 0;) fwrite(buffer, 1, n, stdout);
  return fclose(f) == 0 ? 0 : failed();
}

static int list(const char *path) {
  DIR *d = opendir(path);
  if (!d) return failed();
  for (struct dirent *e; (e = readdir(d));)
    if (e->d_name[0] != '.') printf("%s\n", e->d_name);
  return closedir(d);
}

int main(int argc, char **argv) {
  const char *what = argc > 2 ? argv[1] : "";
  const char *path = argc > 2 ? argv[2] : "", *text = argc > 3 ? argv[3] : "";
  struct stat st;
  if (!strcmp(what, "read")) return print(path);
  if (!strcmp(what, "write")) return put(path, "w", text, 0);
  if (!strcmp(what, "append")) return put(path, "a", text, 0);
  if (!strcmp(what, "keep")) return put(path, "w", text, 1);
  if (!strcmp(what, "list")) return list(path);
  if (!strcmp(what, "remove")) return unlink(path) == 0 ? 0 : failed();
  if (!strcmp(what, "rename")) return rename(path, text) == 0 ? 0 : failed();
  if (!strcmp(what, "size")) return stat(path, &st) == 0 ? printf("%lld", (long long)st.st_size) < 0 : failed();
  return 2;
}
