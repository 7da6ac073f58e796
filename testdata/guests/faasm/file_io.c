// Files under /: makes a directory, writes, seeks, reads back, renames, lists and
// removes.
// env:
#include "faasm/faasm.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void)
{
    if (mkdir("/file_io", 0755) != 0) {
        return 1;
    }
    FILE *f = fopen("/file_io/a.txt", "w+");
    if (f == NULL || fputs("some text", f) < 0 || fseek(f, 5, SEEK_SET) != 0) {
        return 2;
    }
    char word[8] = {0};
    if (fread(word, 1, 4, f) != 4 || strcmp(word, "text") != 0 || fclose(f) != 0) {
        return 3;
    }
    struct stat s;
    if (rename("/file_io/a.txt", "/file_io/b.txt") != 0 || stat("/file_io/b.txt", &s) != 0 || s.st_size != 9) {
        return 4;
    }
    DIR *d = opendir("/file_io");
    int found = 0;
    for (struct dirent *e = d != NULL ? readdir(d) : NULL; e != NULL; e = readdir(d)) {
        found += strcmp(e->d_name, "b.txt") == 0;
    }
    if (d == NULL || closedir(d) != 0 || found != 1) {
        return 5;
    }
    return unlink("/file_io/b.txt") == 0 && rmdir("/file_io") == 0 ? 0 : 6;
}
