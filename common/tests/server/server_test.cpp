// What the server layer promises with and without the buffered connection.
#include "app/server/server.h"

#include <gtest/gtest.h>

#include <chrono>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include "raw_client.h"
#include "test_server.h"

namespace service::testing {
namespace {

ServerOptions with_io(IoMode io) {
  ServerOptions options;
  options.io = io;
  return options;
}

class Server : public ::testing::TestWithParam<IoMode> {};

TEST_P(Server, AnswersManyRequestsOnOneConnection) {
  TestServer server(with_io(GetParam()));
  RawClient client(server.port());
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(client.send(get("/echo?id=" + std::to_string(i))));
    const auto answer = client.read_answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, std::to_string(i));
  }
  EXPECT_EQ(server.counters().requests, 100U);
  EXPECT_EQ(server.counters().connections_accepted, 1U);
}

TEST_P(Server, ClosesWhenTheClientAsksForIt) {
  TestServer server(with_io(GetParam()));
  RawClient client(server.port());
  client.send("GET /echo?id=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const auto answer = client.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->header("connection"), "close");
  EXPECT_TRUE(client.closed_by_server());
}

TEST_P(Server, KeepsHttp10OpenOnlyOnRequest) {
  TestServer server(with_io(GetParam()));
  RawClient closing(server.port());
  closing.send("GET /echo?id=1 HTTP/1.0\r\n\r\n");
  const auto answer = closing.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->header("connection"), "close");
  EXPECT_TRUE(closing.closed_by_server());

  RawClient keeping(server.port());
  for (int i = 0; i < 2; ++i) {
    keeping.send("GET /echo?id=1 HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
    const auto kept = keeping.read_answer();
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->header("connection"), "keep-alive");
  }
}

TEST_P(Server, HasJsonErrorPages) {
  TestServer server(with_io(GetParam()));
  RawClient client(server.port());
  client.send(get("/nowhere"));
  const auto missing = client.read_answer();
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->status, 404);
  EXPECT_EQ(missing->header("content-type"), "application/json; charset=utf-8");
  EXPECT_EQ(missing->body, "{\"error\":\"not found: no such path\"}\n");
  client.send(get("/throw"));
  const auto failed = client.read_answer();
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->status, 500);
  EXPECT_EQ(failed->body, "{\"error\":\"internal error\"}\n");
  EXPECT_EQ(failed->header("exception_what"), "");
  EXPECT_EQ(server.counters().client_errors, 1U);
  EXPECT_EQ(server.counters().server_errors, 1U);
}

TEST_P(Server, NamesTheAllowedMethodsOfAKnownPath) {
  TestServer server(with_io(GetParam()));
  const auto refused = [&server](const std::string& method, const std::string& path) {
    RawClient client(server.port());
    client.send(method + " " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    const auto answer = client.read_answer(method == "HEAD");
    return answer ? std::to_string(answer->status) + " " + answer->header("allow") : "nothing";
  };
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"}) {
    EXPECT_EQ(refused(method, "/echo"), "405 GET, HEAD") << method;
    EXPECT_EQ(refused(method, "/nowhere"), "404 ") << method;
  }
  EXPECT_EQ(refused("GET", "/body"), "405 POST");
  EXPECT_EQ(refused("POST", "/files/a"), "405 GET, HEAD, DELETE");
  EXPECT_EQ(refused("HEAD", "/echo"), "200 ");
}

TEST_P(Server, TellsWhatItOffersAsAWhole) {
  TestServer server(with_io(GetParam()));
  RawClient client(server.port());
  client.send("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto answer = client.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 204);
  EXPECT_EQ(answer->header("allow"), "GET, HEAD, POST, DELETE");
}

// RFC 9110, 6.6.1 and 5.6.7.
TEST_P(Server, DatesEveryAnswer) {
  TestServer server(with_io(GetParam()));
  for (const std::string& request : {get("/echo?id=1"), get("/nowhere"), get("/throw")}) {
    RawClient client(server.port());
    const std::time_t before = std::time(nullptr);
    client.send(request);
    const auto answer = client.read_answer();
    std::tm utc{};
    const std::string date = answer ? answer->header("date") : "";
    const char* end = strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
    ASSERT_TRUE(end != nullptr && *end == '\0') << request << date;
    EXPECT_GE(timegm(&utc), before) << request;
    EXPECT_LE(timegm(&utc), std::time(nullptr)) << request;
  }
}

TEST_P(Server, StopsAtOnceWithIdleConnections) {
  ServerOptions options = with_io(GetParam());
  options.idle_timeout = std::chrono::hours(1);
  TestServer server(options);
  std::vector<RawClient> idle;
  for (int i = 0; i < 50; ++i) {
    idle.emplace_back(server.port());
    idle.back().send(get("/echo?id=1"));
    ASSERT_TRUE(idle.back().read_answer());
  }
  server.stop();  // cpp-httplib's own loop ends after the idle timeout of plain mode, 3 s
  for (RawClient& client : idle) EXPECT_TRUE(client.closed_by_server());
}

TEST_P(Server, FinishesARunningRequestWhenStopped) {
  TestServer server(with_io(GetParam()));
  RawClient client(server.port());
  client.send(get("/slow?ms=300"));
  ASSERT_TRUE(eventually([&] { return server.slow_began.load(); }));
  server.stop();
  const auto answer = client.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "slow");
}

TEST_P(Server, StreamsUntilTheClientLeaves) {
  TestServer server(with_io(GetParam()));
  {
    RawClient client(server.port());
    client.send(get("/stream"));
    const auto head = client.read_answer();  // the head must not wait for the end of the stream
    ASSERT_TRUE(head);
    EXPECT_EQ(head->header("transfer-encoding"), "chunked");
    EXPECT_FALSE(server.stream_ended);
  }
  // Not stream_ended: from 0.41 on cpp-httplib need not begin a stream whose client has left.
  EXPECT_TRUE(eventually([&] { return server.counters().connections_active == 0; }));
}

TEST_P(Server, StreamsToTheEnd) {
  TestServer server(with_io(GetParam()));
  RawClient client(server.port());
  client.send("GET /stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  server.stream_wanted = false;
  const std::string all = client.read_to_end();
  EXPECT_TRUE(all.ends_with("\r\n\r\n5\r\npiece\r\n0\r\n\r\n")) << all;
}

INSTANTIATE_TEST_SUITE_P(Io, Server, ::testing::Values(IoMode::kBuffered, IoMode::kPlain),
                         [](const auto& test) {
                           return test.param == IoMode::kPlain ? "Plain" : "Buffered";
                         });

TEST(BindServer, SaysThatAPortIsInUse) {
  TestServer first;
  ServerCounters counters;
  const auto second = make_server({}, counters);
  const auto bound = bind_server(*second, "127.0.0.1", first.port());
  ASSERT_FALSE(bound);
  EXPECT_EQ(bound.error(),
            "port " + std::to_string(first.port()) +
                " on 127.0.0.1 is in use: one server listens on a port; find who with "
                "`ss -ltnp`, or choose another (0 takes a free one)");
}

TEST(BindServer, SaysWhatIsWrongWithAnAddress) {
  ServerCounters counters;
  const auto server = make_server({}, counters);
  EXPECT_NE(bind_server(*server, "192.0.2.1", 0).error().find("is not one of this machine's"),
            std::string::npos);
  EXPECT_NE(bind_server(*server, "no such host", 0).error().find("has no address"),
            std::string::npos);
  EXPECT_NE(bind_server(*server, "127.0.0.1", 65536).error().find("out of range"),
            std::string::npos);
}

TEST(BindServer, TakesAPortAgainAtOnceAfterAStop) {
  int port = 0;
  {
    TestServer server;
    port = server.port();
    RawClient client(port);
    client.send(get("/echo?id=1"));
    ASSERT_TRUE(client.read_answer());
    server.stop();  // closes first: the connection stays in TIME_WAIT
  }
  ServerCounters counters;
  const auto server = make_server({}, counters);
  EXPECT_TRUE(bind_server(*server, "127.0.0.1", port));
}

}  // namespace
}  // namespace service::testing
