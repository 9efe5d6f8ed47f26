// The executable and shared objects of this process, those already closed included, so that an
// address recorded before a dlclose can still be named.
// Used by the symbolizer under its lock; not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "symbolize/symbol.h"

namespace pprof::internal {

// A file descriptor that closes itself.
class FileHandle {
 public:
  explicit FileHandle(int descriptor = -1) : descriptor_(descriptor) {}
  FileHandle(FileHandle&& other) noexcept : descriptor_(other.release()) {}
  FileHandle& operator=(FileHandle&&) = delete;
  ~FileHandle();
  bool is_open() const { return descriptor_ >= 0; }
  int release();  // the caller closes it

 private:
  int descriptor_;
};

// One object at one place. Loading it again elsewhere makes another Module.
struct Module {
  Mapping mapping;          // the executable segment
  std::uintptr_t bias = 0;  // run-time address minus address in the file
  FileHandle file;          // opened while the path still led to it; its content outlives unlink
  bool is_loaded = true;
};

// What the loader says of an object.
struct LoadedObject {
  Mapping mapping;  // without its file
  std::uintptr_t bias = 0;
  std::string name;
  bool is_vdso = false;
};

class ModuleTable {
 public:
  ModuleTable();

  // Looks for objects loaded or closed since the last call. Cheap when there are none.
  void refresh();
  // The module at `address`: a loaded one, else the last closed one that was there, else null.
  // The pointer stays valid as long as the table.
  Module* find(std::uintptr_t address);
  // The executable. Always present.
  Module& main() { return modules_.front(); }

 private:
  Module& add(const LoadedObject& object);
  Module* find_known(const Mapping& mapping);

  std::deque<Module> modules_;  // a deque, so that pointers stay valid
  unsigned long long adds_ = 0;
  unsigned long long subs_ = 0;
};

}  // namespace pprof::internal
