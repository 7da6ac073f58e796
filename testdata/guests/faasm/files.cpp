// Reads a file whole; a missing one gives -1 and a null pointer.
// env:
#include <faasm/files.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

int main()
{
    FILE *f = fopen("/files.txt", "w");
    if (f == nullptr) {
        return 1;
    }
    fputs("whole", f);
    fclose(f);
    char *text = faasm::readFileToString("/files.txt");
    bool ok = text != nullptr && strcmp(text, "whole") == 0 && faasm::getFileLength("/files.txt") == 5;
    free(text);
    ok = ok && faasm::getFileLength("/missing") == -1 && faasm::readFileToString("/missing") == nullptr;
    return ok ? 0 : 2;
}
