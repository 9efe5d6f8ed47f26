// The loaded objects that hold code, with their unwind tables. Signal handlers search a list that
// never changes; it is replaced outside handlers, and freed when no handler can still read it.
// Called by unwind.cpp. Nothing here takes the loader's lock: a thread may hold it and wait for us.
// Thread-safety: any thread; functions marked so also in a signal handler.
#pragma once

#include <cstdint>

#include "stacks/unwind_table.h"

namespace pprof::internal {

struct ObjectList;

// For a child to go on, a thread in fork() holds the lock of here. Done before main(), or earlier
// where it is called: see hold_sampler_over_fork().
void hold_objects_over_fork() noexcept;

// Holds on to the present list as long as it lives. Async-signal-safe.
class ObjectReader {
 public:
  ObjectReader() noexcept;
  ~ObjectReader();
  ObjectReader(const ObjectReader&) = delete;
  ObjectReader& operator=(const ObjectReader&) = delete;

  // Null if no known object has code at `pc`.
  const Rule* find(std::uintptr_t pc) const noexcept;
  // Whether the object that the loader has at `pc` is known as it is now. Not in a signal handler.
  bool is_up_to_date_at(std::uintptr_t pc) const noexcept;

 private:
  ObjectList* list_;
};

// Asks for the object at `pc` at the next refresh. Async-signal-safe.
void want_object_at(std::uintptr_t pc) noexcept;

// Adds the object at `pc`, in place of what was there before. False if there is none, or it is
// known. Not in a signal handler. Takes a millisecond for each 30,000 rows (libc has 25,000);
// allocates by mmap() only.
bool add_object_at(std::uintptr_t pc) noexcept;

// Adds all objects that are loaded, from /proc/self/maps, and drops those that are gone.
void add_all_objects();

// Adds what was asked for and drops what is gone. To be called again and again during a capture.
void refresh_objects() noexcept;

}  // namespace pprof::internal
