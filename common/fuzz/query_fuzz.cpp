// Query parsing, UTF-8 and JSON encoding: any query gives either a valid request or an error that
// can be sent. RapidJSON's parser, in its strict mode, reads back what the encoder wrote.
#include <httplib.h>
#include <rapidjson/document.h>

#include <string>

#include "fuzz_target.h"
#include "leftpad_api.h"
#include "utf8.h"

namespace service::fuzz {
namespace {

constexpr std::size_t kMaxLen = 1000;

// Three values, separated by NUL NUL; a missing one is a missing parameter.
httplib::Params to_params(std::string_view text) {
  httplib::Params params;
  for (const char* name : {"len", "chr", "str"}) {
    const std::size_t end = text.find(std::string_view("\0\0", 2));
    params.emplace(name, text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 2);
  }
  return params;
}

// RFC 3629, straight from its table: well-formed byte sequences.
bool is_utf8_by_table(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto in = [&](std::size_t i, unsigned from, unsigned to) {
    return byte(i) >= from && byte(i) <= to && i < text.size();
  };
  std::size_t i = 0;
  while (i < text.size()) {
    if (in(i, 0x00, 0x7f)) {
      i += 1;
    } else if (in(i, 0xc2, 0xdf) && in(i + 1, 0x80, 0xbf)) {
      i += 2;
    } else if (in(i, 0xe0, 0xef) && in(i + 2, 0x80, 0xbf) &&
               in(i + 1, byte(i) == 0xe0 ? 0xa0 : 0x80, byte(i) == 0xed ? 0x9f : 0xbf)) {
      i += 3;
    } else if (in(i, 0xf0, 0xf4) && in(i + 2, 0x80, 0xbf) && in(i + 3, 0x80, 0xbf) &&
               in(i + 1, byte(i) == 0xf0 ? 0x90 : 0x80, byte(i) == 0xf4 ? 0x8f : 0xbf)) {
      i += 4;
    } else {
      return false;
    }
  }
  return true;
}

std::string decode_json(const std::string& json, const char* key) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseValidateEncodingFlag>(json.data(), json.size());
  require(!document.HasParseError(), "the answer is JSON");
  require(document.IsObject() && document.MemberCount() == 1, "the answer has one member");
  require(document.HasMember(key) && document[key].IsString(), "the member is a string");
  return {document[key].GetString(), document[key].GetStringLength()};
}

void check(std::string_view text) {
  require(is_valid_utf8(text) == is_utf8_by_table(text), "UTF-8 as RFC 3629 has it");
  const httplib::Params params = to_params(text);
  const auto parsed = parse_leftpad_query(params, kMaxLen);
  if (!parsed) {
    decode_json(encode_error(parsed.error()), "error");
    return;
  }
  require(parsed->len <= kMaxLen, "len is bounded");
  require(is_valid_utf8(parsed->str), "str is UTF-8");
  require(is_valid_utf8(parsed->chr), "chr is UTF-8");
  require(code_points(parsed->chr) == 1, "chr is one code point");
  require(decode_json(encode_answer(parsed->str), "str") == parsed->str, "str survives JSON");
}

}  // namespace
}  // namespace service::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  service::fuzz::check(service::fuzz::as_text(data, size));
  return 0;
}
