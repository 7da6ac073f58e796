// Prints a backtrace from a template's method, through a lambda.
// env: __faasm_backtrace
#include "faasm/faasm.h"

namespace shapes {

template <typename T> class Area
{
  public:
    __attribute__((noinline)) T of(T side)
    {
        faasmBacktrace(0);
        return side * side;
    }
};

} // namespace shapes

int main()
{
    auto measure = [](int side) { return shapes::Area<int>().of(side); };
    return measure(3) == 9 ? 0 : 1;
}
