// The request that handlers get, in place of cpp-httplib's own parsing; see request_head.h.
#include <httplib.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "app/server/request_head.h"

namespace service {
namespace {

std::string percent_decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (const auto byte = text[i] == '%' ? percent_byte(text, i) : std::nullopt) {
      out += static_cast<char>(*byte);
      i += 2;
    } else {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

void add_parameters(std::string_view query, httplib::Params& params) {
  while (!query.empty()) {
    std::string_view value = take_until(query, '&');
    const std::string_view name = take_until(value, '=');
    if (!name.empty()) {
      params.emplace(percent_decoded(name, true), percent_decoded(value, true));
    }
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
