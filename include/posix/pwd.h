// Users, as far as a function has one: the runtime makes them up.
#ifndef FAASM_POSIX_PWD_H
#define FAASM_POSIX_PWD_H

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct passwd {
    char *pw_name;
    char *pw_passwd;
    uid_t pw_uid;
    gid_t pw_gid;
    char *pw_gecos;
    char *pw_dir;
    char *pw_shell;
};

__attribute__((import_module("env"), import_name("getpwuid")))
struct passwd *getpwuid(uid_t uid);

__attribute__((import_module("env"), import_name("getpwnam")))
struct passwd *getpwnam(const char *name);

#ifdef __cplusplus
}
#endif

#endif
