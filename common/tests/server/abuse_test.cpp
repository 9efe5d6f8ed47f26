// Clients that break HTTP, by mistake or on purpose. Each gets a clean 4xx or a close, and the next
// client is served. Only for the buffered connection: cpp-httplib's own is laxer. A test of one
// time limit makes that one short and leaves the others long, so that no other can be met first.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "raw_client.h"
#include "test_server.h"

namespace service::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kTimeout{400};

ServerOptions patient_but(std::chrono::milliseconds ServerOptions::*timeout) {
  ServerOptions options;
  options.read_timeout = options.idle_timeout = options.write_timeout = std::chrono::hours(1);
  if (timeout != nullptr) options.*timeout = kTimeout;
  return options;
}

class Abuse : public ::testing::Test {
 protected:
  explicit Abuse(std::chrono::milliseconds ServerOptions::*timeout = nullptr)
      : server(patient_but(timeout)) {}

  // After each test: nobody was harmed.
  void TearDown() override {
    EXPECT_TRUE(eventually([this] {  // a short timeout may end the first tries
      RawClient client(server.port());
      return is_served(client);
    }));
  }

  static bool is_served(RawClient& client) {
    client.send(get("/echo?id=alive"));
    const auto answer = client.read_answer();
    return answer && answer->body == "alive";
  }

  // The status of the only answer to `bytes`, after which the server must close; 0 for no answer.
  int only_status(const std::string& bytes) {
    RawClient client(server.port());
    client.send(bytes);
    const auto answer = client.read_answer();
    if (!answer) return 0;
    EXPECT_EQ(answer->header("connection"), "close");
    EXPECT_EQ(answer->header("content-type"), "application/json; charset=utf-8");
    EXPECT_EQ(answer->body.rfind("{\"error\":\"", 0), 0U) << answer->body;
    EXPECT_TRUE(client.closed_by_server());
    return answer->status;
  }

  TestServer server;
};

struct SlowRequest : Abuse {
  SlowRequest() : Abuse(&ServerOptions::read_timeout) {}
};
struct Silence : Abuse {
  Silence() : Abuse(&ServerOptions::idle_timeout) {}
};
struct SlowReader : Abuse {
  SlowReader() : Abuse(&ServerOptions::write_timeout) {}
};

TEST_F(Abuse, PairsPipelinedAnswersWithTheirRequests) {
  RawClient client(server.port());
  std::string requests;
  for (int i = 0; i < 500; ++i) {
    requests += get("/echo?id=" + std::to_string(i));
    requests += "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nb" +
                std::to_string(100 + i % 100);
  }
  client.send(requests);
  for (int i = 0; i < 500; ++i) {
    const auto echo = client.read_answer();
    ASSERT_TRUE(echo) << i;
    ASSERT_EQ(echo->body, std::to_string(i));
    const auto body = client.read_answer();
    ASSERT_TRUE(body) << i;
    ASSERT_EQ(body->body, "b" + std::to_string(100 + i % 100));
  }
}

TEST_F(Abuse, AnswersWhatCameBeforeABadRequest) {
  RawClient client(server.port());
  client.send(get("/echo?id=1") + "BAD\r\n\r\n" + get("/echo?id=2"));
  EXPECT_EQ(client.read_answer()->body, "1");
  EXPECT_EQ(client.read_answer()->status, 400);
  EXPECT_TRUE(client.closed_by_server());
}

TEST_F(Abuse, NeverServesASmuggledRequest) {
  const std::string inner = get("/echo?id=smuggled");
  const std::string length = "Content-Length: " + std::to_string(inner.size()) + "\r\n";
  const std::vector<std::string> attempts = {
      "POST /body HTTP/1.1\r\nHost: a\r\n" + length +
          "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner,
      "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n" + length + "\r\n" + inner,
      "POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0b"
      "chunked\r\n" +
          length + "\r\n" + inner,
      "POST /body HTTP/1.1\r\nHost: a\r\nX: y\r\n Transfer-Encoding: chunked\r\n\r\n" + inner,
      "GET /echo HTTP/1.1\nHost: a\nContent-Length: 0\n\n" + inner,
      "POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0;\n\r\n\r\n" + inner,
  };
  for (const std::string& attempt : attempts) {
    const int status = only_status(attempt);
    EXPECT_TRUE(status == 400 || status == 411) << attempt;
  }
  // A body that looks like a request is a body, for every method.
  for (const std::string method : {"GET", "HEAD", "POST", "DELETE", "OPTIONS"}) {
    RawClient client(server.port());
    client.send(method + " /nowhere HTTP/1.1\r\nHost: a\r\n" + length + "\r\n" + inner +
                get("/echo?id=next"));
    ASSERT_EQ(client.read_answer(method == "HEAD")->status, 404) << method;
    EXPECT_EQ(client.read_answer()->body, "next") << method;
  }
}

TEST_F(Abuse, RefusesHugeRequestsWithoutReadingThemAll) {
  EXPECT_EQ(only_status("GET /" + std::string(3'000'000, 'a')), 414);
  EXPECT_EQ(only_status("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(3'000'000, 'b')), 431);
  EXPECT_EQ(only_status("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n" +
                        std::string(2'000'000, 'c')),
            413);
}

TEST_F(Abuse, RefusesWhatItHasNoUseFor) {
  const std::string start = "POST /body HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(only_status(start + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"), 411);
  EXPECT_EQ(only_status(start + "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n"), 417);
}

// Also a form: cpp-httplib has a limit of its own for them.
TEST_F(Abuse, TakesTheLargestBodyAndNamesTheLimitOfALargerOne) {
  const auto form = [](std::size_t size) {
    return "POST /body HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
           "Content-Length: " +
           std::to_string(size) + "\r\n\r\n" + std::string(size, 'f');
  };
  const std::size_t most = ServerOptions().max_body_bytes;
  RawClient client(server.port());
  client.send(form(most));
  const auto answer = client.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, std::string(most, 'f'));
  client.send(form(most + 1));
  const auto refusal = client.read_answer();
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->status, 413);
  EXPECT_NE(refusal->body.find("at most " + std::to_string(most) + " bytes"), std::string::npos);
}

TEST_F(SlowRequest, IsCutWhileBytesStillCome) {
  RawClient client(server.port());
  const auto start = steady_clock::now();
  client.send("GET /echo HTTP/1.1\r\nHost: a\r\n");
  while (server.counters().client_errors == 0 && client.send("X")) {  // slow loris
    std::this_thread::sleep_for(milliseconds(20));
  }
  const auto answer = client.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 408);
  EXPECT_GE(steady_clock::now() - start, kTimeout);
}

TEST_F(SlowRequest, IsCutInItsBody) {
  EXPECT_EQ(only_status("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"), 408);
}

TEST_F(Silence, ClosesTheConnection) {
  RawClient client(server.port());
  const auto start = steady_clock::now();
  EXPECT_TRUE(client.closed_by_server());
  EXPECT_GE(steady_clock::now() - start, kTimeout - milliseconds(50));
}

std::atomic<int> signals_handled{0};

// Interrupts what the server's threads wait for, as a profiling signal does, but not the test's
// two. Returns how many there were.
int signal_threads_of_the_server(pid_t test) {
  int signalled = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    const int thread = std::stoi(task.path().filename());
    if (thread != gettid() && thread != test && tgkill(getpid(), thread, SIGUSR1) == 0) ++signalled;
  }
  return signalled;
}

// A wait that started over after each signal would not end while they come.
TEST_F(Silence, IsNotMadeLongerBySignals) {
  struct sigaction action {};
  action.sa_handler = [](int) { ++signals_handled; };
  action.sa_flags = SA_RESTART;
  sigaction(SIGUSR1, &action, nullptr);
  const auto start = steady_clock::now();
  RawClient client(server.port());
  std::jthread signalling([test = gettid()](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      EXPECT_GE(signal_threads_of_the_server(test), 1);
      std::this_thread::sleep_for(kTimeout / 8);
    }
  });
  EXPECT_TRUE(client.closed_by_server());
  signalling.request_stop();
  signalling.join();
  EXPECT_GE(signals_handled, 1);  // tsan delays those of threads that wait
  EXPECT_GE(steady_clock::now() - start, kTimeout - milliseconds(50));
}

TEST_F(SlowReader, IsCutIfItDoesNotRead) {
  RawClient client(server.port());
  ASSERT_TRUE(is_served(client));
  const auto start = steady_clock::now();
  for (int i = 0; i < 10; ++i) client.send(get("/large?n=5000000"));
  EXPECT_TRUE(eventually([&] { return server.counters().connections_active == 0; }));
  EXPECT_GE(steady_clock::now() - start, kTimeout);
}

// About 6 MB a second: every write gets something through, so that only the bound of the whole
// answer can end it.
TEST_F(SlowReader, IsCutThoughItReadsALittle) {
  RawClient client(server.port());
  ASSERT_TRUE(is_served(client));
  const auto start = steady_clock::now();
  client.send(get("/large?n=100000000"));
  while (server.counters().connections_active != 0) {
    for (int i = 0; i < 4; ++i) client.read_some();
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_GE(steady_clock::now() - start, kTimeout);
}

TEST_F(Abuse, AnswersAClientThatClosedItsSide) {
  RawClient client(server.port());
  client.send(get("/echo?id=1") + get("/echo?id=2"));
  client.shut_down_writing();
  EXPECT_EQ(client.read_answer()->body, "1");
  EXPECT_EQ(client.read_answer()->body, "2");
  EXPECT_TRUE(client.closed_by_server());
}

TEST_F(Abuse, AnswersHalfARequest) {
  RawClient client(server.port());
  client.send("GET /echo HTTP/1.1\r\nHo");
  client.shut_down_writing();
  const auto answer = client.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 400);
}

TEST_F(Abuse, ClosesAnEmptyConnectionWithoutAnAnswer) {
  RawClient client(server.port());
  client.shut_down_writing();
  EXPECT_TRUE(client.closed_by_server());
}

TEST_F(Abuse, SurvivesResets) {
  for (int i = 0; i < 50; ++i) {
    RawClient client(server.port());
    if (i % 2 == 0) client.send(get("/large?n=1000000"));
    client.reset();
  }
  EXPECT_TRUE(eventually([&] { return server.counters().connections_active == 0; }));
}

TEST_F(Abuse, TakesAbsoluteUris) {
  RawClient client(server.port());
  client.send("GET http://test/echo?id=5 HTTP/1.1\r\nHost: test\r\n\r\n");
  EXPECT_EQ(client.read_answer()->body, "5");
  client.send("GET HTTP://test?id=5 HTTP/1.1\r\nHost: test\r\n\r\n");
  EXPECT_EQ(client.read_answer()->status, 404);
}

TEST_F(Abuse, TakesAQuestionMarkInAValue) {
  RawClient client(server.port());
  client.send(get("/echo?id=what?"));
  EXPECT_EQ(client.read_answer()->body, "what?");
}

TEST_F(Abuse, TakesAnEqualsSignInAValue) {
  RawClient client(server.port());
  client.send(get("/echo?id=a=b=="));
  EXPECT_EQ(client.read_answer()->body, "a=b==");
}

TEST_F(Abuse, OffersNoRangesWhichItDoesNotServe) {
  RawClient client(server.port());
  client.send("HEAD /echo?id=a HTTP/1.1\r\nHost: a\r\n\r\n" + get("/echo?id=a"));
  const auto head = client.read_answer(true);
  EXPECT_EQ(head->headers, client.read_answer()->headers);
}

// Up to cpp-httplib 0.18 the address is also a field of the request.
TEST_F(Abuse, LetsNoClientForgeItsAddress) {
  RawClient client(server.port());
  const std::string fields = "REMOTE_ADDR: 9.9.9.9\r\nX-Forwarded-For: 9.9.9.9\r\n";
  client.send("GET /headers HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" + get("/headers"));
  const std::string forged = client.read_answer()->body;
  EXPECT_TRUE(forged.ends_with(" 127.0.0.1")) << forged;
  EXPECT_EQ(forged, client.read_answer()->body);
}

TEST_F(Abuse, HandsFieldValuesOnAsTheyWereSent) {
  RawClient client(server.port());
  client.send("GET /agent HTTP/1.1\r\nHost: a\r\nUser-Agent: a%00b%0d%0aX: y\r\n\r\n");
  EXPECT_EQ(client.read_answer()->body, "a%00b%0d%0aX: y");
}

TEST_F(Abuse, TakesTheLongestLinesWhateverIsInThem) {
  const std::string start = "User-Agent: ";
  const std::string value(8190 - start.size(), '%');
  const std::string query(8190 - std::string("GET /echo?id= HTTP/1.1").size(), '=');
  RawClient client(server.port());
  client.send("GET /agent HTTP/1.1\r\nHost: a\r\n" + start + value + "\r\n\r\n" +
              get("/echo?id=" + query));
  EXPECT_EQ(client.read_answer()->body, value);
  EXPECT_EQ(client.read_answer()->body, query);
}

TEST_F(Abuse, IgnoresRanges) {
  RawClient client(server.port());
  std::string ranges = "bytes=";
  for (int i = 0; i < 1000; ++i) ranges += "0-1,";
  client.send("GET /echo?id=whole HTTP/1.1\r\nHost: a\r\nRange: " + ranges + "0-1\r\n\r\n");
  const auto answer = client.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "whole");
}

TEST_F(Abuse, RoutesTheLongestPathOnAWorkersStack) {
  RawClient client(server.port());
  constexpr std::size_t kLongest = HTTPLIB_MINOR < 53 ? 1024 : 256;  // newer try no regex beyond
  const std::string name(kLongest - 7, 'n');
  client.send(get("/files/" + name));
  EXPECT_EQ(client.read_answer()->body, name);
}

TEST(TakesBody, IsAskedBeforeABodyIsReadOrMemoryIsTakenForIt) {
  ServerOptions options;
  options.read_timeout = std::chrono::minutes(10);
  options.max_body_bytes = std::size_t{1} << 30;
  options.takes_body = [](const httplib::Request& head) { return head.has_param("token"); };
  TestServer server(options);
  RawClient refused(server.port());
  refused.send("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n");
  const auto answer = refused.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);  // of the handler, which may check the head itself
  EXPECT_EQ(answer->body, "");
  EXPECT_EQ(answer->header("connection"), "close");
  EXPECT_TRUE(refused.closed_by_server());
  RawClient taken(server.port());
  taken.send("POST /body?token HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(taken.read_answer()->body, "abc");
}

TEST_F(Abuse, CountsRejectedRequestsAsErrors) {
  EXPECT_EQ(only_status("BAD\r\n\r\n"), 400);
  EXPECT_EQ(server.counters().requests, 1U);
  EXPECT_EQ(server.counters().client_errors, 1U);
}

TEST(Shutdown, WaitsForNoSlowRequest) {
  TestServer server(patient_but(nullptr));
  std::vector<RawClient> slow;
  for (int i = 0; i < 20; ++i) {
    slow.emplace_back(server.port());
    slow.back().send("GET /echo HTTP/1.1\r\nHost");
  }
  ASSERT_TRUE(eventually([&] { return server.counters().connections_active == 20; }));
  server.stop();
}

TEST(Shutdown, CutsAndCountsTheConnectionsOfRunningRequests) {
  TestServer server;
  RawClient idle(server.port());
  idle.send(get("/echo?id=1"));
  ASSERT_TRUE(idle.read_answer());
  std::vector<RawClient> streams;
  for (int i = 0; i < 3; ++i) {
    streams.emplace_back(server.port());
    streams.back().send(get("/stream"));
    ASSERT_TRUE(streams.back().read_answer());  // the head
  }
  RawClient held(server.port());
  held.send(get("/held"));
  ASSERT_TRUE(eventually([&] { return server.counters().connections_active == 5; }));
  server.stop_accepting();
  // Streams end by themselves, and the idle connection is closed.
  ASSERT_TRUE(eventually([&] { return server.counters().connections_active == 1; }));
  server.cut();
  EXPECT_EQ(server.unanswered(), 1U);
  EXPECT_TRUE(held.closed_by_server());  // though its handler still runs
  server.held = false;
  server.stop();
}

}  // namespace
}  // namespace service::testing
