// See leftpad_api.h.
#include "leftpad_api.h"

#include <rapidjson/writer.h>

#include <charconv>
#include <cstdint>
#include <iterator>
#include <optional>

#include "utf8.h"

namespace service {
namespace {

constexpr std::size_t kMaxEchoedBytes = 40;

// RapidJSON's output stream concept, onto a std::string.
struct StringOutput {
  using Ch = char;
  std::string& out;
  void Put(char c) { out.push_back(c); }
  void Flush() {}
};

std::string encode_object(std::string_view key, std::string_view value) {
  std::string json;
  json.reserve(key.size() + value.size() + sizeof("{\"\":\"\"}\n"));
  json.append("{\"").append(key).append("\":");
  StringOutput output{json};
  rapidjson::Writer<StringOutput> writer(output);
  writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  json.append("}\n");
  return json;
}

std::optional<std::string_view> find_param(const QueryParams& params, const char* name) {
  const auto [first, last] = params.equal_range(name);
  if (first == last) return std::nullopt;
  return first->second;
}

// Cut between two characters, and marked, when it is long.
std::string echoed(std::string_view value) {
  if (value.size() <= kMaxEchoedBytes) return std::string(value);
  std::size_t end = kMaxEchoedBytes;
  while (end > kMaxEchoedBytes - 4 && (value[end] & '\xc0') == '\x80') --end;
  return std::string(value.substr(0, end)) + "…";
}

std::string len_error(std::string_view value, std::string_view problem, std::size_t max_len) {
  std::string error = "len";
  if (!value.empty()) error.append("=\"").append(echoed(value)).append("\"");
  return error.append(problem)
      .append("; give a whole number of at most ")
      .append(std::to_string(max_len))
      .append(", for example len=50");
}

tl::expected<std::size_t, std::string> parse_len(std::optional<std::string_view> value,
                                                 std::size_t max_len) {
  if (!value || value->empty()) return tl::unexpected(len_error({}, " is missing", max_len));
  std::int64_t number = 0;
  const char* end = value->data() + value->size();
  const auto [stop, status] = std::from_chars(value->data(), end, number);
  if (stop != end || status == std::errc::invalid_argument) {
    return tl::unexpected(len_error(*value, " is not an integer", max_len));
  }
  if (value->front() == '-') return 0;  // also below the range of the type
  if (status == std::errc::result_out_of_range) {
    return tl::unexpected(len_error(*value, " is out of range", max_len));
  }
  const auto len = static_cast<std::size_t>(number);
  if (len > max_len) return tl::unexpected(len_error(*value, " is too large", max_len));
  return len;
}

std::string utf8_error(const char* name) {
  return std::string(name) + " is not valid UTF-8; percent-encode the bytes of UTF-8 text";
}

}  // namespace

tl::expected<LeftpadQuery, std::string> parse_leftpad_query(const QueryParams& params,
                                                            std::size_t max_len) {
  LeftpadQuery query;
  const auto len = parse_len(find_param(params, "len"), max_len);
  if (!len) return tl::unexpected(len.error());
  query.len = *len;
  if (const auto str = find_param(params, "str")) {
    if (!is_valid_utf8(*str)) return tl::unexpected(utf8_error("str"));
    query.str = *str;
  }
  if (const auto chr = find_param(params, "chr"); chr && !chr->empty()) {
    if (!is_valid_utf8(*chr)) return tl::unexpected(utf8_error("chr"));
    query.chr = first_code_point(*chr);
  }
  return query;
}

std::string encode_answer(std::string_view str) { return encode_object("str", str); }

std::string encode_error(std::string_view message) {
  std::string valid;
  utf8::replace_invalid(message.begin(), message.end(), std::back_inserter(valid));
  return encode_object("error", valid);
}

}  // namespace service
