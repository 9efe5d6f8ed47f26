// What a plugin labels, names and traces counts, whatever its visibility is, in an executable that
// exports its symbols and in one that does not. Built as both.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "pprof/label.h"
#include "threads/labels.h"
#include "threads/names.h"
#include "trace/recorder.h"

namespace pprof::internal {
namespace {

struct Seen {
  std::vector<Label> labels;
  std::string name;
};

void look_around(void* argument) {
  auto& seen = *static_cast<Seen*>(argument);
  LabelSet set;
  copy_current_labels(set);
  append_labels(set, seen.labels);
  seen.name = current_thread_name() != nullptr ? current_thread_name() : "";
}

class Plugin : public ::testing::TestWithParam<const char*> {};

TEST_P(Plugin, LabelsNamesAndSpansCount) {
  void* const plugin = dlopen(GetParam(), RTLD_LAZY);
  ASSERT_NE(plugin, nullptr) << dlerror();  // NOLINT(concurrency-mt-unsafe)
  const auto call_labelled =
      reinterpret_cast<void (*)(void (*)(void*), void*)>(dlsym(plugin, "call_labelled"));
  Seen seen;
  const RecordingStart start = start_recording();
  std::thread([&] {
    const LabelScope host("who", "host");
    const LabelScope route("route", "/a");
    call_labelled(look_around, &seen);
  }).join();
  const Recording recording = stop_recording(start);
  EXPECT_EQ(seen.labels, (std::vector<Label>{{"who", "plugin"}, {"route", "/a"}}));
  EXPECT_EQ(seen.name, "plugin");
  ASSERT_EQ(recording.spans.size(), 1U);
  EXPECT_STREQ(recording.spans[0].name, "in the plugin");
}

INSTANTIATE_TEST_SUITE_P(OfAnyVisibility, Plugin,
                         ::testing::Values(PPROF_VISIBLE_PLUGIN, PPROF_HIDDEN_PLUGIN));

}  // namespace
}  // namespace pprof::internal
