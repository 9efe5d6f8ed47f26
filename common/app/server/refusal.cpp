// Answers to what is refused before it reaches cpp-httplib; see refusal.h.
#include "app/server/refusal.h"

#include <cstdio>
#include <ctime>
#include <string_view>

#include "leftpad_api.h"

namespace service {
namespace {

std::string_view reason_of(int status) {
  switch (status) {
    case 408:
      return "Request Timeout";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Bad Request";
  }
}

// The names are English in every locale.
std::string date_text(std::time_t seconds) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[64];
  std::snprintf(text, sizeof(text), "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[utc.tm_wday],
                utc.tm_mday, kMonths[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min,
                utc.tm_sec);
  return text;
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
