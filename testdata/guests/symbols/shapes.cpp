// What a C++ compiler makes debug information of: templates, lambdas in lambdas,
// virtual functions, classes in functions, operators, constructors, unnamed
// namespaces, and the standard library inlined deep.
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <cstdio>

namespace geometry {

template <typename T, int Scale> struct Vector {
  T x{}, y{};
  Vector() = default;
  template <typename U> Vector(U x, U y) : x(static_cast<T>(x) * Scale), y(static_cast<T>(y) * Scale) {}
  Vector operator+(const Vector &o) const { return {x + o.x, y + o.y}; }
  T operator*(const Vector &o) const { return x * o.x + y * o.y; }
  explicit operator bool() const { return x != T() || y != T(); }
};

struct Shape {
  virtual ~Shape() {}
  virtual double area() const = 0;
  virtual std::string name() const { return "shape"; }
};

struct Circle : Shape {
  double r;
  explicit Circle(double r) : r(r) {}
  double area() const override { return 3.14159 * r * r; }
  std::string name() const override { return "circle of " + std::to_string(r); }
};

class Square final : public Shape {
  double side;

public:
  explicit Square(double side) : side(side) {}
  double area() const override { return side * side; }
};

} // namespace geometry

namespace {

template <typename... Args> int count(Args &&...args) {
  return (static_cast<int>(args) + ... + 0);
}

template <typename F> auto apply(F f, int n) -> decltype(f(n)) {
  return f(n);
}

inline namespace versioned {
int twice(int v) { return 2 * v; }
} // namespace versioned

struct Counter {
  static int total;
  int &bump() { return ++total; }
};
int Counter::total = 0;

} // namespace

static int local_class(int n) {
  struct Local {
    int n;
    int get() const {
      return n * 3;
    }
  };
  auto outer = [n](int a) {
    auto inner = [a](auto b) { return a * b; };
    return inner(n) + static_cast<int>(inner(0.5));
  };
  return Local{n}.get() + outer(n);
}

int main(int argc, char **argv) {
  using V = geometry::Vector<int, 3>;
  std::vector<V> vectors;
  for (int i = 0; i < 12 + argc; i++)
    vectors.emplace_back(i, 12 - i);
  std::sort(vectors.begin(), vectors.end(), [](const V &a, const V &b) {
    return a * a < b * b;
  });
  V sum = std::accumulate(vectors.begin(), vectors.end(), V());
  std::vector<std::unique_ptr<geometry::Shape>> shapes;
  shapes.push_back(std::make_unique<geometry::Circle>(argc));
  shapes.push_back(std::make_unique<geometry::Square>(argc + 1));
  std::map<std::string, double> areas;
  for (auto &s : shapes)
    areas[s->name()] += s->area();
  std::function<int(int)> f = [&](int v) { return twice(v) + local_class(argc); };
  Counter c;
  c.bump() += apply(f, count(1, 2L, 'c'));
  for (auto &[name, area] : areas)
    std::printf("%s %.1f\n", name.c_str(), area);
  std::printf("%d %d %d\n", sum.x, sum ? Counter::total : 0, apply([](int n) { return n + 1; }, argc));
}
