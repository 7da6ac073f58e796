// What Faasm's libc adds to WASI: dup, users, process and host identity.
// env: dup getpwuid getpwnam getpid getuid geteuid getgid getegid gethostname
#include "faasm/faasm.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
    int fd = open("/posix.txt", O_RDWR | O_CREAT | O_TRUNC, 0644);
    int copy = dup(fd);
    if (fd < 0 || copy < 0 || copy == fd || write(fd, "abc", 3) != 3 || write(copy, "def", 3) != 3) {
        return 1;
    }
    char text[7] = {0};
    if (close(fd) != 0 || lseek(copy, 0, SEEK_SET) != 0 || read(copy, text, 6) != 6 || strcmp(text, "abcdef") != 0) {
        return 2;
    }
    char host[64] = {0};
    struct passwd *byId = getpwuid(getuid());
    if (byId == NULL || gethostname(host, sizeof host) != 0) {
        return 3;
    }
    printf("%s %s %s\n", byId->pw_name, byId->pw_dir, host);
    struct passwd *byName = getpwnam(byId->pw_name);
    if (byName == NULL || byName->pw_uid != getuid()) {
        return 4;
    }
    return getpid() > 0 && geteuid() == getuid() && getegid() == getgid() ? 0 : 5;
}
