// Requests for handlers; see httplib_request.h.
#include "app/server/httplib_request.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace service {
namespace {

// The value of a hex digit, or -1.
int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string percent_decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

void add_parameters(std::string_view query, httplib::Params& params) {
  while (!query.empty()) {
    const std::string_view parameter = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), parameter.size() + 1));
    const std::string_view name = parameter.substr(0, parameter.find('='));
    if (name.empty()) continue;
    const std::string_view value = parameter.substr(std::min(parameter.size(), name.size() + 1));
    params.emplace(percent_decoded(name, true), percent_decoded(value, true));
  }
}

}  // namespace

void fill_request(const RequestHead& head, httplib::Request& request) {
  request.method = head.method;
  request.target = head.target.front() == '?' ? "/" : "";
  request.target += head.target;
  request.path = percent_decoded(head.path, false);
  request.version = head.http11 ? "HTTP/1.1" : "HTTP/1.0";
  for (const Field& field : head.fields) {
    request.headers.emplace(std::string(field.name), std::string(field.value));
  }
  add_parameters(head.query, request.params);
}

}  // namespace service
