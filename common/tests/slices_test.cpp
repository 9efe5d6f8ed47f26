// Slices (benchmarks/slices.h): what a line asks for is what is run, and where.
#include "benchmarks/slices.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <sstream>
#include <vector>

namespace service {
namespace {

TEST(Slices, RunTheOperationAndAnswerWithFourFigures) {
  int calls = 0;
  std::istringstream in("160 0 counted\n");
  std::ostringstream out;
  EXPECT_EQ(run_slices({{"counted", [&] { ++calls; }}}, in, out), 0);
  EXPECT_EQ(calls, 11 + 160);  // the first ones warm up
  std::istringstream answer(out.str());
  std::int64_t figure = 0;
  int figures = 0;
  while (answer >> figure) ++figures;
  EXPECT_EQ(figures, 4);
}

TEST(Slices, BeginTheStackAtTheGivenPlaceOfAPage) {
  constexpr std::uintptr_t kPage = 4096;
  std::vector<std::uintptr_t> frames;
  const Operation operation{
      "where",
      [&] { frames.push_back(reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0))); }};
  for (const char* place : {"0", "512", "2048", "4080"}) {
    std::istringstream in("1 " + std::string(place) + " where\n");
    std::ostringstream out;
    ASSERT_EQ(run_slices({operation}, in, out), 0);
  }
  ASSERT_EQ(frames.size(), 8U);  // warmed up, and counted
  for (const std::size_t call : {0U, 1U}) {
    EXPECT_EQ((frames[2 + call] - frames[call]) % kPage, 512U);
    EXPECT_EQ((frames[4 + call] - frames[call]) % kPage, 2048U);
    EXPECT_EQ((frames[6 + call] - frames[call]) % kPage, 4080U);
  }
}

TEST(Slices, ALineThatCannotBeReadEndsThem) {
  for (const char* line : {"160 counted\n", "0 0 counted\n", "160 0 other\n", "\n"}) {
    std::istringstream in(line);
    std::ostringstream out;
    EXPECT_EQ(run_slices({{"counted", [] {}}}, in, out), 2) << line;
  }
}

}  // namespace
}  // namespace service
