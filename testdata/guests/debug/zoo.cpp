// Objects with virtual functions, the library's strings and vectors, and structures that
// functions return.
#include <cstdio>
#include <string>
#include <vector>

struct Place {
  int row, column;
};

class Animal {
 public:
  explicit Animal(std::string name) : name_(name) {}
  virtual ~Animal() = default;
  virtual int legs() const = 0;

 protected:
  std::string name_;
};

class Spider : public Animal {
 public:
  Spider() : Animal("a spider whose name is long"), seen_{{1, 2}, {3, 4}} {}
  int legs() const override;

 private:
  std::vector<Place> seen_;
};

int Spider::legs() const { return (int)seen_.size() * 4; }

static const char *motto = "count twice";

__attribute__((noinline)) static Place move(int by, const std::string &why, void *context) {
  Place *from = (Place *)context;
  return {from->row + by, from->column + (int)why.size()};
}

int main() {
  Spider spider;
  Animal *animal = &spider;
  Place place{5, 6};
  std::string why = "food";
  Place next = move(animal->legs(), why, &place);
  printf("%d %d %s\n", next.row, next.column, motto);
  return 0;
}
