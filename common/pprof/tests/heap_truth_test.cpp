// Heap samples against known allocations, over the allocator that CMake's test chooses, at one
// sample in 8 KiB so that few allocations suffice.
#include <gtest/gtest.h>
#include <link.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "capture_helpers.h"
#include "heap/heap.h"
#include "heap/sampler.h"

namespace pprof::internal {
namespace {

using Values = std::array<double, 4>;  // as the sample types of heap_profile()

Values values_of(std::string_view function) {
  const Profile profile = heap_profile();
  Values values{};
  for (std::size_t i = 0; i < values.size(); ++i) {
    values.at(i) = static_cast<double>(testing::sum_of(profile, i, function));
  }
  return values;
}

Values increase_since(const Values& before, std::string_view function) {
  Values values = values_of(function);
  std::ranges::transform(values, before, values.begin(), std::minus{});
  return values;
}

// Allocates without touching the memory, past the optimizer.
extern "C" [[gnu::noinline]] void* allocate_here(std::size_t size) {
  void* block = ::operator new(size);
  asm volatile("" : "+r"(block));
  return block;
}

// Blocks of 1 to 12 kB, of which every third is freed at once. The truth is in `known`.
class KnownAllocations {
 public:
  explicit KnownAllocations(unsigned seed) : random_(seed) {}
  KnownAllocations(const KnownAllocations&) = delete;
  KnownAllocations& operator=(const KnownAllocations&) = delete;
  ~KnownAllocations() { free_all(); }

  void allocate(std::size_t count) {
    constexpr std::array<std::size_t, 5> kSizes{1024, 2000, 3000, 6000, 12'000};
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t size = kSizes.at(random_() % kSizes.size());
      void* const block = allocate_here(size);
      known[0] += 1;
      known[1] += static_cast<double>(size);
      if (i % 3 == 0) {
        ::operator delete(block);
      } else {
        blocks_.push_back(block);
        known[2] += 1;
        known[3] += static_cast<double>(size);
      }
    }
  }

  void free_all() {
    for (void* const block : blocks_) ::operator delete(block);
    blocks_.clear();
    known[2] = 0;
    known[3] = 0;
  }

  Values known{};

 private:
  std::mt19937 random_;
  std::vector<void*> blocks_;
};

TEST(Heap, SaysOverWhichAllocatorItSamples) {
  const char* const given = std::getenv("PPROF_TEST_ALLOCATOR");  // NOLINT(concurrency-mt-unsafe)
  const std::string allocator = given != nullptr ? given : "";
  const Profile profile = heap_profile();
  ASSERT_EQ(profile.comments.size(), 1U);
  EXPECT_NE(profile.comments[0].find("malloc of " + allocator), std::string::npos)
      << profile.comments[0];
}

class HeapTruth : public ::testing::TestWithParam<unsigned> {};

// A size s is sampled with p = 1 - exp(-s / 8192), and n such blocks are estimated with the
// variance n (1 - p) / p. For these sizes that is 0.85 % of all objects and 1.04 % of those in use:
// 5 % is more than 4.8 standard deviations.
TEST_P(HeapTruth, AllFourValuesAreWithin5PercentOfTheKnown) {
  const Values before = values_of("allocate_here");
  KnownAllocations allocations(GetParam());
  allocations.allocate(40'000);
  const Values seen = increase_since(before, "allocate_here");
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const double expected = allocations.known.at(i);
    EXPECT_NEAR(seen.at(i), expected, 0.05 * expected) << "value " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, HeapTruth, ::testing::Range(0U, 20U));

// An estimate that took the size of the allocator's class for the chance of being sampled would be
// a quarter off. 400,000 blocks are estimated with a standard deviation of 1.8 %.
TEST(Heap, CountsSmallBlocksRight) {
  constexpr int kBlocks = 400'000;
  const Values before = values_of("allocate_here");
  for (int i = 0; i < kBlocks; ++i) ::operator delete(allocate_here(51));
  const Values seen = increase_since(before, "allocate_here");
  EXPECT_NEAR(seen[0], kBlocks, 0.09 * kBlocks);
  EXPECT_NEAR(seen[1], 51.0 * kBlocks, 0.09 * 51 * kBlocks);
}

// Buckets are kept as long as the process: one for each length of a string would fill its memory.
TEST(Heap, ManySizesShareFewSamples) {
  constexpr std::size_t kSizes = 20'000;
  const Values before = values_of("allocate_here");
  for (std::size_t size = 1; size <= kSizes; ++size) ::operator delete(allocate_here(size));
  const Values seen = increase_since(before, "allocate_here");
  EXPECT_NEAR(seen[1], kSizes * (kSizes + 1) / 2.0, 0.05 * kSizes * kSizes / 2);
  const Profile profile = heap_profile();
  const auto samples = std::ranges::count_if(profile.samples, [](const Sample& sample) {
    return testing::stack_has(sample.stack, "allocate_here");
  });
  EXPECT_LT(samples, 1000);
}

TEST(Heap, FreedMemoryIsNotInUse) {
  const Values before = values_of("allocate_here");
  KnownAllocations allocations(1);
  allocations.allocate(2000);
  allocations.free_all();
  const Values seen = increase_since(before, "allocate_here");
  EXPECT_GT(seen[1], 0);
  EXPECT_EQ(seen[2], 0);
  EXPECT_EQ(seen[3], 0);
}

TEST(Heap, CountsAllocationsOfThreadsThatHaveEndedAndFreesByOthers) {
  const Values before = values_of("allocate_here");
  std::vector<void*> blocks;
  for (int i = 0; i < 20; ++i) {
    std::thread([&] {
      for (int n = 0; n < 500; ++n) blocks.push_back(allocate_here(4000));
    }).join();
  }
  const Values full = increase_since(before, "allocate_here");
  EXPECT_NEAR(full[3], 20 * 500 * 4000, 0.1 * 20 * 500 * 4000);
  std::thread([&] {
    for (void* const block : blocks) ::operator delete(block);
  }).join();
  EXPECT_EQ(increase_since(before, "allocate_here")[3], 0);
}

// But for what the allocator itself lets the C library allocate when a thread begins.
TEST(Heap, TheLeafIsTheCallerOfTheAllocator) {
  KnownAllocations allocations(2);
  allocations.allocate(2000);
  std::int64_t all = 0;
  std::int64_t as_leaf = 0;
  for (const Sample& sample : heap_profile().samples) {
    if (!testing::stack_has(sample.stack, "allocate_here")) continue;
    all += sample.values.at(1);
    const bool is_leaf = testing::function_at(sample.stack.front()) == "allocate_here";
    as_leaf += is_leaf ? sample.values.at(1) : 0;
  }
  EXPECT_GT(all, 0);
  EXPECT_GT(as_leaf, 0.99 * static_cast<double>(all));
}

TEST(Heap, SeesMallocCallocAndRealloc) {
  const auto in_use = [] {
    double sum = 0;
    for (const Sample& sample : heap_profile().samples) {
      sum += static_cast<double>(sample.values.at(3));
    }
    return sum;
  };
  constexpr double kMiB = 1 << 20;
  const double before = in_use();
  void* a = std::malloc(16 << 20);
  void* b = std::calloc(16, 1 << 20);
  asm volatile("" : "+r"(a), "+r"(b));  // or the optimizer leaves them out
  a = std::realloc(a, 32 << 20);
  asm volatile("" : "+r"(a));
  EXPECT_NEAR(in_use() - before, 48 * kMiB, 1 * kMiB);
  std::free(a);
  std::free(b);
  EXPECT_NEAR(in_use(), before, 1 * kMiB);
}

// Allocates like tensors and buffers for O_DIRECT.
extern "C" [[gnu::noinline]] void* allocate_aligned_here(std::size_t alignment, std::size_t size) {
  void* block = std::aligned_alloc(alignment, size);
  asm volatile("" : "+r"(block));
  return block;
}

TEST(Heap, SeesBlocksOfEveryAlignment) {
  constexpr std::size_t kMiB = 1 << 20;
  for (const std::size_t alignment : {std::size_t{64}, std::size_t{4096}, 2 * kMiB}) {
    const Values before = values_of("allocate_aligned_here");
    std::array<void*, 4> blocks{};
    for (void*& block : blocks) block = allocate_aligned_here(alignment, 64 * kMiB);
    const Values seen = increase_since(before, "allocate_aligned_here");
    EXPECT_EQ(seen, (Values{4, 256.0 * kMiB, 4, 256.0 * kMiB})) << alignment;
    for (void* const block : blocks) std::free(block);
  }
}

// The counts so far were taken at another distance, and keep the weight of that.
TEST(Heap, TheDistanceMayChange) {
  constexpr int kBlocks = 40'000;
  const Values before = values_of("allocate_here");
  for (const std::size_t distance : {std::size_t{8192}, std::size_t{2048}, std::size_t{16384}}) {
    set_sample_distance(distance);
    for (int i = 0; i < kBlocks; ++i) ::operator delete(allocate_here(4000));
  }
  set_sample_distance(8192);
  const Values seen = increase_since(before, "allocate_here");
  EXPECT_NEAR(seen[0], 3 * kBlocks, 0.05 * 3 * kBlocks);
  EXPECT_NEAR(seen[1], 3.0 * kBlocks * 4000, 0.05 * 3 * kBlocks * 4000);
}

// A count that runs when the distance changes ends in a sample of the old weight.
TEST(Heap, ACountThatRunsKeepsItsDistance) {
  constexpr std::size_t kOld = std::size_t{1} << 20U;
  constexpr std::size_t kNever = std::size_t{1} << 40U;
  const Values before = values_of("allocate_here");
  std::atomic<int> step{0};
  std::thread counting([&step] {
    set_sample_distance(kOld);
    ::operator delete(::operator new(1));  // its count begins
    step = 1;
    while (step != 2) continue;
    for (int i = 0; i < 16'000; ++i) ::operator delete(allocate_here(4000));
  });
  while (step != 1) continue;
  set_sample_distance(kNever);
  step = 2;
  counting.join();
  set_sample_distance(8192);
  EXPECT_NEAR(increase_since(before, "allocate_here")[0], kOld / 4000.0, 20);
}

// However far off the sample is that they count down to.
TEST(Heap, OtherThreadsFollowWithin16MiB) {
  constexpr int kBlocks = 16'000;
  constexpr double kCountedBefore = std::size_t{16} << 20U;
  const Values before = values_of("allocate_here");
  std::atomic<int> step{0};
  std::thread counting([&step] {
    set_sample_distance(std::size_t{1} << 40U);
    ::operator delete(::operator new(1));  // its count begins
    step = 1;
    while (step != 2) continue;
    for (int i = 0; i < kBlocks; ++i) ::operator delete(allocate_here(4000));
  });
  while (step != 1) continue;
  set_sample_distance(8192);
  step = 2;
  counting.join();
  const double expected = kBlocks * 4000.0 - kCountedBefore;
  EXPECT_NEAR(increase_since(before, "allocate_here")[1], expected, 0.06 * expected);
}

// Counts are cut short then, and what is left of a block that ends one is counted by the next. The
// standard deviation is 3.6 %.
TEST(Heap, DistancesAboveTheLongestCountAreNotBiased) {
  constexpr int kBlocks = 20'000;
  const Values before = values_of("allocate_here");
  set_sample_distance(std::size_t{1} << 30U);
  for (int i = 0; i < kBlocks; ++i) ::operator delete(allocate_here(std::size_t{40} << 20U));
  set_sample_distance(8192);
  EXPECT_NEAR(increase_since(before, "allocate_here")[0], kBlocks, 0.2 * kBlocks);
}

// As in threads that allocate twice and end.
TEST(Heap, WhetherTheFirstIsSampledSaysNothingOfTheSecond) {
  constexpr int kThreads = 20'000;
  const Values before = values_of("allocate_here");
  for (int i = 0; i < kThreads; ++i) {
    set_sample_distance(8192);  // the count begins as in a new thread
    for (int block = 0; block < 2; ++block) ::operator delete(allocate_here(8192));
  }
  EXPECT_NEAR(increase_since(before, "allocate_here")[0], 2 * kThreads, 0.05 * 2 * kThreads);
}

TEST(Heap, AtADistanceOf1AllAreSampled) {
  constexpr int kBlocks = 10'000;
  for (const std::size_t size : {1, 2, 100}) {
    const Values before = values_of("allocate_here");
    set_sample_distance(1);
    for (int i = 0; i < kBlocks; ++i) ::operator delete(allocate_here(size));
    set_sample_distance(8192);
    const Values seen = increase_since(before, "allocate_here");
    EXPECT_EQ(seen[0], kBlocks);
    EXPECT_EQ(seen[1], static_cast<double>(kBlocks * size));
  }
}

TEST(Heap, SurvivesConcurrentUseAndReading) {
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t) {
    threads.emplace_back([&stop, t] {
      while (!stop) {
        KnownAllocations allocations(t);
        allocations.allocate(2000);
      }
    });
  }
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(heap_profile().samples.empty());
  stop = true;
  for (std::thread& thread : threads) thread.join();
}

// A thread that allocates inside dlopen() or here holds the loader's lock. Were a sample to wait
// for that lock, with a lock of ours held, neither thread would get on.
TEST(Heap, SamplingDoesNotWaitForTheLoader) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(10);
    std::atomic<bool> in_loader{false};
    std::thread grower([&in_loader] {
      while (!in_loader) std::this_thread::yield();
      for (int i = 0; i < 8; ++i) allocate_here(std::size_t{256} << 20U);  // untouched, not freed
    });
    dl_iterate_phdr(
        [](dl_phdr_info*, std::size_t, void* data) {
          *static_cast<std::atomic<bool>*>(data) = true;
          std::this_thread::sleep_for(std::chrono::milliseconds(200));
          for (int i = 0; i < 100; ++i) allocate_here(std::size_t{40} << 10U);
          return 1;
        },
        &in_loader);
    grower.join();
    _exit(0);
  }
  int status = -1;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  EXPECT_EQ(status, 0) << "ended by signal " << WTERMSIG(status);
}

TEST(Heap, AForkedChildCanAllocate) {
  std::atomic<bool> stop{false};
  std::thread busy([&] {
    while (!stop) {
      KnownAllocations allocations(3);
      allocations.allocate(500);
    }
  });
  for (int i = 0; i < 20; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(20);  // a child that waits for an inherited lock fails the test instead of hanging it
      KnownAllocations allocations(4);
      allocations.allocate(500);
      _exit(heap_profile().samples.empty() ? 1 : 0);
    }
    int status = -1;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    EXPECT_EQ(status, 0);
  }
  stop = true;
  busy.join();
}

}  // namespace
}  // namespace pprof::internal

int main(int argc, char** argv) {
  // The sampling distance is read when the process starts.
  if (std::getenv("PPROF_HEAP_SAMPLE_BYTES") == nullptr) {  // NOLINT(concurrency-mt-unsafe)
    std::puts("PPROF_HEAP_SAMPLE_BYTES must be 8192, as ctest sets it");
    return 1;
  }
  ::testing::InitGoogleTest(&argc, argv);
  if (!pprof::internal::heap_available()) {
    GTEST_FLAG_SET(filter, "-*");
    std::puts(("skipped: " + pprof::internal::heap_unavailable_reason()).c_str());
  }
  return RUN_ALL_TESTS();
}
