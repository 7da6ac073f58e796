// Never ends. What it does over and over is its first argument: the ways in which C++
// code can be found, such as virtual calls, lambdas, templates and containers.
#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

static volatile unsigned sink;

struct node {
  virtual ~node() = default;
  virtual unsigned value(unsigned x) const = 0;
};

struct leaf final : node {
  unsigned value(unsigned x) const override { return x * 3 + 1; }
};

struct sum final : node {
  std::unique_ptr<node> left, right;
  sum(std::unique_ptr<node> l, std::unique_ptr<node> r) : left(std::move(l)), right(std::move(r)) {}
  unsigned value(unsigned x) const override { return left->value(x) + right->value(x + 1); }
};

static std::unique_ptr<node> tree(int depth) {
  if (depth == 0) return std::make_unique<leaf>();
  return std::make_unique<sum>(tree(depth - 1), tree(depth - 1));
}

static void virtuals() {
  auto t = tree(6);
  for (unsigned i = 0; i < 20; i++) sink = sink + t->value(i);
}

static void lambdas() {
  std::vector<unsigned> v(300);
  for (auto &x : v) x = sink = sink * 1664525 + 1013904223;
  unsigned mask = sink;
  std::sort(v.begin(), v.end(), [mask](unsigned a, unsigned b) { return (a ^ mask) < (b ^ mask); });
  std::function<unsigned(unsigned)> fold = [&](unsigned n) { return n == 0 ? mask : fold(n - 1) ^ v[n]; };
  sink = sink + fold(100);
}

template <unsigned N> __attribute__((noinline)) unsigned count(unsigned x) { return count<N - 1>(x ^ N) + 1; }
template <> __attribute__((noinline)) unsigned count<0>(unsigned x) { return x; }

static void templates() { sink = sink + count<60>(sink); }

static void containers() {
  std::map<std::string, unsigned> m;
  for (unsigned i = 0; i < 100; i++) m[std::to_string(i * 7919 % 101)] += i;
  for (const auto &[k, v] : m) sink = sink + v + static_cast<unsigned>(k.size());
}

int main(int argc, char **argv) {
  static const std::pair<const char *, void (*)()> kinds[] = {
      {"virtuals", virtuals}, {"lambdas", lambdas}, {"templates", templates}, {"containers", containers}};
  for (const auto &[name, turn] : kinds)
    if (argc > 1 && std::strcmp(argv[1], name) == 0)
      for (;;) turn();
  return 2;
}
