// Files, whole.
#ifndef FAASM_FILES_H
#define FAASM_FILES_H

#ifdef __cplusplus
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

namespace faasm {

// A file's size in bytes; -1 if it cannot be examined.
inline long getFileLength(const char *path)
{
    struct stat s;
    if (stat(path, &s) != 0) {
        return -1;
    }
    return static_cast<long>(s.st_size);
}

// A file's content, NUL-terminated, from malloc; a null pointer if it cannot be read.
inline char *readFileToString(const char *path)
{
    long length = getFileLength(path);
    FILE *f = length < 0 ? nullptr : fopen(path, "rb");
    if (f == nullptr) {
        return nullptr;
    }
    char *buffer = static_cast<char *>(malloc(static_cast<size_t>(length) + 1));
    if (buffer != nullptr) {
        size_t n = fread(buffer, 1, static_cast<size_t>(length), f);
        buffer[n] = '\0';
        if (ferror(f)) {
            free(buffer);
            buffer = nullptr;
        }
    }
    fclose(f);
    return buffer;
}

} // namespace faasm
#endif

#endif
