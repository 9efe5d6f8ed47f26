// Draws samples from the allocations of this process. front.cpp, which stands in front of the
// allocator, counts each allocation down and comes here when the count is used up, and with each
// block that is_sampled(). Thread-safety: any thread, not in a signal handler; start it once.
//
// Each thread counts its allocated bytes down from an exponential random number, which makes the
// sampled bytes a Poisson process; being memoryless, it needs no care when threads are born or die.
// Nothing here allocates with a lock held or calls the loader: its callers may hold the loader's
// lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "heap/sample_blocks.h"
#include "profile.h"
#include "stacks/machine.h"

namespace pprof::internal {

// This thread's count: bytes until a sample. Initial-exec: the first touch of any other kind of
// thread-local variable in a plugin allocates, and that would come here again.
[[gnu::tls_model("initial-exec"),
  gnu::visibility("hidden")]] extern constinit thread_local std::size_t bytes_until_sample;

// From now on a thread in fork() holds the locks of here, so that the child can go on allocating.
// Call it once, before the allocator below is called for the first time: what registers first with
// pthread_atfork() is locked last. Locked before the allocator's, they closed a circle: fork() held
// them and waited for the allocator's lock, whose holder walked its stack and waited for the
// loader's, whose holder freed a sampled block.
void hold_sampler_over_fork() noexcept;

// Samples every `mean_bytes` bytes on average from now on; 0: none. The calling thread at once,
// others after what they had still to count, or at most 16 MiB; what was sampled before keeps its
// weight.
void set_sample_distance(std::size_t mean_bytes) noexcept;
std::size_t sample_distance() noexcept;

// After the count was used up by an allocation of `size` bytes that `caller` asked for: a block for
// it, or nullptr if it is to come from the allocator below. Starts the next count. For realloc() of
// a sampled block, `reused`: it is the answer if it has room. `here`: see capture_own_stack().
void* sample_block(std::size_t size, std::size_t alignment, const void* caller,
                   void* reused = nullptr, const Registers& here = own_registers()) noexcept;

// A block that is no sample, for what dlsym() allocates while the allocator below is looked up.
void* unsampled_block(std::size_t size) noexcept;

// Sets the bytes of a new block to 0.
void clear_sampled(void* block) noexcept;

std::size_t sampled_size(const void* block) noexcept;

// Keeps errno. Ends the process if `block` is not in use: it was freed twice.
void free_sampled(void* block) noexcept;

// While it lives, this thread's allocations are not sampled.
class NotSampled {
 public:
  NotSampled() noexcept { ++depth_; }
  ~NotSampled() { --depth_; }
  NotSampled(const NotSampled&) = delete;
  NotSampled& operator=(const NotSampled&) = delete;

  static bool is_true() noexcept { return depth_ > 0; }

 private:
  [[gnu::tls_model("initial-exec")]] static inline constinit thread_local int depth_ = 0;
};

// All that was sampled, with estimated values as heap_profile() has them.
std::vector<Sample> heap_samples();

// Samples that were drawn and not kept, because there was no memory for them.
std::uint64_t lost_samples() noexcept;

}  // namespace pprof::internal
