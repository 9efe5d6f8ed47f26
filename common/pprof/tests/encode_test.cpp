// profile.proto as it is written, read back by another parser; gzip, text, differences.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <map>
#include <protozero/pbf_message.hpp>
#include <set>
#include <string>
#include <vector>

#include "encode/delta.h"
#include "encode/gzip.h"
#include "encode/proto.h"
#include "encode/proto_fields.h"
#include "encode/text.h"
#include "gunzip.h"
#include "profiles/own_samples.h"
#include "symbolize/symbolizer.h"

namespace pprof::internal {
namespace {

// Two mappings: 0x1000 is a call of `outer` with `inner` inlined; 0x9000 lies in a library.
class FakeSymbols : public SymbolSource {
 public:
  FakeSymbols() {
    locations_[0x1000] = {
        &main_,
        {{"inner", "_Z5innerv", "/src/a.h", 7, 5}, {"outer", "_Z5outerv", "/src/a.cpp", 30, 20}}};
    locations_[0x1010] = {&main_, {{"outer", "_Z5outerv", "/src/a.cpp", 31, 20}}};
    locations_[0x9000] = {&library_, {{"read", "read", "", 0, 0}}};
    locations_[0xb000] = {&stripped_, {{"[plugin.so]", "[plugin.so]", "", 0, 0}}, false};
    locations_[0xb010] = {&stripped_, {{"[plugin.so]", "[plugin.so]", "", 0, 0}}, false};
    locations_[0xb020] = {&stripped_, {{"start", "start", "", 0, 0}}};
  }
  const Location& locate(std::uintptr_t address) override { return locations_[address]; }
  const Mapping& main_mapping() override { return main_; }
  void lose_debug_file(std::uintptr_t address, const std::string& file) {
    locations_[address].unread_file = file;
  }
  // Without debug information, all three.
  void install(const std::string& program, const std::string& library, const std::string& plugin) {
    main_.file = program;
    main_.has_debug_info = false;
    library_.file = library;
    stripped_.file = plugin;
  }
  void name_own(std::uintptr_t address) {
    locations_[address].frames[0].name = "pprof::internal::Symbolizer::locate";
  }

 private:
  Mapping main_{0x1000, 0x2000, 0x400, "/bin/program", "abcd"};
  Mapping library_{0x9000, 0xa000, 0, "/lib/libc.so", "", false};
  Mapping stripped_{0xb000, 0xc000, 0, "/srv/plugin.so", "", false};
  std::map<std::uintptr_t, Location> locations_;
};

Profile cpu_like_profile() {
  Profile profile;
  profile.sample_types = {{"samples", "count"}, {"cpu", "nanoseconds"}};
  profile.default_sample_type = "cpu";
  profile.period_type = {"cpu", "nanoseconds"};
  profile.period = 10'000'000;
  profile.time = std::chrono::system_clock::time_point(std::chrono::seconds(5));
  profile.duration = std::chrono::seconds(2);
  profile.samples = {{{0x9000, 0x1000}, {1, 10}, {{"route", "/a"}}},
                     {{0x1010}, {2, 20}, {{"route", ""}}}};
  return profile;
}

// The message's fields by number: varints as numbers, the rest as bytes.
struct Fields {
  std::multimap<std::uint32_t, std::uint64_t> numbers;
  std::multimap<std::uint32_t, std::string> bytes;

  explicit Fields(const std::string& data) {
    protozero::pbf_reader reader(data);
    while (reader.next()) {
      const std::uint32_t tag = reader.tag();  // gone once the value is read, in debug builds
      if (reader.wire_type() == protozero::pbf_wire_type::varint) {
        numbers.emplace(tag, reader.get_uint64());
      } else {
        bytes.emplace(tag, reader.get_string());
      }
    }
  }
  template <typename Field>
  std::uint64_t number(Field field) const {
    const auto found = numbers.find(static_cast<std::uint32_t>(field));
    return found == numbers.end() ? 0 : found->second;
  }
  template <typename Field>
  std::vector<std::string> all(Field field) const {
    const auto [first, last] = bytes.equal_range(static_cast<std::uint32_t>(field));
    std::vector<std::string> values;
    for (auto it = first; it != last; ++it) values.push_back(it->second);
    return values;
  }
};

std::vector<std::uint64_t> unpack(const std::string& data) {
  std::vector<std::uint64_t> values;
  const char* at = data.data();
  while (at != data.data() + data.size()) {
    values.push_back(protozero::decode_varint(&at, data.data() + data.size()));
  }
  return values;
}

class Encoded : public ::testing::Test {
 protected:
  std::string text(std::uint64_t index) const { return strings.at(index); }

  FakeSymbols symbols;
  Fields profile{encode_proto(cpu_like_profile(), symbols)};
  std::vector<std::string> strings = profile.all(ProfileField::kStringTable);
  std::vector<std::string> mappings = profile.all(ProfileField::kMapping);
  std::vector<std::string> locations = profile.all(ProfileField::kLocation);
  std::vector<std::string> functions = profile.all(ProfileField::kFunction);
  std::vector<std::string> samples = profile.all(ProfileField::kSample);
};

}  // namespace

TEST_F(Encoded, StringZeroIsEmptyAndNoStringRepeats) {
  ASSERT_FALSE(strings.empty());
  EXPECT_EQ(strings[0], "");
  EXPECT_EQ(std::set<std::string>(strings.begin(), strings.end()).size(), strings.size());
}

TEST_F(Encoded, IdsAreUniqueAndNeverZero) {
  for (const auto& table : {mappings, locations, functions}) {
    std::set<std::uint64_t> ids;
    for (const std::string& message : table) ids.insert(Fields(message).number(MappingField::kId));
    EXPECT_EQ(ids.size(), table.size());
    EXPECT_FALSE(ids.contains(0));
  }
}

TEST_F(Encoded, FirstMappingIsTheExecutableWithAllFlags) {
  const Fields mapping(mappings.at(0));
  EXPECT_EQ(text(mapping.number(MappingField::kFilename)), "/bin/program");
  EXPECT_EQ(text(mapping.number(MappingField::kBuildId)), "abcd");
  EXPECT_EQ(mapping.number(MappingField::kMemoryStart), 0x1000U);
  EXPECT_EQ(mapping.number(MappingField::kMemoryLimit), 0x2000U);
  EXPECT_EQ(mapping.number(MappingField::kFileOffset), 0x400U);
  for (const auto flag : {MappingField::kHasFunctions, MappingField::kHasFilenames,
                          MappingField::kHasLineNumbers, MappingField::kHasInlineFrames}) {
    EXPECT_EQ(mapping.number(flag), 1U);
  }
}

// pprof symbolizes a mapping by itself if it has no flag at all.
TEST(EncodedMapping, FlagsAndCommentsTellWhatIsMissing) {
  FakeSymbols symbols;
  Profile profile = cpu_like_profile();
  profile.samples.push_back({{0xb000, 0xb010, 0xb020}, {1, 10}, {}});
  const Fields encoded(encode_proto(profile, symbols));
  const auto flags = [&encoded](std::size_t mapping) {
    const Fields fields(encoded.all(ProfileField::kMapping).at(mapping));
    return std::vector<std::uint64_t>{fields.number(MappingField::kHasFunctions),
                                      fields.number(MappingField::kHasFilenames),
                                      fields.number(MappingField::kHasLineNumbers),
                                      fields.number(MappingField::kHasInlineFrames)};
  };
  EXPECT_EQ(flags(0), (std::vector<std::uint64_t>{1, 1, 1, 1}));
  EXPECT_EQ(flags(1), (std::vector<std::uint64_t>{1, 0, 0, 0})) << "names from its symbol table";
  EXPECT_EQ(flags(2), (std::vector<std::uint64_t>{0, 0, 0, 0})) << "most have no name";
  const auto comments = unpack(encoded.all(ProfileField::kComment).at(0));
  ASSERT_EQ(comments.size(), 1U);
  const std::string comment = encoded.all(ProfileField::kStringTable).at(comments[0]);
  EXPECT_TRUE(comment.starts_with("no debug information for /srv/plugin.so: 2 of 3 addresses"))
      << comment;
}

// What a distribution installs of its own has no lines anywhere; a service has them somewhere.
TEST(EncodedMapping, OnlyALibraryOfTheSystemNeedsNoDebugInformation) {
  const auto missing_in = [](const std::string& program, const std::string& library) {
    FakeSymbols symbols;
    symbols.install(program, library, "");
    const Fields encoded(encode_proto(cpu_like_profile(), symbols));
    const auto comments = encoded.all(ProfileField::kComment);
    std::string text;
    for (const auto index : comments.empty() ? std::vector<std::uint64_t>() : unpack(comments[0])) {
      const std::string comment = encoded.all(ProfileField::kStringTable).at(index);
      text += comment.substr(0, comment.find(':')) + "\n";
    }
    return text;
  };
  const std::string none = "no debug information for ";
  for (const char* program : {"/srv/service", "/usr/lib/app/bin/service", "/usr/libexec/service"}) {
    const std::string comment = none + program + "\n";
    for (const char* library : {"/usr/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld.so", "[vdso]"}) {
      EXPECT_EQ(missing_in(program, library), comment);
    }
    for (const char* library : {"/usr/libexec/app/plugin.so", "/library/plugin.so"}) {
      EXPECT_EQ(missing_in(program, library), comment + none + library + "\n");
    }
  }
}

TEST(EncodedMapping, WithoutNamesWhoReadsItIsToFindThem) {
  Profile profile = cpu_like_profile();
  const auto own = reinterpret_cast<std::uintptr_t>(&cpu_like_profile);
  const auto of_libc = reinterpret_cast<std::uintptr_t>(dlsym(RTLD_DEFAULT, "qsort"));
  profile.samples = {{{of_libc, own}, {1, 10}, {}}};
  Addresses addresses(Symbolizer::instance());
  const Fields encoded(encode_proto(profile, addresses));
  EXPECT_TRUE(encoded.all(ProfileField::kFunction).empty());
  EXPECT_EQ(encoded.all(ProfileField::kLocation).size(), 2U);
  const auto mappings = encoded.all(ProfileField::kMapping);
  ASSERT_EQ(mappings.size(), 2U);
  for (const std::string& message : mappings) {
    const Fields mapping(message);
    EXPECT_NE(mapping.number(MappingField::kBuildId), 0U);
    for (const auto flag : {MappingField::kHasFunctions, MappingField::kHasFilenames,
                            MappingField::kHasLineNumbers, MappingField::kHasInlineFrames}) {
      EXPECT_EQ(mapping.number(flag), 0U);
    }
  }
}

TEST(EncodedMapping, NamesDebugInformationThatWasNotFound) {
  FakeSymbols symbols;
  symbols.lose_debug_file(0x1000, "/build/a.dwo");
  symbols.lose_debug_file(0x1010, "/build/b.dwo");
  const Fields encoded(encode_proto(cpu_like_profile(), symbols));
  const auto comments = unpack(encoded.all(ProfileField::kComment).at(0));
  ASSERT_EQ(comments.size(), 1U);
  const std::string comment = encoded.all(ProfileField::kStringTable).at(comments[0]);
  EXPECT_TRUE(
      comment.starts_with("debug information of /bin/program not found: /build/a.dwo and 1 more; "))
      << comment;
  const Fields mapping(encoded.all(ProfileField::kMapping).at(0));
  EXPECT_EQ(mapping.number(MappingField::kHasFunctions), 1U);
  EXPECT_EQ(mapping.number(MappingField::kHasLineNumbers), 0U);
}

TEST_F(Encoded, InlinedLinesComeInnermostFirst) {
  const Fields location(locations.at(1));  // 0x1000, the second address of the first sample
  EXPECT_EQ(location.number(LocationField::kAddress), 0x1000U);
  const std::vector<std::string> lines = location.all(LocationField::kLine);
  ASSERT_EQ(lines.size(), 2U);
  const Fields inner(functions.at(Fields(lines[0]).number(LineField::kFunctionId) - 1));
  EXPECT_EQ(text(inner.number(FunctionField::kName)), "inner");
  EXPECT_EQ(text(inner.number(FunctionField::kSystemName)), "_Z5innerv");
  EXPECT_EQ(text(inner.number(FunctionField::kFilename)), "/src/a.h");
  EXPECT_EQ(Fields(lines[0]).number(LineField::kLine), 7U);
  EXPECT_EQ(Fields(lines[1]).number(LineField::kLine), 30U);
}

TEST_F(Encoded, AFunctionSeenTwiceIsWrittenOnce) { EXPECT_EQ(functions.size(), 3U); }

TEST_F(Encoded, SamplesKeepValuesAndLabels) {
  ASSERT_EQ(samples.size(), 2U);
  const Fields first(samples[0]);
  EXPECT_EQ(unpack(first.all(SampleField::kValue).at(0)), (std::vector<std::uint64_t>{1, 10}));
  EXPECT_EQ(unpack(first.all(SampleField::kLocationId).at(0)), (std::vector<std::uint64_t>{1, 2}));
  const Fields route(first.all(SampleField::kLabel).at(0));
  EXPECT_EQ(text(route.number(LabelField::kKey)), "route");
  EXPECT_EQ(text(route.number(LabelField::kStr)), "/a");
  const Fields empty(Fields(samples[1]).all(SampleField::kLabel).at(0));
  EXPECT_EQ(text(empty.number(LabelField::kStr)), "");
}

TEST(EncodedText, IsUtf8WhateverTheLabelHolds) {
  FakeSymbols symbols;
  Profile profile = cpu_like_profile();
  profile.samples[0].labels[0].text = "caf\xC3\xA9 \xFF";
  const std::string data = encode_proto(profile, symbols);
  EXPECT_NE(data.find("caf\xC3\xA9 \xEF\xBF\xBD"), std::string::npos);
  EXPECT_EQ(data.find('\xFF'), std::string::npos);
}

TEST_F(Encoded, HeaderHasTimesPeriodAndDefaultType) {
  EXPECT_EQ(profile.number(ProfileField::kTimeNanos), 5'000'000'000U);
  EXPECT_EQ(profile.number(ProfileField::kDurationNanos), 2'000'000'000U);
  EXPECT_EQ(profile.number(ProfileField::kPeriod), 10'000'000U);
  EXPECT_EQ(text(profile.number(ProfileField::kDefaultSampleType)), "cpu");
  const Fields period(profile.all(ProfileField::kPeriodType).at(0));
  EXPECT_EQ(text(period.number(ValueTypeField::kType)), "cpu");
  EXPECT_EQ(text(period.number(ValueTypeField::kUnit)), "nanoseconds");
}

TEST(Gzip, RoundTrips) {
  const std::string data = std::string(100'000, 'x') + "end";
  const std::string packed = gzip(data);
  EXPECT_LT(packed.size(), data.size() / 50);
  EXPECT_EQ(gunzip(packed), data);
}

TEST(Text, SortsByTheDefaultTypeAndShowsInlinedCalls) {
  FakeSymbols symbols;
  const std::string text = format_text("profile", cpu_like_profile(), symbols);
  EXPECT_EQ(text,
            "profile profile, 1970-01-01T00:00:05Z, over 2000.00 ms\n"
            "total: samples 3, cpu 0.00 ms\n"
            "period: cpu 10.00 ms\n"
            "\n"
            "samples 2, cpu 0.00 ms  route=\n"
            "    outer  /src/a.cpp:31\n"
            "\n"
            "samples 1, cpu 0.00 ms  route=/a\n"
            "    read\n"
            "    inner  /src/a.h:7\n"
            "    outer  /src/a.cpp:30\n");
}

class Delta : public ::testing::Test {
 protected:
  static Profile heap(std::vector<Sample> samples) {
    Profile profile;
    profile.sample_types = {{"alloc_space", "bytes"}, {"inuse_space", "bytes"}};
    profile.samples = std::move(samples);
    return profile;
  }
};

TEST_F(Delta, ExcludesWhatWasThereBefore) {
  const Profile before = heap({{{1}, {100, 100}, {}}, {{2}, {50, 0}, {}}});
  const Profile after = heap({{{1}, {130, 100}, {}}, {{2}, {50, 0}, {}}, {{3}, {7, 7}, {}}});
  const Profile delta = subtract(after, before);
  ASSERT_EQ(delta.samples.size(), 2U);
  EXPECT_EQ(delta.samples[0].values, (std::vector<std::int64_t>{30, 0}));
  EXPECT_EQ(delta.samples[1].stack, std::vector<std::uintptr_t>{3});
}

TEST_F(Delta, OnlyWhatIsInUseMayShrink) {
  const Profile before = heap({{{1}, {100, 100}, {}}});
  const Profile after = heap({{{1}, {90, 20}, {}}});
  EXPECT_EQ(subtract(after, before).samples.at(0).values, (std::vector<std::int64_t>{0, -80}));
}

TEST_F(Delta, CountsWhatWasLostMeanwhile) {
  Profile before = heap({});
  before.lost = 5;
  Profile after = heap({});
  after.lost = 7;
  EXPECT_EQ(subtract(after, before).lost, 2U);
}

TEST_F(Delta, KeepsLabelsApart) {
  const Profile before = heap({{{1}, {10, 0}, {{"bytes", "8"}}}});
  const Profile after = heap({{{1}, {10, 0}, {{"bytes", "8"}}},  //
                              {{1}, {4, 4}, {{"bytes", "4"}}}});
  const Profile delta = subtract(after, before);
  ASSERT_EQ(delta.samples.size(), 1U);
  EXPECT_EQ(delta.samples[0].labels.at(0).text, "4");
}

TEST(OwnSamples, AreLeftOutWithAComment) {
  FakeSymbols symbols;
  symbols.name_own(0x1010);
  Profile profile = cpu_like_profile();
  profile.samples[1].stack = {0x9000, 0x1010, 0x1000};
  profile = without_own_samples(profile, symbols);
  ASSERT_EQ(profile.samples.size(), 1U);
  EXPECT_EQ(profile.samples[0].values, (std::vector<std::int64_t>{1, 10}));
  ASSERT_EQ(profile.comments.size(), 1U);
  EXPECT_NE(profile.comments[0].find("samples 2 cpu 20"), std::string::npos);
}

}  // namespace pprof::internal
