// The requests that handlers get.
#include <gtest/gtest.h>
#include <httplib.h>

#include <string>
#include <vector>

#include "app/server/request_head.h"

namespace service::testing {
namespace {

httplib::Request request_for(const std::string& target, const std::string& fields = {}) {
  httplib::Request request;
  request.target = request.path = "/";  // of the head that cpp-httplib has read before
  const std::string bytes = "GET " + target + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
  const auto head = parse_head(bytes, {});
  if (head) fill_request(*head, request);
  return request;
}

std::vector<std::string> params(const std::string& query) {
  std::vector<std::string> out;
  for (const auto& [name, value] : request_for("/?" + query).params) {
    out.push_back(name + "=" + value);
  }
  return out;
}

using Params = std::vector<std::string>;

TEST(FillRequest, SplitsParametersAtTheFirstEqualsSign) {
  EXPECT_EQ(params("a=b&c=d&e&&f="), (Params{"a=b", "c=d", "e=", "f="}));
  EXPECT_EQ(params("a=b=c&d==&e=f?"), (Params{"a=b=c", "d==", "e=f?"}));
  EXPECT_EQ(params("=a&==&b=c"), (Params{"b=c"}));
  EXPECT_EQ(params(""), (Params{}));
}

TEST(FillRequest, KeepsValuesOfOneNameInTheirOrder) {
  EXPECT_EQ(params("a=2&a=1&a=2"), (Params{"a=2", "a=1", "a=2"}));
}

TEST(FillRequest, DecodesParametersAsTheRfcSays) {
  EXPECT_EQ(params("%61=%c3%A9%00&b=1+2%2B"), (Params{std::string("a=\xc3\xa9\0", 5), "b=1 2+"}));
  EXPECT_EQ(params("a=%u0041&b=%zz&c=%&d=%4"), (Params{"a=%u0041", "b=%zz", "c=%", "d=%4"}));
}

TEST(FillRequest, KeepsTheTargetAndDecodesThePath) {
  const auto request = request_for("/a%20b+c?d=%41");
  EXPECT_EQ(request.target, "/a%20b+c?d=%41");
  EXPECT_EQ(request.path, "/a b+c");
  EXPECT_EQ(request_for("http://a?x=y").target, "/?x=y");
  EXPECT_EQ(request_for("http://a?x=y").path, "/");
}

TEST(FillRequest, HandsFieldValuesOnAsTheyWereSent) {
  const auto request = request_for("/", "X: a%00b%0d%0aY: z\r\nZ: \t z \r\n");
  EXPECT_EQ(request.get_header_value("X"), "a%00b%0d%0aY: z");
  EXPECT_EQ(request.get_header_value("z"), "z");
}

}  // namespace
}  // namespace service::testing
