#include "statsd.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <locale>
#include <map>
#include <sstream>

#include "metrics/sampler.h"

namespace service {
namespace {

std::string replace_all(const std::string& text, char from, char to) {
  std::string result = text;
  std::replace(result.begin(), result.end(), from, to);
  return result;
}

std::string replace_controls(const std::string& text) {
  std::string result = text;
  std::replace_if(
      result.begin(), result.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '_');
  return result;
}

std::string sanitize(const std::string& name) {
  const std::map<char, char> replacements = {{':', '_'}, {'|', '_'}, {'@', '_'}};
  std::string clean = replace_controls(name);
  for (const auto& [from, to] : replacements) clean = replace_all(clean, from, to);
  return clean;
}

std::string format(double value) {
  std::ostringstream out;
  out.imbue(std::locale::classic());
  out << std::fixed << std::setprecision(6) << value;
  std::string text = out.str();
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace

void StatsD::send(const std::string& name, const std::string& kind, double value) {
  if (!std::isfinite(value) || !sampled(options_.sample_rate)) return;
  std::ostringstream packet;
  packet << sanitize(options_.prefix + "." + name) << ':' << format(value) << '|' << kind;
  if (options_.sample_rate < 1) packet << "|@" << format(options_.sample_rate);
  transport_.send(packet.str());
}

}  // namespace service
