// See symbol.h.
#include "http/symbol.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "http/reply.h"
#include "symbolize/symbolizer.h"

namespace pprof::internal {
namespace {

// 0 if `text` is not a hexadecimal number with or without 0x.
std::uintptr_t parse_address(std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
  std::uintptr_t address = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), address, 16);
  return error == std::errc{} && end == text.data() + text.size() ? address : 0;
}

}  // namespace

Response answer_symbol(std::string addresses, const Request& request) {
  constexpr std::ptrdiff_t kMost = 10'000;  // 0.1 to 0.3 ms each, if nobody asked before
  const auto is_separator = [](char c) { return c == '+' || c == '&'; };
  if (const auto count = 1 + std::ranges::count_if(addresses, is_separator); count > kMost) {
    return error_reply({413, std::to_string(count) +
                                 " addresses are too many: send at most 10,000 in a request, the "
                                 "others in the next"});
  }
  return with_capture(reply(kPlainText), request,
                      [addresses = std::move(addresses)](const Wanted& wanted) {
                        return symbol_reply(addresses, wanted);
                      });
}

std::string symbol_reply(std::string_view addresses, const Wanted& wanted) {
  // Not the real number: clients only ask whether it is 0.
  std::string reply = "num_symbols: 1\n";
  std::unordered_map<std::uintptr_t, std::string> names{{0, ""}};
  while (!addresses.empty() && wanted()) {
    const std::string_view text = addresses.substr(0, addresses.find_first_of("+&"));
    addresses.remove_prefix(std::min(addresses.size(), text.size() + 1));
    const auto [known, is_new] = names.try_emplace(parse_address(text));
    if (is_new) known->second = Symbolizer::instance().name_of(known->first);
    if (known->second.empty()) continue;
    reply += text;
    reply += " " + known->second + "\n";
  }
  return reply;
}

std::string command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.ends_with('\0')) text.pop_back();
  return text;
}

}  // namespace pprof::internal
