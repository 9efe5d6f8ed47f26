// gperftools' own samples must mean what they mean without this library. Only over tcmalloc; CMake
// sets TCMALLOC_SAMPLE_PARAMETER, at which tcmalloc samples what reaches it.
#include <gperftools/malloc_extension.h>
#include <gperftools/tcmalloc.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "heap/sample_blocks.h"

namespace {

TEST(Gperftools, GetHeapSampleHasStacks) {
  std::vector<std::unique_ptr<char[]>> blocks;
  for (int i = 0; i < 50'000; ++i) blocks.push_back(std::make_unique<char[]>(500));
  int period = 0;
  const std::unique_ptr<void*[]> entries(MallocExtension::instance()->ReadStackTraces(&period));
  ASSERT_NE(entries, nullptr);
  EXPECT_EQ(period, 65536);
  int seen = 0;
  // Each entry: count, size, depth, and `depth` frames; a count of 0 ends the list.
  for (void** entry = entries.get(); entry[0] != nullptr;) {
    const auto depth = reinterpret_cast<std::uintptr_t>(entry[2]);
    ASSERT_GT(depth, 0U);
    // The leaf only: on aarch64, gperftools' walk by frame pointers may end in anything.
    EXPECT_GE(reinterpret_cast<std::uintptr_t>(entry[3]), 4096U) << "not an address of code";
    ++seen;
    entry += 3 + depth;
  }
  EXPECT_GT(seen, 50);
}

// What malloc() gave goes back through free().
TEST(GperftoolsDeathTest, ItsOwnFreeDoesNotKnowASampledBlock) {
  void* block = nullptr;
  while (!pprof::internal::is_sampled(block)) block = std::malloc(100'000);
  EXPECT_DEATH(tc_free(block), "Attempt to free invalid pointer");
}

}  // namespace
