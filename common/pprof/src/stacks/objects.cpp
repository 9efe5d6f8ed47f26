// See objects.h.
#include "stacks/objects.h"

#include <dlfcn.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>

#include "fork_mutex.h"
#include "stacks/pages.h"
#include "stacks/stack_memory.h"

namespace pprof::internal {
namespace {

// What .eh_frame_hdr begins with, in the encodings that all linkers use.
struct ListHeader {
  std::array<unsigned char, 4> format;
  std::int32_t eh_frame;  // from this field's own address
  std::uint32_t count;
  ListedFunction first;
};
constexpr std::array<unsigned char, 4> kFormat{1, 0x1B, 0x03, 0x3B};

// Where an object lies, as the loader says.
struct ObjectPlace {
  std::uintptr_t begin;
  std::uintptr_t end;
  const void* link_map;
  std::uintptr_t list;  // its .eh_frame_hdr
  bool operator==(const ObjectPlace&) const = default;
};

// Another object that is loaded at the same place differs in its first bytes: they hold its
// segments' sizes and its build-id.
using FirstBytes = std::array<unsigned char, 1024>;

struct Object {
  ObjectPlace place;
  FirstBytes first_bytes;
  ListHeader header;
  const UnwindTable* table;  // null: it has none
};

std::uintptr_t address_of(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

// Copies from an object. Where a seccomp filter forbids the safe way, it is read as it stands.
bool copy_from_object(void* to, std::uintptr_t from, std::size_t size) {
  if (copy_memory(to, from, size)) return true;
  if (can_copy_memory()) return false;
  std::memcpy(to, reinterpret_cast<const void*>(from), size);  // NOLINT(*-int-to-ptr)
  return true;
}

// Since glibc 2.35 the loader tells without a lock, also in signal handlers.
std::optional<ObjectPlace> place_of(std::uintptr_t pc) {
  dl_find_object found{};
  if (_dl_find_object(reinterpret_cast<void*>(pc), &found) != 0) return {};  // NOLINT(*-int-to-ptr)
  return ObjectPlace{address_of(found.dlfo_map_start), address_of(found.dlfo_map_end),
                     found.dlfo_link_map, address_of(found.dlfo_eh_frame)};
}

FirstBytes first_bytes_of(const ObjectPlace& place) {
  FirstBytes bytes{};
  copy_from_object(bytes.data(), place.begin, std::min(bytes.size(), place.end - place.begin));
  return bytes;
}

ListHeader header_of(const ObjectPlace& place) {
  ListHeader header{};
  const bool is_known = place.list != 0 && copy_from_object(&header, place.list, sizeof(header)) &&
                        header.format == kFormat;
  return is_known ? header : ListHeader{};
}

const UnwindTable* table_of(const Object& object) {
  const auto holds = [&object](std::uintptr_t begin, std::size_t size) {
    return begin >= object.place.begin && begin < object.place.end &&
           size <= object.place.end - begin;
  };
  const std::size_t count = object.header.count;
  const std::uintptr_t functions_at = object.place.list + offsetof(ListHeader, first);
  if (count == 0 || !holds(functions_at, count * sizeof(ListedFunction))) return nullptr;
  const Pages<ListedFunction> functions(count);
  if (functions.data() == nullptr ||
      !copy_from_object(functions.data(), functions_at, functions.bytes())) {
    return nullptr;
  }
  const std::span all(functions.data(), count);
  const auto from_list = [&object](std::int32_t offset) {
    return object.place.list + static_cast<std::uintptr_t>(std::intptr_t{offset});
  };
  const auto eh_frame = from_list(object.header.eh_frame) + offsetof(ListHeader, eh_frame);
  const auto last = from_list(std::ranges::max(all, {}, &ListedFunction::record).record);
  std::uint32_t last_size = 0;  // without the field itself
  if (!holds(last, sizeof(last_size)) || !copy_from_object(&last_size, last, sizeof(last_size)) ||
      !holds(eh_frame, last - eh_frame + sizeof(last_size) + last_size)) {
    return nullptr;
  }
  const Pages<unsigned char> records(last - eh_frame + sizeof(last_size) + last_size);
  if (records.data() == nullptr || !copy_from_object(records.data(), eh_frame, records.bytes())) {
    return nullptr;
  }
  return build_unwind_table(all, object.place.list, {{records.data(), records.bytes()}, eh_frame});
}

// Held while the list is replaced. Signals wait so long: their handlers may allocate, and need it.
class BuildLock {
 public:
  BuildLock() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
    mutex.lock();
  }
  ~BuildLock() {
    mutex.unlock();
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  BuildLock(const BuildLock&) = delete;
  BuildLock& operator=(const BuildLock&) = delete;

  static inline constinit ForkMutex mutex;

 private:
  sigset_t before_{};
};

}  // namespace

// What find() found for one place in the code. Threads may write it at the same time: `check` tells
// whether it and `rule` are of one write.
struct Remembered {
  std::atomic<std::uintptr_t> rule;
  std::atomic<std::uintptr_t> check;

  static std::uintptr_t check_of(std::uintptr_t pc, std::uintptr_t rule) {
    return pc ^ rule * 0x9E3779B97F4A7C15ULL;
  }
};

// In one mapping with its objects, which are sorted by address.
struct ObjectList {
  std::size_t bytes;
  std::size_t count;
  ObjectList* retired_before;
  const UnwindTable* last_use;  // a table that later lists have not
  std::array<Remembered, 1024> remembered;

  Object* objects() { return reinterpret_cast<Object*>(this + 1); }
  std::span<const Object> all() const { return {reinterpret_cast<const Object*>(this + 1), count}; }
};

namespace {

constinit std::atomic<ObjectList*> current{nullptr};
constinit std::atomic<int> readers{0};
constinit ObjectList* retired = nullptr;
constinit std::array<std::atomic<std::uintptr_t>, 16> wanted{};

void forget_readers() { readers = 0; }  // in a child, which has not these threads
[[maybe_unused]] const bool held_over_fork = (hold_objects_over_fork(), true);

const Object* find_object(const ObjectList* list, std::uintptr_t pc) {
  if (list == nullptr) return nullptr;
  const std::span<const Object> all = list->all();
  const auto begin_of = [](const Object& object) { return object.place.begin; };
  const auto behind = std::ranges::upper_bound(all, pc, {}, begin_of);
  return behind == all.begin() || pc >= behind[-1].place.end ? nullptr : &behind[-1];
}

bool is_still_there(const Object& known, std::uintptr_t pc) {
  const std::optional<ObjectPlace> now = place_of(pc);
  return now && *now == known.place && first_bytes_of(*now) == known.first_bytes;
}

// Whoever reads a retired list began before it was replaced, and is still counted.
void free_retired() {
  if (readers.load() != 0) return;
  while (retired != nullptr) {
    ObjectList* const list = std::exchange(retired, retired->retired_before);
    if (list->last_use != nullptr) free_unwind_table(list->last_use);
    munmap(list, list->bytes);
  }
}

// From here on under the lock. Replaces the list by one without `dropped`, with `added`. False:
// there is no memory.
bool replace_list(const Object* dropped, const Object* added) {
  ObjectList* const before = current.load();
  const std::size_t count = before != nullptr ? before->count : 0;
  Pages<unsigned char> memory(sizeof(ObjectList) + (count + 1) * sizeof(Object));
  if (memory.data() == nullptr) return false;
  const std::size_t bytes = memory.bytes();
  auto* const list = reinterpret_cast<ObjectList*>(memory.release());
  list->bytes = bytes;
  const auto append = [list](const Object& object) { list->objects()[list->count++] = object; };
  for (std::size_t i = 0; i < count; ++i) {
    const Object& object = before->objects()[i];
    if (added != nullptr && added->place.begin < object.place.begin) {
      append(*std::exchange(added, nullptr));
    }
    if (&object != dropped) append(object);
  }
  if (added != nullptr) append(*added);
  current = list;
  if (before == nullptr) return true;
  before->last_use = dropped != nullptr ? dropped->table : nullptr;
  before->retired_before = std::exchange(retired, before);
  free_retired();
  return true;
}

void drop_if_gone(std::uintptr_t pc) {
  const Object* const known = find_object(current, pc);
  if (known != nullptr && !is_still_there(*known, pc)) replace_list(known, nullptr);
}

const Object* find_overlapping(const ObjectPlace& place) {
  const ObjectList* const list = current.load();
  if (list == nullptr) return nullptr;
  const auto found = std::ranges::find_if(list->all(), [&place](const Object& object) {
    return object.place.begin < place.end && place.begin < object.place.end;
  });
  return found == list->all().end() ? nullptr : &*found;
}

bool add(std::uintptr_t pc) {
  drop_if_gone(pc);
  const std::optional<ObjectPlace> place = place_of(pc);
  if (!place || find_object(current, pc) != nullptr) return false;
  while (const Object* const gone = find_overlapping(*place)) {
    if (!replace_list(gone, nullptr)) return false;
  }
  Object object{*place, first_bytes_of(*place), header_of(*place), nullptr};
  object.table = table_of(object);
  return replace_list(nullptr, &object);
}

void drop_gone() {
  std::array<std::uintptr_t, 64> begins;  // a few at a time: the list is replaced meanwhile
  std::uintptr_t next = 0;
  for (std::size_t count = begins.size(); count == begins.size();) {
    count = 0;
    if (current.load() == nullptr) return;
    for (const Object& object : current.load()->all()) {
      const std::uintptr_t begin = object.place.begin;
      if (begin >= next && count < begins.size()) begins.at(count++) = begin;
    }
    for (std::size_t i = 0; i < count; ++i) drop_if_gone(begins.at(i));
    if (count > 0) next = begins.at(count - 1) + 1;
  }
}

}  // namespace

void hold_objects_over_fork() noexcept {
  static constinit bool is_held = false;
  if (std::exchange(is_held, true)) return;
  hold_over_fork<BuildLock::mutex, forget_readers>();
}

ObjectReader::ObjectReader() noexcept {
  readers.fetch_add(1);
  list_ = current.load();
}

ObjectReader::~ObjectReader() { readers.fetch_sub(1); }

const Rule* ObjectReader::find(std::uintptr_t pc) const noexcept {
  static constexpr Rule kNothingKnown{};
  if (list_ == nullptr) return nullptr;
  Remembered& place = list_->remembered[pc % list_->remembered.size()];
  const std::uintptr_t known = place.rule.load(std::memory_order_relaxed);
  if (place.check.load(std::memory_order_relaxed) == Remembered::check_of(pc, known)) {
    return reinterpret_cast<const Rule*>(known);  // NOLINT(performance-no-int-to-ptr)
  }
  const Object* const object = find_object(list_, pc);
  if (object == nullptr) return nullptr;
  const Rule* const rule = object->table != nullptr ? &object->table->find(pc) : &kNothingKnown;
  place.rule.store(address_of(rule), std::memory_order_relaxed);
  place.check.store(Remembered::check_of(pc, address_of(rule)), std::memory_order_relaxed);
  return rule;
}

bool ObjectReader::is_up_to_date_at(std::uintptr_t pc) const noexcept {
  const Object* const known = find_object(list_, pc);
  return known != nullptr && is_still_there(*known, pc);
}

void want_object_at(std::uintptr_t pc) noexcept {
  constexpr unsigned kPageBits = 12;
  wanted[(pc >> kPageBits) % wanted.size()].store(pc, std::memory_order_relaxed);
}

bool add_object_at(std::uintptr_t pc) noexcept {
  // Each sample on a fiber comes here, since its stack is cut: mostly for nothing, without the
  // lock.
  if (!place_of(pc) || ObjectReader().is_up_to_date_at(pc)) return false;
  const BuildLock lock;
  return add(pc);
}

void refresh_objects() noexcept {
  constexpr std::chrono::milliseconds kInterval{50};  // it takes a microsecond for each object
  static constinit std::chrono::steady_clock::time_point next{};
  const BuildLock lock;
  if (const auto now = std::chrono::steady_clock::now(); now >= next) {
    drop_gone();
    next = now + kInterval;
  }
  for (auto& pc : wanted) {
    if (const std::uintptr_t address = pc.exchange(0); address != 0) add(address);
  }
}

void add_all_objects() {
  {
    const BuildLock lock;
    drop_gone();
  }
  std::ifstream maps("/proc/self/maps");  // proc(5): "begin-end rwxp ..."
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0;
    constexpr int kHexadecimal = 16;
    std::from_chars(line.data(), line.data() + line.size(), begin, kHexadecimal);
    const std::size_t space = line.find(' ');
    if (space != std::string::npos && line.compare(space + 3, 1, "x") == 0) add_object_at(begin);
  }
}

}  // namespace pprof::internal
