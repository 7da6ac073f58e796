// Three functions with 60, 30 and 10 percent of the work, and what they inline.
#include <cstdint>
#include <cstdlib>

namespace work {

template <typename T>
[[gnu::always_inline]] inline T mix(T x) {
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return x;
}

struct Counter {
  uint32_t value = 1;

  [[gnu::noinline]] void big(uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
      value = mix(value) + i;
  }
  [[gnu::noinline]] void mid(uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
      value = mix(value) - i;
  }
  [[gnu::noinline]] void small(uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
      value = mix(value) ^ i;
  }
};

}  // namespace work

// main takes how many thousand turns to do, 100000 by default.
int main(int argc, char **argv) {
  uint32_t turns = (argc > 1 ? static_cast<uint32_t>(atoi(argv[1])) : 100000) * 100;
  work::Counter c;
  for (int round = 0; round < 10; round++) {
    c.big(turns / 10 * 6);
    c.mid(turns / 10 * 3);
    c.small(turns / 10);
  }
  return c.value == 0;
}
