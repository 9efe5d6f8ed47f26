// What LabelScope promises.
#include "threads/labels.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "pprof/label.h"
#include "threads/threads.h"

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

TEST(LabelScope, CopiesItsText) {
  std::string user = "first";
  const LabelScope scope("user", user.c_str());
  user = "other";
  EXPECT_EQ(labels_now(), std::vector{text_label("user", "first")});
}

TEST(LabelScope, ForgetsWhatIsDeeperThanItKeeps) {
  std::vector<std::unique_ptr<LabelScope>> scopes;
  for (int i = 0; i < 100; ++i) {
    scopes.push_back(std::make_unique<LabelScope>("depth", std::to_string(i).c_str()));
  }
  EXPECT_EQ(labels_now(), std::vector{text_label("depth", "31")});
  while (scopes.size() > 2) scopes.pop_back();
  EXPECT_EQ(labels_now(), std::vector{text_label("depth", "1")});
  scopes.clear();
  EXPECT_TRUE(labels_now().empty());
}

TEST(LabelScope, ThatEndsOnAnotherThreadIsNoLongerSeen) {
  auto moved = std::make_unique<LabelScope>("user", "moved");
  std::thread([&moved] {
    const LabelScope own("route", "/own");
    moved.reset();
    EXPECT_EQ(labels_now(), std::vector{text_label("route", "/own")});
  }).join();
  EXPECT_TRUE(labels_now().empty());
}

TEST(LabelScope, OutlivesItsThread) {
  std::unique_ptr<LabelScope> orphan;
  std::thread([&orphan] { orphan = std::make_unique<LabelScope>("user", "orphan"); }).join();
  std::thread([&orphan] {  // has the ended thread's memory
    const LabelScope own("route", "/own");
    orphan.reset();
    EXPECT_EQ(labels_now(), std::vector{text_label("route", "/own")});
  })
      .join();
}

TEST(LabelScope, WorksWhileAThreadEnds) {
  std::vector<Label> seen;
  struct AtEnd {
    std::vector<Label>& seen;
    ~AtEnd() {
      const LabelScope late("when", "late");
      seen = labels_now();
    }
  };
  std::thread([&seen] {
    thread_local const AtEnd at_end{seen};
    const LabelScope early("when", "early");
  }).join();
  EXPECT_EQ(seen, std::vector{text_label("when", "late")});
}

TEST(Labels, GoToAThreadThatIsStarted) {
  const LabelScope route("route", "/a");
  const LabelScope user("user", "u");
  const auto here = labels_now();
  std::thread([labels = Labels::current(), &here] {
    const LabelScope own("route", "/own");
    {
      const LabelScope carried(labels);
      EXPECT_EQ(labels_now(), here);
      const LabelScope inner("user", "inner");
      EXPECT_EQ(labels_now().at(0), text_label("user", "inner"));
    }
    EXPECT_EQ(labels_now(), std::vector{text_label("route", "/own")});
  }).join();
}

TEST(Labels, NoneInForceHideThoseOfTheThread) {
  const Labels none = Labels::current();
  const LabelScope own("route", "/own");
  const LabelScope carried(none);
  EXPECT_TRUE(labels_now().empty());
}

// As an executor runs a coroutine: each step on another thread, under the labels it had before.
TEST(Labels, FollowAScopeThatIsKeptOverStepsOnManyThreads) {
  std::unique_ptr<LabelScope> user;
  Labels labels;
  const auto step = [&labels](const auto& work) {
    std::thread([&] {
      const LabelScope own("thread", "own");
      {
        const LabelScope carried(labels);
        work();
        labels = Labels::current();
      }
      EXPECT_EQ(labels_now(), std::vector{text_label("thread", "own")});
    }).join();
  };
  step([&] { user = std::make_unique<LabelScope>("user", "u"); });
  for (int i = 0; i < 3; ++i) {
    step([] { EXPECT_EQ(labels_now(), std::vector{text_label("user", "u")}); });
  }
  step([&] {
    user.reset();
    EXPECT_TRUE(labels_now().empty());
  });
  step([] { EXPECT_TRUE(labels_now().empty()); });
}

TEST(Labels, ACarriedScopeThatEndsOnAnotherThreadIsNoLongerSeen) {
  const LabelScope route("route", "/a");
  auto carried = std::make_unique<LabelScope>(Labels::current());
  const LabelScope inner("user", "u");
  std::thread([&carried] { carried.reset(); }).join();
  EXPECT_EQ(labels_now(), (std::vector{text_label("user", "u"), text_label("route", "/a")}));
}

// Scopes on all threads begin, end elsewhere, and are read by handlers, all at the same time.
TEST(Labels, SurviveEveryEndOnTheWrongThread) {
  constexpr int kThreads = 4;
  std::array<std::atomic<LabelScope*>, 16> places{};
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; !done; ++i) {
        const std::string number = std::to_string(i);
        delete places[static_cast<std::size_t>(i) * 7 % places.size()].exchange(
            new LabelScope("number", number.c_str()));
        const LabelScope carried(Labels::current());
        for (const Label& label : labels_now()) EXPECT_EQ(label.key, "number");
      }
    });
  }
  for (int i = 0; i < 50; ++i) capture_threads();
  done = true;
  for (std::thread& thread : threads) thread.join();
  for (auto& place : places) delete place.load();
}

}  // namespace
}  // namespace pprof::internal
