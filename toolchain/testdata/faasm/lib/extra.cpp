#include <string>

extern "C" int faasmExtra(const char *s)
{
    return static_cast<int>(std::string(s).size());
}
