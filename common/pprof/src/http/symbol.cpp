// See symbol.h.
#include "http/symbol.h"

#include <charconv>
#include <cstdint>
#include <fstream>
#include <iterator>

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

std::string symbol_reply(std::string_view addresses) {
  // Not the real number: clients only ask whether it is 0.
  std::string reply = "num_symbols: 1\n";
  while (!addresses.empty()) {
    const std::string_view text = addresses.substr(0, addresses.find_first_of("+&"));
    addresses.remove_prefix(std::min(addresses.size(), text.size() + 1));
    const std::uintptr_t address = parse_address(text);
    const std::string name = address == 0 ? "" : Symbolizer::instance().name_of(address);
    if (name.empty()) continue;
    reply += text;
    reply += " " + name + "\n";
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
