// Field numbers and rules of profile.proto; see proto.h.
#include "encode/proto.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <protozero/pbf_builder.hpp>
#include <string_view>
#include <unordered_map>

#include "encode/proto_fields.h"
#include "encode/proto_tables.h"
#include "encode/utf8.h"

namespace pprof::internal {
namespace {

constexpr std::uint64_t kExecutableId = 1;  // of its mapping

using ProfileBuilder = protozero::pbf_builder<ProfileField>;

void write_value_type(ProfileBuilder& out, ProfileField field, const ValueType& value,
                      StringTable& strings) {
  protozero::pbf_builder<ValueTypeField> message(out, field);
  message.add_int64(ValueTypeField::kType, strings.index_of(value.type));
  message.add_int64(ValueTypeField::kUnit, strings.index_of(value.unit));
}

void write_label(protozero::pbf_builder<SampleField>& out, const Label& label,
                 StringTable& strings) {
  protozero::pbf_builder<LabelField> message(out, SampleField::kLabel);
  message.add_int64(LabelField::kKey, strings.index_of(valid_utf8(label.key)));
  message.add_int64(LabelField::kStr, strings.index_of(valid_utf8(label.text)));
}

void write_sample(ProfileBuilder& out, const Sample& sample, LocationTable& locations,
                  StringTable& strings) {
  std::vector<std::uint64_t> ids;
  ids.reserve(sample.stack.size());
  for (const std::uintptr_t address : sample.stack) ids.push_back(locations.id_of(address));
  protozero::pbf_builder<SampleField> message(out, ProfileField::kSample);
  message.add_packed_uint64(SampleField::kLocationId, ids.begin(), ids.end());
  message.add_packed_int64(SampleField::kValue, sample.values.begin(), sample.values.end());
  for (const Label& label : sample.labels) write_label(message, label, strings);
}

// A system library's symbol table is all that most machines have, and nobody misses its lines.
// pprof would complain that it cannot find it. The executable is none, wherever it is installed.
bool is_system_library(const std::string& file, bool is_executable) {
  constexpr std::array<std::string_view, 6> kFolders = {"/usr/lib/", "/usr/lib32/", "/usr/lib64/",
                                                        "/lib/",     "/lib32/",     "/lib64/"};
  return !is_executable &&
         (file.starts_with('[') || std::ranges::any_of(kFolders, [&file](std::string_view folder) {
            return file.starts_with(folder);
          }));
}

void write_mapping(ProfileBuilder& out, std::uint64_t id, const LocationTable::UsedMapping& used,
                   StringTable& strings) {
  const Mapping& mapping = *used.mapping;
  protozero::pbf_builder<MappingField> message(out, ProfileField::kMapping);
  message.add_uint64(MappingField::kId, id);
  message.add_uint64(MappingField::kMemoryStart, mapping.start);
  message.add_uint64(MappingField::kMemoryLimit, mapping.limit);
  message.add_uint64(MappingField::kFileOffset, mapping.offset);
  message.add_int64(MappingField::kFilename, strings.index_of(mapping.file));
  if (!mapping.build_id.empty()) {
    message.add_int64(MappingField::kBuildId, strings.index_of(mapping.build_id));
  }
  // Without any of them, pprof looks for a binary or a debug file and gives names by itself.
  const bool has_functions =
      mapping.has_names && (mapping.has_debug_info || used.named >= used.unnamed ||
                            is_system_library(mapping.file, id == kExecutableId));
  message.add_bool(MappingField::kHasFunctions, has_functions);
  for (const auto flag : {MappingField::kHasFilenames, MappingField::kHasLineNumbers,
                          MappingField::kHasInlineFrames}) {
    message.add_bool(flag,
                     mapping.has_names && mapping.has_debug_info && used.unread_files.empty());
  }
}

// What has no name or no line for want of debug information; empty if nothing has.
std::string missing_from(std::uint64_t id, const LocationTable::UsedMapping& used) {
  const Mapping& mapping = *used.mapping;
  const std::size_t addresses = used.named + used.unnamed;
  if (const std::size_t files = used.unread_files.size(); files > 0) {
    return "debug information of " + mapping.file +
           " not found: " + std::string(*used.unread_files.begin()) +
           (files > 1 ? " and " + std::to_string(files - 1) + " more" : "") +
           "; keep .dwo files where the compiler wrote them, or beside the object";
  }
  if (mapping.has_debug_info || !mapping.has_names || addresses == 0 ||
      is_system_library(mapping.file, id == kExecutableId)) {
    return {};
  }
  return "no debug information for " + mapping.file + ": " + std::to_string(used.unnamed) + " of " +
         std::to_string(addresses) +
         " addresses have no function, none has a line; build with -g, or put its debug file "
         "beside it, in .debug there, or in /usr/lib/debug";
}

std::vector<std::string> missing_debug_info(const LocationTable& locations) {
  std::vector<std::string> comments;
  const auto& mappings = locations.mappings();
  for (std::size_t i = 0; i < mappings.size(); ++i) {
    std::string missing = missing_from(i + 1, mappings[i]);
    if (!missing.empty()) comments.push_back(std::move(missing));
  }
  return comments;
}

void write_location(ProfileBuilder& out, const LocationTable::Entry& entry) {
  protozero::pbf_builder<LocationField> message(out, ProfileField::kLocation);
  message.add_uint64(LocationField::kId, entry.id);
  if (entry.mapping_id != 0) message.add_uint64(LocationField::kMappingId, entry.mapping_id);
  message.add_uint64(LocationField::kAddress, entry.address);
  for (const auto& [function_id, line] : entry.lines) {
    protozero::pbf_builder<LineField> line_message(message, LocationField::kLine);
    line_message.add_uint64(LineField::kFunctionId, function_id);
    line_message.add_int64(LineField::kLine, line);
  }
}

void write_function(ProfileBuilder& out, std::uint64_t id, const Frame& frame,
                    StringTable& strings) {
  protozero::pbf_builder<FunctionField> message(out, ProfileField::kFunction);
  message.add_uint64(FunctionField::kId, id);
  message.add_int64(FunctionField::kName, strings.index_of(frame.name));
  message.add_int64(FunctionField::kSystemName, strings.index_of(frame.system_name));
  message.add_int64(FunctionField::kFilename, strings.index_of(frame.file));
  message.add_int64(FunctionField::kStartLine, frame.start_line);
}

void write_header(ProfileBuilder& out, const Profile& profile, const LocationTable& locations,
                  StringTable& strings) {
  using std::chrono::duration_cast, std::chrono::nanoseconds;
  out.add_int64(ProfileField::kTimeNanos,
                duration_cast<nanoseconds>(profile.time.time_since_epoch()).count());
  out.add_int64(ProfileField::kDurationNanos, profile.duration.count());
  if (!profile.period_type.type.empty()) {
    write_value_type(out, ProfileField::kPeriodType, profile.period_type, strings);
    out.add_int64(ProfileField::kPeriod, profile.period);
  }
  std::vector<std::int64_t> comments;
  for (const auto& texts : {profile.comments, missing_debug_info(locations)}) {
    for (const std::string& comment : texts) comments.push_back(strings.index_of(comment));
  }
  out.add_packed_int64(ProfileField::kComment, comments.begin(), comments.end());
  if (!profile.default_sample_type.empty()) {
    out.add_int64(ProfileField::kDefaultSampleType, strings.index_of(profile.default_sample_type));
  }
}

}  // namespace

std::string encode_proto(const Profile& profile, SymbolSource& symbols) {
  std::string data;
  ProfileBuilder out(data);
  StringTable strings;
  LocationTable locations(symbols);
  for (const ValueType& type : profile.sample_types) {
    write_value_type(out, ProfileField::kSampleType, type, strings);
  }
  for (const Sample& sample : profile.samples) write_sample(out, sample, locations, strings);
  const auto& mappings = locations.mappings();
  for (std::size_t i = 0; i < mappings.size(); ++i) {
    write_mapping(out, i + 1, mappings[i], strings);
  }
  for (const auto& entry : locations.entries()) write_location(out, entry);
  const auto& functions = locations.functions();
  for (std::size_t i = 0; i < functions.size(); ++i) {
    write_function(out, i + 1, *functions[i], strings);
  }
  write_header(out, profile, locations, strings);
  for (const std::string_view text : strings.texts()) {
    out.add_string(ProfileField::kStringTable, text.data(), text.size());
  }
  return data;
}

}  // namespace pprof::internal
