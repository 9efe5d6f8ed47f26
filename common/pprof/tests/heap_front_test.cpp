// What stands in front of the allocator must keep malloc's and operator new's promises, for sampled
// blocks and others. Here nearly every allocation is sampled, at one sample in 16 bytes.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <new>
#include <random>
#include <thread>
#include <vector>

#include "heap/heap.h"
#include "heap/sample_blocks.h"
#include "heap/sampler.h"

extern void (*handler_before_the_allocators)();  // see heap_fork_handler.cpp

namespace pprof::internal {
namespace {

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;

class HeapFront : public ::testing::Test {
 protected:
  void SetUp() override { set_sample_distance(16); }
  void TearDown() override { set_sample_distance(before_); }

 private:
  std::size_t before_ = sample_distance();
};

struct Form {
  const char* name;
  std::function<void*(std::size_t size, std::size_t alignment)> allocate;
  std::function<void(void* block, std::size_t size, std::size_t alignment)> free;
  bool aligns = false;
};

std::align_val_t align(std::size_t alignment) { return std::align_val_t{alignment}; }

void* from_posix_memalign(std::size_t size, std::size_t alignment) {
  void* block = nullptr;
  return posix_memalign(&block, std::max(alignment, sizeof(void*)), size) == 0 ? block : nullptr;
}

const std::vector<Form>& forms() {
  const auto std_free = [](void* block, std::size_t, std::size_t) { std::free(block); };
  static const std::vector<Form> all{
      {"malloc", [](auto size, auto) { return std::malloc(size); }, std_free},
      {"calloc", [](auto size, auto) { return std::calloc(size, 1); }, std_free},
      {"realloc", [](auto size, auto) { return std::realloc(std::malloc(1), size + 1); }, std_free},
      {"reallocarray", [](auto size, auto) { return reallocarray(nullptr, 1, size); }, std_free},
      {"valloc", [](auto size, auto) { return valloc(size); }, std_free},
      {"pvalloc", [](auto size, auto) { return pvalloc(size); }, std_free},
      {"memalign", [](auto size, auto to) { return memalign(to, size); }, std_free, true},
      {"aligned_alloc", [](auto size, auto to) { return std::aligned_alloc(to, size); }, std_free,
       true},
      {"posix_memalign", from_posix_memalign, std_free, true},
      {"new", [](auto size, auto) { return ::operator new(size); },
       [](void* block, auto, auto) { ::operator delete(block); }},
      {"new, sized delete", [](auto size, auto) { return ::operator new(size); },
       [](void* block, auto size, auto) { ::operator delete(block, size); }},
      {"new[]", [](auto size, auto) { return ::operator new[](size); },
       [](void* block, auto size, auto) { ::operator delete[](block, size); }},
      {"nothrow new", [](auto size, auto) { return ::operator new(size, std::nothrow); },
       [](void* block, auto, auto) { ::operator delete(block, std::nothrow); }},
      {"aligned new", [](auto size, auto to) { return ::operator new(size, align(to)); },
       [](void* block, auto size, auto to) { ::operator delete(block, size, align(to)); }, true},
      {"aligned new[]", [](auto size, auto to) { return ::operator new[](size, align(to)); },
       [](void* block, auto, auto to) { ::operator delete[](block, align(to)); }, true},
      {"aligned nothrow new",
       [](auto size, auto to) { return ::operator new(size, align(to), std::nothrow); },
       [](void* block, auto, auto to) { ::operator delete(block, align(to), std::nothrow); }, true},
  };
  return all;
}

void use(const Form& form, std::size_t size, std::size_t alignment) {
  void* const block = form.allocate(size, alignment);
  ASSERT_NE(block, nullptr) << form.name << " " << size;
  // tcmalloc and jemalloc align blocks of up to 8 bytes to 8, and empty ones as they like.
  const std::size_t promised = size > 8 || (form.aligns && size > 0) ? alignment : 1;
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % promised, 0U) << form.name << " " << size;
  EXPECT_GE(malloc_usable_size(block), size) << form.name;
  std::memset(block, 0x5a, size);
  form.free(block, size, alignment);
}

// Sampled, with sampling off, and on the border between the two.
TEST_F(HeapFront, EveryFormKeepsItsPromises) {
  for (const std::size_t distance : {std::size_t{16}, std::size_t{0}, 20 * kKiB}) {
    set_sample_distance(distance);
    for (const Form& form : forms()) {
      for (const std::size_t size : {0UL, 1UL, 24UL, 1000UL, 4096UL, 70'000UL, 3 * kMiB}) {
        use(form, size, alignof(std::max_align_t));
        for (std::size_t alignment = 1; form.aligns && alignment <= 2 * kMiB; alignment *= 2) {
          use(form, size, alignment);
        }
      }
    }
  }
}

TEST_F(HeapFront, NearlyEveryBlockIsSampledHere) {
  for (const Form& form : forms()) {
    void* const block = form.allocate(1000, 64);
    EXPECT_TRUE(is_sampled(block)) << form.name;
    form.free(block, 1000, 64);
  }
}

TEST_F(HeapFront, CallocClearsABlockThatWasUsedBefore) {
  for (const std::size_t size : {16UL, 1000UL, 40'000UL, 3 * kMiB}) {
    for (int i = 0; i < 3; ++i) {
      auto* const block = static_cast<char*>(std::calloc(1, size));
      EXPECT_TRUE(std::all_of(block, block + size, [](char byte) { return byte == 0; })) << size;
      std::memset(block, 1, size);
      std::free(block);
    }
  }
}

// Blocks move out of the range of samples and into it, and stay.
TEST_F(HeapFront, ReallocKeepsTheContents) {
  for (const std::size_t distance : {std::size_t{16}, 10 * kKiB, 100 * kKiB}) {
    set_sample_distance(distance);
    std::mt19937 random(1);
    std::vector<unsigned char> truth;
    unsigned char* block = nullptr;
    for (int i = 0; i < 600; ++i) {
      const std::size_t size = 1 + random() % (random() % 4 == 0 ? 200'000 : 2000);
      block = static_cast<unsigned char*>(std::realloc(block, size));
      ASSERT_NE(block, nullptr);
      const std::size_t kept = std::min(size, truth.size());
      ASSERT_TRUE(std::equal(block, block + kept, truth.begin())) << size;
      truth.resize(size);
      for (std::size_t at = kept; at < size; ++at) {
        truth[at] = block[at] = static_cast<unsigned char>(random());
      }
    }
    std::free(block);
  }
}

TEST_F(HeapFront, FailuresAreThoseOfTheStandard) {
  volatile std::size_t too_much = PTRDIFF_MAX;  // volatile: the compiler knows better, and warns
  volatile std::size_t overflows = SIZE_MAX / 2;
  errno = 0;
  EXPECT_EQ(std::malloc(too_much), nullptr);
  EXPECT_EQ(errno, ENOMEM);
  EXPECT_EQ(std::calloc(overflows, 3), nullptr);
  EXPECT_EQ(reallocarray(nullptr, overflows, 3), nullptr);
  void* block = nullptr;
  EXPECT_EQ(posix_memalign(&block, 3, 100), EINVAL);
  EXPECT_EQ(posix_memalign(&block, 64, too_much), ENOMEM);
  volatile std::size_t rounds_up_to_0 = SIZE_MAX - 100;
  errno = 0;
  EXPECT_EQ(pvalloc(rounds_up_to_0), nullptr);
  EXPECT_EQ(errno, ENOMEM);
  if (heap_sampler_description().find("mimalloc") != std::string::npos) {
    GTEST_SKIP() << "Debian's mimalloc ends the process where operator new should throw";
  }
  static int calls = 0;
  std::set_new_handler([] {
    if (++calls == 2) std::set_new_handler(nullptr);
  });
  EXPECT_THROW(static_cast<void>(::operator new(too_much)), std::bad_alloc);
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(::operator new(too_much, std::nothrow), nullptr);
  EXPECT_THROW(static_cast<void>(::operator new(too_much, align(64))), std::bad_alloc);
  EXPECT_EQ(::operator new[](too_much, align(64), std::nothrow), nullptr);
}

TEST_F(HeapFront, FreeKeepsErrno) {
  std::vector<void*> blocks(100);
  for (void*& block : blocks) std::memset(block = std::malloc(kMiB), 1, kMiB);
  errno = 77;
  for (void* const block : blocks) std::free(block);
  EXPECT_EQ(errno, 77);
}

TEST_F(HeapFront, ABlockThatIsFreedTwiceEndsTheProcess) {
  const auto twice = [] {
    // Of a size that is always sampled; one of 100 bytes is not, 1 time in 500.
    void* volatile block = std::malloc(kKiB);  // volatile: the compiler would see it and warn
    std::free(block);
    std::free(block);
  };
  EXPECT_DEATH(twice(), "not that of a block in use");
}

// Its blocks are its own allocator's. One that was sampled cannot be freed there.
TEST_F(HeapFront, AnObjectOpenedWithDeepbindHasAnotherFree) {
  void* const plugin = dlopen(PPROF_DEEPBIND_PLUGIN, RTLD_NOW | RTLD_DEEPBIND);
  ASSERT_NE(plugin, nullptr) << dlerror();  // NOLINT(concurrency-mt-unsafe)
  const auto allocate =
      reinterpret_cast<void* (*)(std::size_t)>(dlsym(plugin, "allocate_in_plugin"));
  const auto free_there = reinterpret_cast<void (*)(void*)>(dlsym(plugin, "free_in_plugin"));
  for (int i = 0; i < 1000; ++i) {
    void* const block = allocate(kKiB);
    EXPECT_FALSE(is_sampled(block));
    free_there(block);
  }
  void* const sampled = std::malloc(kKiB);
  ASSERT_TRUE(is_sampled(sampled));
  EXPECT_DEATH(free_there(sampled), "");
  std::free(sampled);
  dlclose(plugin);
}

std::size_t resident_bytes() {
  std::size_t total = 0;
  std::size_t resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

TEST_F(HeapFront, FreedMemoryGoesBackToTheKernel) {
  for (const std::size_t size : {20 * kKiB, kMiB, 100 * kMiB}) {
    std::vector<void*> blocks(400 * kMiB / size);
    const std::size_t before = resident_bytes();
    for (void*& block : blocks) std::memset(block = std::malloc(size), 1, size);
    EXPECT_GT(resident_bytes(), before + 350 * kMiB);
    for (void* const block : blocks) std::free(block);
    EXPECT_LT(resident_bytes(), before + 50 * kMiB) << size;
  }
}

TEST_F(HeapFront, WorksInDestructorsOfThreadsAndFromThreadToThread) {
  struct Last {
    ~Last() {
      use(forms().front(), 1000, 16);
      delete[] block;
    }
    char* block = nullptr;
  };
  std::vector<std::unique_ptr<char[]>> blocks;
  for (int i = 0; i < 50; ++i) {
    std::thread([&blocks] {
      static thread_local Last last;
      last.block = new char[100];
      blocks.push_back(std::make_unique<char[]>(1000));
    }).join();
  }
  std::thread([&blocks] { blocks.clear(); }).join();
}

TEST_F(HeapFront, AForkedChildFreesWhatItsParentAllocated) {
  void* const block = std::malloc(1000);
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    std::free(block);
    for (const Form& form : forms()) use(form, 1000, 64);
    _exit(HasFailure() ? 1 : 0);
  }
  int status = -1;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  EXPECT_EQ(status, 0);
  std::free(block);
}

// As garbage collectors do when a thread begins. glibc holds the thread's lock while it allocates
// for the answer.
TEST_F(HeapFront, TheFirstSampleOfAThreadMayBeInsidePthreadGetattr) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);  // a thread that waits for itself fails the test instead of hanging it
    for (int i = 0; i < 100; ++i) {
      pthread_t thread{};
      const auto ask = [](void*) -> void* {
        pthread_attr_t attributes;
        if (pthread_getattr_np(pthread_self(), &attributes) != 0) _exit(1);
        pthread_attr_destroy(&attributes);
        return nullptr;
      };
      if (pthread_create(&thread, nullptr, ask, nullptr) != 0) _exit(2);
      pthread_join(thread, nullptr);
    }
    _exit(0);
  }
  int status = -1;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  EXPECT_EQ(status, 0);
}

// As an allocator's handler waits for the allocator's locks. One of them may be held by a thread
// that waits for the loader, and the loader's by one that frees a sampled block.
TEST_F(HeapFront, AThreadInForkHoldsNoLockOfTheSamplerWhileTheAllocatorsHandlerWaits) {
  static std::atomic<bool> asked{false};
  static std::atomic<bool> freed{false};
  std::thread other([] {
    while (!asked) std::this_thread::yield();
    for (const Form& form : forms()) use(form, kMiB, 64);
    freed = true;
  });
  static bool freed_meanwhile = false;
  handler_before_the_allocators = [] {
    asked = true;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!freed && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    freed_meanwhile = freed;
  };
  const pid_t child = fork();
  if (child == 0) _exit(0);
  handler_before_the_allocators = nullptr;
  int status = -1;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  other.join();
  EXPECT_TRUE(freed_meanwhile);
}

// So much is also sampled at the usual distance. It is freed after main().
struct Early {
  Early() = default;
  ~Early() { std::free(std::realloc(block, 3 * kMiB)); }
  Early(const Early&) = delete;
  Early& operator=(const Early&) = delete;
  void* block = std::malloc(16 * kMiB);
};
const Early early;
[[maybe_unused]] const int late = std::atexit([] { use(forms().front(), kMiB, 16); });

// mlockall() counts what it locks, and Linux counts the pages of one range in 31 bits.
TEST_F(HeapFront, AProcessMayLockAllItsMemory) {
  constexpr std::size_t kMostBytes = std::size_t{8} << 40U;
  EXPECT_LT(sample_range.bytes, kMostBytes);
}

TEST_F(HeapFront, ALimitOfAddressesThatIsSetLaterCountsTheRange) {
  constexpr int kNoLimit = 2;
  const pid_t child = fork();
  if (child == 0) {
    const rlimit limit{std::size_t{8} << 30U, RLIM_INFINITY};
    rlimit now{};
    if (setrlimit(RLIMIT_AS, &limit) != 0 || getrlimit(RLIMIT_AS, &now) != 0 ||
        now.rlim_cur != limit.rlim_cur) {
      _exit(kNoLimit);
    }
    void* const page = mmap(nullptr, 1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    _exit(page == MAP_FAILED && errno == ENOMEM ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  if (WEXITSTATUS(status) == kNoLimit) GTEST_SKIP() << "no limit can be set: an emulator?";
  EXPECT_EQ(status, 0);
}

TEST_F(HeapFront, SamplesBeforeMain) { EXPECT_TRUE(is_sampled(early.block)); }

}  // namespace
}  // namespace pprof::internal

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (!pprof::internal::heap_available()) {
    GTEST_FLAG_SET(filter, "-*");
    std::puts(("skipped: " + pprof::internal::heap_unavailable_reason()).c_str());
  }
  return RUN_ALL_TESTS();
}
