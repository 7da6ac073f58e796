// What initialises it counts and prints; main tells the counts, which are 1 in every
// invocation if it ran once or anew. A string and a vector are on the heap then.
#include "faasm/faasm.h"

#include <cstdio>
#include <string>
#include <vector>

static int constructed, prepared, ran;

struct Counter
{
    Counter()
    {
        constructed++;
        puts("constructor");
    }
};
static Counter counter;
static std::vector<std::string> words = {"made", "by", "a", "constructor"};
static const char *(*spoken)();
static const char *say() { return words.back().c_str(); }

FAASM_ZYGOTE()
{
    prepared++;
    words.push_back("a string of the zygote's that is on the heap");
    spoken = say;
    fputs("zygote\n", stderr);
    return 0;
}

int main(int argc, char **argv)
{
    printf("%d %d %d %s\n", constructed, prepared, ++ran, spoken());
    words.clear();
    if (argc > 1 && std::string(argv[1]) == "trap")
        __builtin_trap();
    return 0;
}
