// Answers to what is refused before it reaches cpp-httplib; see refusal.h.
#include "app/server/refusal.h"

#include <ctime>
#include <string_view>
#include <utility>

#include "leftpad_api.h"

namespace service {
namespace {

std::string_view reason_phrase(int status) {
  static constexpr std::pair<int, std::string_view> kPhrases[] = {
      {408, "Request Timeout"},
      {411, "Length Required"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {415, "Unsupported Media Type"},
      {417, "Expectation Failed"},
      {431, "Request Header Fields Too Large"},
      {503, "Service Unavailable"},
      {505, "HTTP Version Not Supported"}};
  for (const auto& [known, phrase] : kPhrases) {
    if (known == status) return phrase;
  }
  return "Bad Request";
}

}  // namespace

std::string make_refusal(const Rejection& why) {
  const std::string body = encode_error(why.message);
  std::string answer = "HTTP/1.1 " + std::to_string(why.status) + ' ';
  answer.append(reason_phrase(why.status)).append("\r\nDate: ").append(http_date());
  if (why.status == 503) answer += "\r\nRetry-After: 1";
  answer +=
      "\r\nContent-Type: application/json; charset=utf-8\r\nConnection: close\r\nContent-Length: ";
  return answer + std::to_string(body.size()) + "\r\n\r\n" + body;
}

const std::string& http_date() {
  thread_local std::time_t second = -1;
  thread_local std::string date;
  if (const std::time_t now = std::time(nullptr); now != second) {
    std::tm utc{};
    gmtime_r(&now, &utc);
    char text[64];
    date.assign(text, std::strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &utc));
    second = now;
  }
  return date;
}

}  // namespace service
