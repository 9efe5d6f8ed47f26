#include "benchmarks/operations.h"

#include <benchmark/benchmark.h>
#include <httplib.h>

#include <memory>
#include <utility>

#include "stage.h"

namespace service {
namespace {

// What the service has around a handler. Shared by the operations that need it.
struct Fixture {
  LogFile log{"/dev/null"};
  Logger logger{log, LogLevel::kInfo};
  DiscardTransport transport;
  StatsD statsd{transport, {}};
  Services services{logger, statsd, 65536};
};

// The request that `ab` sends in the walkthrough.
httplib::Request leftpad_request() {
  httplib::Request request;
  request.method = "GET";
  request.target = "/v1/leftpad/?str=test&len=50&chr=*";
  request.path = "/v1/leftpad/";
  request.remote_addr = "127.0.0.1";
  request.headers = {
      {"Host", "127.0.0.1:8080"}, {"User-Agent", "ApacheBench/2.3"}, {"Accept", "*/*"}};
  request.params = {{"str", "test"}, {"len", "50"}, {"chr", "*"}};
  return request;
}

void empty_handler(const Services&, const httplib::Request&, httplib::Response&) {}

}  // namespace

std::vector<Operation> operations() {
  auto fixture = std::make_shared<Fixture>();
  auto request = std::make_shared<const httplib::Request>(leftpad_request());
  const auto timed = timed_handler(fixture->services, "leftpad", empty_handler);
  return {
      {"TimedHandler",
       [fixture, request, timed] {
         httplib::Response response;
         timed(*request, response);
       }},
      {"LeftpadHandler",
       [fixture, request] {
         httplib::Response response;
         leftpad_handler(fixture->services, *request, response);
         benchmark::DoNotOptimize(response.body.data());
       }},
      {"Leftpad10", [] { benchmark::DoNotOptimize(leftpad("test", 10, "*").data()); }},
      {"Leftpad50", [] { benchmark::DoNotOptimize(leftpad("test", 50, "*").data()); }},
      {"StatsD", [fixture, name = std::string(
                               "request.leftpad.timing")] { fixture->statsd.timing(name, 0.125); }},
  };
}

}  // namespace service
