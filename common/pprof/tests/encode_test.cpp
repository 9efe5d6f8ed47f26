#include <gtest/gtest.h>

#include "profile.h"

namespace pprof::internal {

TEST(Profile, ValueTypesCompareByTypeAndUnit) {
  EXPECT_EQ((ValueType{"cpu", "nanoseconds"}), (ValueType{"cpu", "nanoseconds"}));
  EXPECT_NE((ValueType{"cpu", "nanoseconds"}), (ValueType{"cpu", "count"}));
}

}  // namespace pprof::internal
