// Works on files as its first argument says: cat [FILE...], write FILE TEXT, ls DIR;
// env NAME prints a variable. Returns 1, with the reason on stderr, where that fails.
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failed(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    return 1;
}

static int cat(const char *path)
{
    FILE *f = path != NULL ? fopen(path, "rb") : stdin;
    if (f == NULL) {
        return failed(path);
    }
    char buf[4096];
    size_t n;
    while ((n = fread(buf, 1, sizeof buf, f)) > 0) {
        fwrite(buf, 1, n, stdout);
    }
    return ferror(f) ? failed("read") : 0;
}

static int write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "wb");
    if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0) {
        return failed(path);
    }
    return 0;
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static int list(const char *path)
{
    DIR *d = opendir(path);
    if (d == NULL) {
        return failed(path);
    }
    char *names[64];
    size_t n = 0;
    for (struct dirent *e = readdir(d); e != NULL && n < 64; e = readdir(d)) {
        names[n++] = strdup(e->d_name);
    }
    qsort(names, n, sizeof names[0], by_name);
    for (size_t i = 0; i < n; i++) {
        puts(names[i]);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "cat") == 0) {
        int code = argc == 2 ? cat(NULL) : 0;
        for (int i = 2; i < argc; i++) {
            code |= cat(argv[i]);
        }
        return code;
    }
    if (argc > 3 && strcmp(argv[1], "write") == 0) {
        return write_text(argv[2], argv[3]);
    }
    if (argc > 2 && strcmp(argv[1], "ls") == 0) {
        return list(argv[2]);
    }
    if (argc > 2 && strcmp(argv[1], "env") == 0) {
        const char *value = getenv(argv[2]);
        puts(value != NULL ? value : "(not set)");
        return 0;
    }
    for (int i = 0; i < argc; i++) {
        printf("[%s]\n", argv[i]);
    }
    return 0;
}
