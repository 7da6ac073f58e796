// What debuggers are tried on in C++: classes, references, this, templates, containers.
#include <cstdio>
#include <string>
#include <vector>

namespace geometry {

struct Point {
  int x, y;
};

struct Shape {
  std::string name;
  explicit Shape(std::string name) : name(std::move(name)) {}
  virtual ~Shape() = default;
  virtual double area() const = 0;
};

struct Box : Shape {
  Point corner;
  double width, height;
  Box(Point corner, double width, double height) : Shape("box"), corner(corner), width(width), height(height) {}
  __attribute__((noinline)) double area() const override {
    double result = width * height;
    return result;
  }
};

template <typename T> __attribute__((noinline)) T larger(const T &a, const T &b) {
  T result = a < b ? b : a;
  return result;
}

} // namespace geometry

__attribute__((noinline)) static double measure(const std::vector<geometry::Shape *> &shapes, geometry::Point &origin) {
  double total = 0;
  for (geometry::Shape *shape : shapes)
    total += shape->area() + origin.x;
  return total;
}

int main() {
  geometry::Point origin{5, 6};
  geometry::Box small({1, 2}, 3, 4), large({3, 4}, 5, 6);
  std::vector<geometry::Shape *> shapes{&small, &large};
  double total = measure(shapes, origin);
  std::printf("%.1f %d\n", total, geometry::larger(origin.x, origin.y));
}
