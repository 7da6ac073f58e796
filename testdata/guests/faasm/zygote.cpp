// Constructors run first, the zygote after them, each once; main then sees what
// both left.
// env:
#include "faasm/faasm.h"

#include <cstdio>
#include <string>
#include <vector>

static std::vector<std::string> steps = {"constructed"};

FAASM_ZYGOTE()
{
    steps.push_back("zygote");
    return 0;
}

int main()
{
    for (const std::string &step : steps) {
        printf("%s\n", step.c_str());
    }
    return steps.size() == 2 && steps[0] == "constructed" && steps[1] == "zygote" ? 0 : 1;
}
