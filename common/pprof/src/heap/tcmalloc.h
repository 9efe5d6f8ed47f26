// What of tcmalloc (gperftools 2.x) the samplers use, all optional at link time.
// Thread-safety: the functions may be called on any thread.
#pragma once

#include <gperftools/malloc_hook_c.h>

#include <cstddef>
#include <cstdint>
#include <unordered_set>

extern "C" {
// NOLINTBEGIN(readability-redundant-declaration): again, to make them weak
[[gnu::weak]] int MallocHook_AddNewHook(MallocHook_NewHook hook);
[[gnu::weak]] int MallocHook_RemoveNewHook(MallocHook_NewHook hook);
[[gnu::weak]] int MallocHook_AddDeleteHook(MallocHook_DeleteHook hook);
[[gnu::weak]] int MallocHook_RemoveDeleteHook(MallocHook_DeleteHook hook);
// NOLINTEND(readability-redundant-declaration)
[[gnu::weak]] void* tc_malloc(std::size_t size);
[[gnu::weak]] void tc_free(void* ptr);
[[gnu::weak]] std::size_t tc_nallocx(std::size_t size, int flags);
}

namespace pprof::internal {

// Whether tcmalloc is in the process and serves malloc().
bool tcmalloc_linked();

// tcmalloc's sampling distance in bytes (its environment variable TCMALLOC_SAMPLE_PARAMETER), or
// nullptr if this tcmalloc cannot sample.
std::int64_t* tcmalloc_sample_parameter();

// Adds to `ids` the first frame of the stack of each live allocation that tcmalloc sampled.
// False if this tcmalloc cannot say. May allocate.
bool tcmalloc_live_samples(std::unordered_set<std::uint64_t>& ids);

// The part of the process's memory that holds tcmalloc's code, to leave its frames out of stacks.
bool is_tcmalloc_code(std::uintptr_t address);

}  // namespace pprof::internal
