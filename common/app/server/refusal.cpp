// Answers to what is refused before it reaches cpp-httplib; see refusal.h.
#include "app/server/refusal.h"

#include "leftpad_api.h"

namespace service {
namespace {

std::string_view reason_of(int status) {
  switch (status) {
    case 408:
      return "Request Timeout";
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
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable\r\nRetry-After: 1";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Bad Request";
  }
}

}  // namespace

std::string make_refusal(Rejection why) {
  const std::string body = encode_error(why.message);
  std::string answer = "HTTP/1.1 " + std::to_string(why.status) + ' ';
  answer.append(reason_of(why.status));
  answer +=
      "\r\nContent-Type: application/json; charset=utf-8\r\nConnection: close\r\nContent-Length: ";
  return answer + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace service
