// What debuggers are tried on in C++: variables in namespaces and classes.
#include <cstdio>

namespace shop {
struct Counter {
  static int count;
  int own;
};
int Counter::count = 7;
double ratio = 1.5;
namespace {
int hidden = 11;
}
} // namespace shop

__attribute__((noinline)) int sell(int n) {
  shop::Counter::count += n;
  shop::ratio *= 2;
  shop::hidden--;
  return shop::Counter::count;
}

int main() {
  for (int i = 1; i < 4; i++) sell(i);
  printf("%d %g %d\n", shop::Counter::count, shop::ratio, shop::hidden);
}
