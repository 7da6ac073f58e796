// Its zygote fills a map with 100,000 words on the heap; main looks one of them up.
#include "faasm/faasm.h"

#include <cstdio>
#include <map>
#include <string>

static std::map<std::string, int> *words;

FAASM_ZYGOTE()
{
    words = new std::map<std::string, int>;
    for (int i = 0; i < 100000; i++) (*words)["word " + std::to_string(i)] = i;
    return 0;
}

int main()
{
    std::printf("%d\n", words->at("word 4711"));
    return 0;
}
