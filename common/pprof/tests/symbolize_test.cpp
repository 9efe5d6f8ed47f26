// Names, files and lines of addresses: of programs, libraries, plugins and the vDSO.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <search.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "stacks/unwind.h"
#include "symbolize/symbolizer.h"

namespace pprof::internal {
namespace {

// The return address minus 1: inside the call, as capture code records it.
__attribute__((noinline)) std::uintptr_t caller_address() {
  return reinterpret_cast<std::uintptr_t>(__builtin_return_address(0)) - 1;
}

int call_line = 0;
__attribute__((always_inline)) inline std::uintptr_t inlined_caller() {
  call_line = __LINE__ + 1;
  return caller_address();
}

struct Outer {
  __attribute__((noinline)) static std::uintptr_t method() {
    const std::uintptr_t address = inlined_caller();
    asm volatile("" ::: "memory");  // keeps the call from becoming a jump
    return address;
  }
};

}  // namespace

TEST(Symbolizer, NamesTheMarkOfACutStack) {
  const Location& cut = Symbolizer::instance().locate(kCutMark);
  ASSERT_EQ(cut.frames.size(), 1U);
  EXPECT_EQ(cut.frames[0].name, "[stack cut]");
}

// The first name of a mapping changes it, here while another thread takes it without names.
TEST(Symbolizer, NamesBesideAProfileWithoutNames) {
  Symbolizer::instance();  // prepares libelf
  Symbolizer symbols;
  const auto address = reinterpret_cast<std::uintptr_t>(&dlopen);
  std::atomic<bool> is_taken{false};
  std::thread without_names([&] {
    Addresses addresses(symbols);
    EXPECT_FALSE(addresses.locate(address).mapping->has_names);
    is_taken.store(true, std::memory_order_relaxed);  // tsan is to see no order
  });
  while (!is_taken.load(std::memory_order_relaxed)) std::this_thread::yield();
  EXPECT_TRUE(symbols.locate(address).mapping->has_names);
  without_names.join();
}

TEST(Symbolizer, GivesInlinedFramesInnermostFirst) {
  const Location& location = Symbolizer::instance().locate(Outer::method());
  ASSERT_EQ(location.frames.size(), 2U);
  EXPECT_EQ(location.frames[0].name, "pprof::internal::inlined_caller");
  EXPECT_EQ(location.frames[0].line, call_line);
  EXPECT_EQ(location.frames[1].name, "pprof::internal::Outer::method");
  EXPECT_TRUE(location.frames[1].file.ends_with("symbolize_test.cpp")) << location.frames[1].file;
  EXPECT_TRUE(location.frames[1].file.starts_with("/")) << location.frames[1].file;
  EXPECT_TRUE(location.frames[1].system_name.starts_with("_Z")) << location.frames[1].system_name;
}

TEST(Symbolizer, MainMappingIsTheExecutable) {
  const Mapping& mapping = Symbolizer::instance().main_mapping();
  EXPECT_TRUE(mapping.file.ends_with("pprof_test")) << mapping.file;
  EXPECT_TRUE(mapping.file.starts_with("/"));
  const Location& location = Symbolizer::instance().locate(caller_address());
  EXPECT_EQ(location.mapping, &mapping);
  EXPECT_FALSE(mapping.build_id.empty());
}

TEST(Symbolizer, NamesFunctionsOfLibrariesWithoutDebugInformation) {
  const Location& location =
      Symbolizer::instance().locate(reinterpret_cast<std::uintptr_t>(&::lfind) + 4);
  ASSERT_EQ(location.frames.size(), 1U);
  EXPECT_TRUE(location.frames[0].name.ends_with("lfind")) << location.frames[0].name;
  EXPECT_TRUE(location.mapping->file.find("libc.so") != std::string::npos);
  EXPECT_FALSE(location.mapping->has_debug_info) << "its package's lines are not worth their cost";
}

// The library of the kernel, which is in no file.
TEST(Symbolizer, NamesFunctionsOfTheVdso) {
  void* const vdso = dlopen("linux-vdso.so.1", RTLD_NOW | RTLD_NOLOAD);
  if (vdso == nullptr) GTEST_SKIP() << "this kernel has no vdso";
  const auto function = reinterpret_cast<std::uintptr_t>(dlsym(vdso, "__vdso_clock_gettime"));
  ASSERT_NE(function, 0U);
  const Location& location = Symbolizer::instance().locate(function);
  ASSERT_NE(location.mapping, nullptr);
  EXPECT_EQ(location.mapping->file, "[vdso]");
  ASSERT_EQ(location.frames.size(), 1U);
  EXPECT_TRUE(location.frames[0].name.ends_with("clock_gettime")) << location.frames[0].name;
  dlclose(vdso);
}

// An address in a plugin that has been loaded, seen, and closed again.
std::uintptr_t address_in_closed(const char* path, const char* function) {
  void* plugin = dlopen(path, RTLD_NOW);
  if (plugin == nullptr) return 0;
  const auto call = reinterpret_cast<std::uintptr_t (*)()>(dlsym(plugin, function));
  const std::uintptr_t address = call();
  Symbolizer::instance().observe_modules();
  dlclose(plugin);
  return address;
}

TEST(Symbolizer, NamesFunctionsOfClosedObjects) {
  const std::uintptr_t one = address_in_closed(plugin_one_path, "plugin_one");
  ASSERT_NE(one, 0U);
  const Location& location = Symbolizer::instance().locate(one);
  ASSERT_EQ(location.frames.size(), 1U);
  EXPECT_EQ(location.frames[0].name, "plugin_one");
  EXPECT_TRUE(location.frames[0].file.ends_with("plugin.cpp")) << location.frames[0].file;
  EXPECT_GT(location.frames[0].line, 0);
  ASSERT_NE(location.mapping, nullptr);
  EXPECT_EQ(location.mapping->file, plugin_one_path);
}

// As a capture names it: from the cache, where it has been there before.
std::string function_at(std::uintptr_t address) {
  const Location& location = Symbolizer::instance().locate(address);
  return location.frames.empty() ? "" : location.frames.front().name;
}

// Loads a plugin, names an address in it, and closes it again.
std::uintptr_t name_in_open(const char* path, const char* function) {
  void* plugin = dlopen(path, RTLD_NOW);
  if (plugin == nullptr) return 0;
  const auto call = reinterpret_cast<std::uintptr_t (*)()>(dlsym(plugin, function));
  const std::uintptr_t address = call();
  EXPECT_EQ(function_at(address), function);
  dlclose(plugin);
  return address;
}

TEST(Symbolizer, AnObjectLoadedAtAClosedOnesAddressIsNotMistaken) {
  for (int i = 0; i < 20; ++i) {  // what naming maps into memory may lie in the way
    const std::uintptr_t one = name_in_open(plugin_one_path, "plugin_one");
    const std::uintptr_t two = name_in_open(plugin_two_path, "plugin_two");
    ASSERT_NE(one, 0U);
    if (one == two) return;
  }
  GTEST_SKIP() << "the loader never put plugin_two where plugin_one was";
}

TEST(Symbolizer, APluginLoadedAgainAndAgainTakesOneFile) {
  const auto open_files = [] {
    return std::distance(begin(std::filesystem::directory_iterator("/proc/self/fd")),
                         std::filesystem::directory_iterator());
  };
  address_in_closed(plugin_one_path, "plugin_one");
  const auto before = open_files();
  for (int i = 0; i < 20; ++i) address_in_closed(plugin_one_path, "plugin_one");
  EXPECT_LE(open_files(), before + 2);  // now and then it may lie elsewhere
}

// As plain make, autotools and Meson compile: with a path that starts in the build's directory.
TEST(Symbolizer, APathRelativeToTheCompilersDirectoryBecomesAbsolute) {
  for (const char* plugin : {relative_dwarf4_path, relative_dwarf5_path}) {
    const Location& location =
        Symbolizer::instance().locate(address_in_closed(plugin, "inlining_plugin"));
    ASSERT_EQ(location.frames.size(), 2U);
    for (const Frame& frame : location.frames) {  // one from the table of lines, one a caller's
      EXPECT_TRUE(frame.file.starts_with("/")) << frame.file;
      EXPECT_TRUE(std::filesystem::exists(frame.file)) << frame.file;
      EXPECT_EQ(std::filesystem::path(frame.file).filename(), "inlining_plugin.cpp");
      EXPECT_GT(frame.line, 0);
    }
  }
}

// Moves the debug information of a plugin to the place below its directory, and gives the plugin.
class DebugLink : public ::testing::Test {
 protected:
  ~DebugLink() override {
    for (const auto& directory : directories_) std::filesystem::remove_all(directory);
  }
  std::string strip_to(const std::string& place, const char* unstripped = without_id_path) {
    namespace fs = std::filesystem;
    static int count = 0;  // a file of its own for each: the symbolizer remembers all it has seen
    const fs::path directory = fs::path(::testing::TempDir()) /
                               ("debug_link_" + std::to_string(getpid()) + std::to_string(++count));
    fs::create_directories(directory / place);
    directories_.push_back(directory);
    const fs::path plugin = directory / "plugin.so";
    fs::copy_file(unstripped, plugin);
    const std::string debug = directory / place / "plugin.debug";
    const std::string command = "objcopy --only-keep-debug " + plugin.string() + " " + debug +
                                " && strip " + plugin.string() +
                                " && objcopy --add-gnu-debuglink=" + debug + " " + plugin.string();
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    return plugin;
  }
  static const Location& locate_in(const std::string& plugin) {
    return Symbolizer::instance().locate(address_in_closed(plugin.c_str(), "inlining_plugin"));
  }

 private:
  std::vector<std::filesystem::path> directories_;
};

TEST_F(DebugLink, IsFollowedBesideTheObjectAndInItsDebugDirectory) {
  for (const char* place : {"", ".debug"}) {
    const Location& location = locate_in(strip_to(place));
    ASSERT_EQ(location.frames.size(), 2U) << place;
    EXPECT_TRUE(location.frames[1].file.ends_with("/inlining_plugin.cpp"));
    EXPECT_TRUE(location.mapping->has_debug_info);
  }
}

TEST_F(DebugLink, AFileOfAnotherBuildIsNotTaken) {
  const std::string plugin = strip_to("");
  std::ofstream(std::filesystem::path(plugin).replace_extension(".debug"), std::ios::app) << "x";
  const Location& location = locate_in(plugin);
  ASSERT_EQ(location.frames.size(), 1U);
  EXPECT_EQ(location.frames[0].line, 0);
  EXPECT_FALSE(location.mapping->has_debug_info);
}

TEST_F(DebugLink, NoServerIsAsked) {
  httplib::Server debuginfod;
  std::atomic<int> requests = 0;
  debuginfod.Get(".*", [&requests](const httplib::Request&, httplib::Response&) { ++requests; });
  const int port = debuginfod.bind_to_any_port("127.0.0.1");
  std::thread server([&debuginfod] { debuginfod.listen_after_bind(); });
  while (!debuginfod.is_running()) std::this_thread::yield();
  setenv("DEBUGINFOD_URLS", ("http://127.0.0.1:" + std::to_string(port)).c_str(), 1);
  const Location& location = locate_in(strip_to("elsewhere", with_id_path));
  unsetenv("DEBUGINFOD_URLS");
  debuginfod.stop();
  server.join();
  EXPECT_FALSE(location.mapping->has_debug_info);
  EXPECT_FALSE(location.mapping->build_id.empty()) << "what a server is asked for";
  EXPECT_EQ(requests, 0);
}

TEST(Symbolizer, ReadsDebugInformationInDwoFiles) {
  for (const char* plugin : {split_dwarf4_path, split_dwarf5_path}) {
    const Location& location =
        Symbolizer::instance().locate(address_in_closed(plugin, "inlining_plugin"));
    ASSERT_EQ(location.frames.size(), 2U) << plugin;
    EXPECT_TRUE(location.frames[0].name.ends_with("inlined_caller")) << location.frames[0].name;
    EXPECT_EQ(location.frames[1].name, "inlining_plugin");
    for (const Frame& frame : location.frames) {
      EXPECT_TRUE(frame.file.starts_with("/")) << frame.file;
      EXPECT_TRUE(frame.file.ends_with("/inlining_plugin.cpp")) << frame.file;
      EXPECT_GT(frame.line, 0);
      EXPECT_GT(frame.start_line, 0);
    }
    EXPECT_EQ(location.unread_file, "");
  }
}

TEST(Symbolizer, SaysWhichDwoFileIsMissing) {
  for (const std::string plugin : {lost_dwarf4_path, lost_dwarf5_path}) {
    const Location& location =
        Symbolizer::instance().locate(address_in_closed(plugin.c_str(), "inlining_plugin"));
    ASSERT_EQ(location.frames.size(), 1U);
    EXPECT_EQ(location.frames[0].name, "inlining_plugin");
    EXPECT_EQ(location.unread_file, std::filesystem::path(plugin).replace_extension(".dwo"));
  }
}

// elfutils 0.188 does not, and later ones do.
TEST(Symbolizer, ReadsADwpFileOrSaysWhichDwoFileIsMissing) {
#ifdef packed_dwarf4_path
  const Location& location =
      Symbolizer::instance().locate(address_in_closed(packed_dwarf4_path, "inlining_plugin"));
  EXPECT_EQ(location.frames.back().name, "inlining_plugin");
  if (location.frames.size() == 2) {
    EXPECT_GT(location.frames[0].line, 0);
    EXPECT_EQ(location.unread_file, "");
  } else {
    EXPECT_EQ(location.unread_file,
              std::filesystem::path(packed_dwarf4_path).replace_extension(".dwo"));
  }
#else
  GTEST_SKIP() << "needs dwp: apt-get install binutils";
#endif
}

TEST(Symbolizer, NamesTheFileOfACallerThatClangCompiled) {
#ifdef clang_plugin_path
  const Location& location =
      Symbolizer::instance().locate(address_in_closed(clang_plugin_path, "inlining_plugin"));
  ASSERT_EQ(location.frames.size(), 2U);
  for (const Frame& frame : location.frames) {
    EXPECT_TRUE(frame.file.ends_with("/inlining_plugin.cpp")) << frame.name << " in " << frame.file;
  }
#else
  GTEST_SKIP() << "needs clang: apt-get install clang";
#endif
}

TEST(Symbolizer, UnknownAddressHasNoMappingAndNoFrames) {
  const Location& location = Symbolizer::instance().locate(16);
  EXPECT_EQ(location.mapping, nullptr);
  EXPECT_TRUE(location.frames.empty());
  EXPECT_EQ(&location, &Symbolizer::instance().locate(32)) << "memory for every unknown address";
}

}  // namespace pprof::internal
