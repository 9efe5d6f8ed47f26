// What LabelScope promises.
#include "threads/labels.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "pprof/label.h"

namespace pprof::internal {
namespace {

std::vector<Label> labels_now() {
  LabelSet set;
  copy_current_labels(set);
  std::vector<Label> labels;
  append_labels(set, labels);
  return labels;
}

Label text_label(const char* key, const char* value) { return {key, value}; }

TEST(LabelScope, LastsAsLongAsItsScope) {
  {
    const LabelScope route("route", "/a");
    EXPECT_EQ(labels_now(), std::vector{text_label("route", "/a")});
  }
  EXPECT_TRUE(labels_now().empty());
}

TEST(LabelScope, OfEqualKeysTheInnermostCounts) {
  const LabelScope outer("route", "/a");
  const LabelScope user("user", "u");
  const LabelScope inner("route", "/b");
  EXPECT_EQ(labels_now(), (std::vector{text_label("route", "/b"), text_label("user", "u")}));
}

TEST(LabelScope, IsSeenByItsThreadOnly) {
  const LabelScope route("route", "/a");
  std::thread([] { EXPECT_TRUE(labels_now().empty()); }).join();
}

TEST(LabelScope, CutsLongTextBetweenCharacters) {
  const std::string value(31, 'x');
  const std::string two_bytes_a_character = value + value + "\xC3\xA9\xC3\xA9";  // ends after 62
  const LabelScope route("route", two_bytes_a_character.c_str());
  EXPECT_EQ(labels_now().at(0).text, value + value);
}

TEST(LabelScope, KeepsTheInnermostFour) {
  const LabelScope a("a", "1");
  const LabelScope b("b", "2");
  const LabelScope c("c", "3");
  const LabelScope d("d", "4");
  const LabelScope e("e", "5");
  EXPECT_EQ(labels_now().size(), kMaxLabels);
  EXPECT_EQ(labels_now().at(0), text_label("e", "5"));
}

TEST(LabelScope, TakesNullForEmptyText) {
  const LabelScope user("user", nullptr);
  const LabelScope nameless(nullptr, "value");
  EXPECT_EQ(labels_now(), (std::vector{text_label("", "value"), text_label("user", "")}));
}

}  // namespace
}  // namespace pprof::internal
