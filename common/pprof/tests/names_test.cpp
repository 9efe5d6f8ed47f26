// What ThreadScope promises, and what the kernel's view of the threads is.
#include "threads/names.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <thread>
#include <vector>

#include "pprof/thread.h"
#include "threads/tasks.h"

namespace pprof::internal {
namespace {

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
TEST(Tasks, AForkedChildKnowsItsId) {
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

TEST(Tasks, ListsThisThread) {
  const std::vector<pid_t> tids = list_threads();
  EXPECT_EQ(std::count(tids.begin(), tids.end(), current_tid()), 1);
}

}  // namespace
}  // namespace pprof::internal
