// The handler without any HTTP: what a server gives it, and what it gets back.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "http/reply.h"
#include "http/url.h"
#include "pprof/handler.h"

namespace pprof {
namespace {

using std::chrono::milliseconds;

constexpr auto kForever = milliseconds(std::chrono::minutes(10));

Request request_for(std::string method, std::string target, std::optional<std::string> body = "") {
  return {.method = std::move(method),
          .target = std::move(target),
          .headers = {{"host", "localhost"}},
          .body = std::move(body)};
}

Response get(const std::string& target) { return Handler()(request_for("GET", target)); }

std::string header_of(const Response& response, const std::string& name) {
  const auto found = std::ranges::find(response.headers, name, &Headers::value_type::first);
  return found == response.headers.end() ? "" : found->second;
}

}  // namespace

TEST(Handler, ASnapshotIsThereAtOnce) {
  Response response = get("/debug/pprof/threads?debug=1");
  EXPECT_TRUE(response.wait(milliseconds(0)));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(header_of(response, "Content-Type"), "text/plain; charset=utf-8");
  EXPECT_TRUE(response.body.starts_with("threads profile: total ")) << response.body;
}

TEST(Handler, ACaptureIsWaitedFor) {
  Response response = get("/debug/pprof/profile?seconds=0.2");
  EXPECT_EQ(response.status, 200);
  EXPECT_FALSE(response.wait(milliseconds(0)));
  EXPECT_EQ(response.body, "");
  EXPECT_TRUE(response.wait(kForever));
  EXPECT_TRUE(response.body.starts_with("\x1f\x8b")) << "not gzip";
}

TEST(Handler, AResponseThatIsDroppedEndsItsCapture) {
  for (const char* const name : {"profile", "wall", "trace", "block"}) {
    get("/debug/pprof/" + std::string(name) + "?seconds=300");
    EXPECT_EQ(get("/debug/pprof/" + std::string(name) + "?seconds=300").status, 200) << name;
  }
}

TEST(Handler, ACaptureThatFailsIsAnError) {
  Response response = internal::with_capture(
      {}, Request(), [](const auto&) -> std::string { throw std::runtime_error("no room"); });
  EXPECT_TRUE(response.wait(kForever));
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body, "the capture failed: no room\n");
  EXPECT_EQ(header_of(response, "X-Go-Pprof"), "1");
}

TEST(Handler, AClientIsThereUntilItCloses) {
  std::array<int, 2> ends{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  EXPECT_TRUE(is_connected(ends[0]));
  ASSERT_EQ(write(ends[1], "x", 1), 1);
  EXPECT_TRUE(is_connected(ends[0])) << "it has sent the next request already";
  char byte = 0;
  ASSERT_EQ(read(ends[0], &byte, 1), 1);
  close(ends[1]);
  EXPECT_FALSE(is_connected(ends[0]));
  close(ends[0]);
}

TEST(Handler, HeadCapturesNothing) {
  for (const char* const path : {"profile?seconds=300", "wall", "trace", "heap?seconds=300"}) {
    Response response = Handler()(request_for("HEAD", "/debug/pprof/" + std::string(path)));
    EXPECT_TRUE(response.wait(milliseconds(0))) << path;
  }
}

TEST(Handler, PathsAreDecodedAndOthersUnknown) {
  EXPECT_EQ(get("/debug%2fpprof/%63mdline").status, 200);
  EXPECT_EQ(get("/debug/pprof").status, 301);
  for (const char* const path : {"/", "", "/debug/pprofile", "/debug/pprof/cmdline/", "*"}) {
    EXPECT_EQ(get(path).status, 404) << path;
  }
}

TEST(Handler, AnErrorIsOneLineWhateverTheClientSent) {
  const std::string text = "a%0ab%1b[2J";
  for (const char* const path :
       {"threads?debug=", "threads?symbolize=", "profile?seconds=", "", "../../"}) {
    const Response response = get("/debug/pprof/" + std::string(path) + text);
    EXPECT_NE(response.body.find("a?b?[2J\""), std::string::npos) << response.body;
    EXPECT_EQ(response.body.find('\n'), response.body.size() - 1) << response.body;
  }
  const Response response = Handler()(request_for("A\nB", "/debug/pprof/threads"));
  EXPECT_EQ(response.body, "method \"A?B\" is not allowed: use GET, HEAD\n");
  const Response lengthy = get("/debug/pprof/" + std::string(1000, 'x'));
  EXPECT_LT(lengthy.body.size(), 200U) << lengthy.body;
}

TEST(Handler, ABodyThatIsMissingOrTooLongIsRefused) {
  const auto post = [](std::optional<std::string> body) {
    return Handler()(request_for("POST", "/debug/pprof/symbol", std::move(body))).status;
  };
  EXPECT_EQ(post(std::nullopt), 400);
  EXPECT_EQ(post(std::string(Request::kMaxBody, '0')), 200);
  EXPECT_EQ(post(std::string(Request::kMaxBody + 1, '0')), 413);
}

TEST(Url, IsSplitAndDecoded) {
  using internal::parameter;
  const internal::Target target = internal::split_target("/a%20b+%zz%4?x=%31+2&y&x=3");
  EXPECT_EQ(target.path, "/a b+%zz%4");
  EXPECT_EQ(parameter(target.query, "x"), "1 2");
  EXPECT_EQ(parameter(target.query, "y"), "");
  EXPECT_EQ(parameter(target.query, "z"), std::nullopt);
  EXPECT_EQ(internal::split_target("/a?").query, "");
  const std::string any = "a&b=c d+e%f'\xff";
  EXPECT_EQ(parameter("q=" + internal::encode_parameter(any), "q"), any);
}

}  // namespace pprof
