// Answers to what is refused before it reaches cpp-httplib; see refusal.h.
#include "app/server/refusal.h"

#include <clocale>
#include <ctime>
#include <string_view>

#include "leftpad_api.h"

namespace service {
namespace {

struct Reason {
  int status;
  std::string_view phrase;
};

constexpr Reason kReasons[] = {{408, "Request Timeout"},
                               {411, "Length Required"},
                               {413, "Content Too Large"},
                               {414, "URI Too Long"},
                               {415, "Unsupported Media Type"},
                               {417, "Expectation Failed"},
                               {431, "Request Header Fields Too Large"},
                               {503, "Service Unavailable"},
                               {505, "HTTP Version Not Supported"}};

std::string_view reason_of(int status) {
  for (const Reason& reason : kReasons) {
    if (reason.status == status) return reason.phrase;
  }
  return "Bad Request";
}

std::string date_text(std::time_t seconds) {
  static const locale_t english = newlocale(LC_ALL_MASK, "C", nullptr);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[64];
  return {text, strftime_l(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &utc, english)};
}

}  // namespace

std::string make_refusal(const Rejection& why) {
  const std::string body = encode_error(why.message);
  std::string answer = "HTTP/1.1 " + std::to_string(why.status) + ' ';
  answer.append(reason_of(why.status)).append("\r\nDate: ").append(http_date());
  if (why.status == 503) answer += "\r\nRetry-After: 1";
  answer +=
      "\r\nContent-Type: application/json; charset=utf-8\r\nConnection: close\r\nContent-Length: ";
  return answer + std::to_string(body.size()) + "\r\n\r\n" + body;
}

const std::string& http_date() {
  thread_local std::time_t second = -1;
  thread_local std::string date;
  if (const std::time_t now = std::time(nullptr); now != second) {
    date = date_text(now);
    second = now;
  }
  return date;
}

}  // namespace service
