// Thread names and labels: what ThreadScope and LabelScope promise.
#include "threads/registry.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <thread>

#include "pprof/label.h"
#include "pprof/thread.h"

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

TEST(ThreadScope, TakesNullForEmptyText) {
  std::thread([] {
    const ThreadScope scope(nullptr);
    EXPECT_STREQ(current_thread_name(), "");
  }).join();
}

TEST(ThreadScope, NamesTheThreadUntilItEnds) {
  std::thread([] {
    {
      const ThreadScope scope("a-name-longer-than-the-kernel-keeps");
      EXPECT_STREQ(current_thread_name(), "a-name-longer-than-the-kernel-keeps");
      EXPECT_EQ(thread_name(current_tid()), "a-name-longer-than-the-kernel-keeps");
      EXPECT_EQ(kernel_thread_name(current_tid()), "a-name-longer-t");
    }
    EXPECT_EQ(current_thread_name(), nullptr);
    EXPECT_EQ(thread_name(current_tid()), "a-name-longer-t");
  }).join();
}

TEST(ThreadScope, CutsLongNamesBetweenCharacters) {
  std::thread([] {
    const std::string name = std::string(14, 'x') + std::string(48, 'y') + "\xC3\xA9 more";
    const ThreadScope scope(name.c_str());
    EXPECT_EQ(current_thread_name(), name.substr(0, 62));
    const ThreadScope short_one("fourteen bytes\xC3\xA9");
    EXPECT_EQ(kernel_thread_name(current_tid()), "fourteen bytes");
  }).join();
}

TEST(ThreadScope, LeavesTheNameOfTheProcessAlone) {
  const std::string before = kernel_thread_name(getpid());
  const ThreadScope scope("main");
  EXPECT_EQ(kernel_thread_name(getpid()), before);
  EXPECT_EQ(thread_name(getpid()), "main");
}

TEST(ThreadScope, WorksInAForkedChild) {
  const ThreadScope scope("parent");
  const pid_t child = fork();
  if (child == 0) {
    const ThreadScope in_child("child");
    _exit(current_tid() == getpid() && thread_name(getpid()) == "child" ? 0 : 1);
  }
  int status = -1;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  EXPECT_EQ(status, 0);
}

// In a process of its own, in which nothing else has prepared for fork().
TEST(Registry, AForkedChildKnowsItsId) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        current_tid();
        const pid_t child = fork();
        if (child == 0) _exit(current_tid() == getpid() ? 0 : 1);
        int status = -1;
        waitpid(child, &status, 0);
        _exit(status == 0 ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST(Registry, ListsThisThread) {
  const std::vector<pid_t> tids = list_threads();
  EXPECT_EQ(std::count(tids.begin(), tids.end(), current_tid()), 1);
}

}  // namespace
}  // namespace pprof::internal
