// open-loop-load: sends requests at a fixed rate and times each from the moment at which it should
// have been sent. ab is a closed loop: a client that waits for a slow answer sends nothing
// meanwhile, so a stall of any length costs it as many slow answers as there are clients. Here the
// requests that fall due during a stall are late, and are counted so. Called by scripts/workshop
// (load --rate, compare). One thread, loopback or not, HTTP/1.1 with keep-alive.
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <deque>
#include <fstream>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Plan {
  std::string host, port, target;
  double rate_per_second = 1000;
  double seconds = 5;
  std::size_t connections = 8;
  std::string values_file;
};

int connect_to(const Plan& plan) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(plan.host.c_str(), plan.port.c_str(), &hints, &found)) {
    throw std::runtime_error(plan.host + ": " + gai_strerror(error));
  }
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int status = fd < 0 ? -1 : connect(fd, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  if (status != 0) throw std::runtime_error(plan.host + ":" + plan.port + ": " + strerror(errno));
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

// Bytes of the first answer in `data`, 0 if it is not complete; `good` is whether its status is
// 200.
std::size_t answer_size(std::string_view data, bool& good) {
  const std::size_t head = data.find("\r\n\r\n");
  if (head == std::string_view::npos) return 0;
  good = data.substr(0, head).starts_with("HTTP/1.1 200 ");
  constexpr std::string_view kLength = "Content-Length: ";
  std::size_t body = 0;
  if (const std::size_t at = data.find(kLength); at < head) {
    std::from_chars(data.data() + at + kLength.size(), data.data() + head, body);
  }
  return data.size() >= head + 4 + body ? head + 4 + body : 0;
}

// One keep-alive connection with at most one request under way.
struct Connection {
  int fd;
  std::optional<Clock::time_point> due;  // of the request under way
  std::string received;
};

class OpenLoop {
 public:
  explicit OpenLoop(const Plan& plan)
      : plan_(plan),
        request_("GET " + plan.target + " HTTP/1.1\r\nHost: " + plan.host +
                 "\r\nUser-Agent: open-loop-load\r\n\r\n") {
    for (std::size_t i = 0; i < plan.connections; ++i) {
      connections_.push_back({connect_to(plan), {}, {}});
    }
  }

  void run() {
    const auto total = static_cast<std::size_t>(plan_.rate_per_second * plan_.seconds);
    const auto start = Clock::now();
    const auto due = [&](std::size_t i) {
      return start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(
                         static_cast<double>(i) / plan_.rate_per_second));
    };
    const auto give_up = due(total) + std::chrono::seconds(10);
    std::size_t planned = 0;
    while (latencies_.size() + failed_ < total) {
      const auto now = Clock::now();
      if (now > give_up) throw std::runtime_error("no answer for 10 s after the last request");
      while (planned < total && due(planned) <= now) waiting_.push_back(due(planned++));
      send_waiting();
      receive(planned < total ? due(planned) : now + std::chrono::seconds(1));
    }
  }

  void report() {
    std::sort(latencies_.begin(), latencies_.end());
    const auto at = [this](double part) {
      const auto index = static_cast<std::size_t>(part * static_cast<double>(latencies_.size()));
      return latencies_.empty() ? 0.0 : latencies_[std::min(index, latencies_.size() - 1)] / 1e3;
    };
    std::printf(
        "{\"requests\": %zu, \"failed\": %zu, \"rate_per_second\": %g, \"p50_ms\": %.3f, "
        "\"p99_ms\": %.3f, "
        "\"p99.9_ms\": %.3f, \"max_ms\": %.3f}\n",
        latencies_.size() + failed_, failed_, plan_.rate_per_second, at(0.5), at(0.99), at(0.999),
        at(1));
    if (plan_.values_file.empty()) return;
    std::ofstream values(plan_.values_file);
    for (const double value : latencies_) values << value << '\n';
    if (!values.flush()) {
      throw std::runtime_error("--values=" + plan_.values_file +
                               " cannot be written; give a file in a folder that exists");
    }
  }

 private:
  void send_waiting() {
    for (Connection& connection : connections_) {
      if (waiting_.empty()) return;
      if (connection.due) continue;
      connection.due = waiting_.front();
      waiting_.pop_front();
      if (send(connection.fd, request_.data(), request_.size(), MSG_NOSIGNAL) !=
          static_cast<ssize_t>(request_.size())) {
        throw std::runtime_error(std::string("a request could not be sent: ") + strerror(errno));
      }
    }
  }

  void receive(Clock::time_point until) {
    std::vector<pollfd> polled;
    for (const Connection& connection : connections_) polled.push_back({connection.fd, POLLIN, 0});
    const auto left = std::max(until - Clock::now(), Clock::duration::zero());
    const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(left).count();
    const timespec timeout{nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
    if (ppoll(polled.data(), polled.size(), &timeout, nullptr) <= 0) return;
    for (std::size_t i = 0; i < polled.size(); ++i) {
      if (polled[i].revents != 0) read_answer(connections_[i]);
    }
  }

  void read_answer(Connection& connection) {
    char buffer[16384];
    const ssize_t count = recv(connection.fd, buffer, sizeof(buffer), 0);
    if (count <= 0) fail("the service closed a connection");
    connection.received.append(buffer, static_cast<std::size_t>(count));
    bool good = false;
    const std::size_t size = answer_size(connection.received, good);
    if (size == 0) return;
    if (!good) refusal_ = connection.received.substr(0, connection.received.find('\r'));
    connection.received.erase(0, size);
    if (!connection.due) fail("an answer without a request");
    const std::chrono::duration<double, std::micro> taken = Clock::now() - *connection.due;
    connection.due.reset();
    if (good) {
      latencies_.push_back(taken.count());
    } else {
      ++failed_;
    }
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error(refusal_.empty()
                                 ? what + "; see what the service says"
                                 : what + ": " + refusal_ +
                                       "; give fewer --connections, or the service more --threads");
  }

  const Plan& plan_;
  const std::string request_;
  std::vector<Connection> connections_;
  std::deque<Clock::time_point> waiting_;  // due, and no connection was free
  std::vector<double> latencies_;          // microseconds
  std::size_t failed_ = 0;
  std::string refusal_;  // the last answer's first line that is not a 200
};

}  // namespace

int main(int argc, char** argv) {
  Plan plan;
  CLI::App app(
      "Sends requests at a fixed rate; times each from the moment at which it should have been "
      "sent");
  app.footer(
      "Example: open-loop-load 127.0.0.1 8080 '/v1/leftpad/?str=test&len=50&chr=*' --rate 2000 "
      "--seconds 10");
  app.add_option("HOST", plan.host, "Address of the service")->required();
  app.add_option("PORT", plan.port, "Its port")->required();
  app.add_option("TARGET", plan.target, "Path and query")->required();
  app.add_option("--rate", plan.rate_per_second, "Requests per second")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 1e6));
  app.add_option("--seconds", plan.seconds, "How long")
      ->capture_default_str()
      ->check(CLI::Range(0.01, 3600.0));
  app.add_option("-c,--connections", plan.connections,
                 "Connections; a request that is due while all wait, waits as well")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  app.add_option("--values", plan.values_file, "Write each latency there, microseconds, sorted");
  CLI11_PARSE(app, argc, argv);
  try {
    OpenLoop loop(plan);
    loop.run();
    loop.report();
  } catch (const std::exception& error) {
    std::cerr << "open-loop-load: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
