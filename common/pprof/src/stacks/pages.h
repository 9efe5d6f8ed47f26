// Zeroed memory from mmap(), for code that runs inside malloc. Not thread-safe.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <span>
#include <utility>

namespace pprof::internal {

template <class Item>
class Pages {
 public:
  // Room for `count` items, of which only those that are written take memory. May fail: see data().
  explicit Pages(std::size_t count) : bytes_(count * sizeof(Item)) {
    void* const memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    items_ = memory != MAP_FAILED ? static_cast<Item*>(memory) : nullptr;
  }
  ~Pages() {
    if (items_ != nullptr) munmap(items_, bytes_);
  }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  Item* data() const { return items_; }  // null: there is no memory
  std::size_t size() const { return bytes_ / sizeof(Item); }
  std::size_t bytes() const { return bytes_; }
  Item* release() { return std::exchange(items_, nullptr); }

 private:
  std::size_t bytes_;
  Item* items_;
};

}  // namespace pprof::internal
