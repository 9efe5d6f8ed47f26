// Which everyday lines of C++ allocate? Counts calls of operator new for each. Chapter 6 shows it.
#include <cstdio>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "alloc_counter.h"

namespace {

std::size_t by_value(std::string text) { return text.size(); }
std::size_t by_reference(const std::string& text) { return text.size(); }
std::size_t by_view(std::string_view text) { return text.size(); }

template <class Operation>
void count(const char* what, Operation operation) {
  const auto before = alloc_counter::this_thread();
  operation();
  const auto used = alloc_counter::this_thread() - before;
  std::printf("%2llu  %s\n", static_cast<unsigned long long>(used.allocations), what);
}

// Keeps a result alive, so that the compiler cannot remove what made it.
template <class Value>
void keep(const Value& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

struct Shape {
  virtual ~Shape() = default;
  virtual double area() const = 0;
};
struct Square final : Shape {
  explicit Square(double side) : side_(side) {}
  double area() const override { return side_ * side_; }
  double side_;
};

}  // namespace

int main() {
  const std::string agent = "Mozilla/5.0 (X11; Linux x86_64)";
  const char* literal = "a literal of more than fifteen characters";

  // [strings]
  count("std::string of 15 characters", [] { keep(std::string(15, '*')); });
  count("std::string of 16 characters", [] { keep(std::string(16, '*')); });
  count("long text passed by value", [&] { keep(by_value(agent)); });
  count("long text passed by const reference", [&] { keep(by_reference(agent)); });
  count("long literal passed by const reference", [&] { keep(by_reference(literal)); });
  count("long literal passed as string_view", [&] { keep(by_view(literal)); });
  // [strings]

  // [containers]
  count("vector: 8 push_back", [] {
    std::vector<int> numbers;
    for (int n = 0; n < 8; ++n) numbers.push_back(n);
    keep(numbers);
  });
  count("vector: reserve(8), 8 push_back", [] {
    std::vector<int> numbers;
    numbers.reserve(8);
    for (int n = 0; n < 8; ++n) numbers.push_back(n);
    keep(numbers);
  });
  // [containers]

  // [indirection]
  count("an object on the stack, called through its base", [] {
    const Square square(2);
    const Shape& shape = square;
    keep(shape.area());
  });
  count("the same behind unique_ptr", [] {
    const std::unique_ptr<Shape> shape = std::make_unique<Square>(2);
    keep(shape->area());
  });
  count("std::function of a lambda with 16 bytes of captures", [&] {
    keep(std::function<std::size_t()>([&agent, literal] { return agent.size() + *literal; }));
  });
  count("std::function of a lambda with 24 bytes of captures", [&] {
    const std::size_t more = agent.size();
    keep(std::function<std::size_t()>(
        [&agent, literal, more] { return agent.size() + *literal + more; }));
  });
  // [indirection]
}
