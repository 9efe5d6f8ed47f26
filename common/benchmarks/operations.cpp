// See operations.h.
#include "benchmarks/operations.h"

#include <benchmark/benchmark.h>
#include <httplib.h>

#include <memory>
#include <utility>

#include "benchmarks/rig.h"
#include "stage.h"

namespace service {
namespace {

void empty_handler(const Services&, const httplib::Request&, httplib::Response&) {}

}  // namespace

std::vector<Operation> operations() {
  auto rig = std::make_shared<Rig<>>();
  auto request = std::make_shared<const httplib::Request>(leftpad_request());
  const auto timed = timed_handler(rig->services, "leftpad", empty_handler);
  return {
      {"TimedHandler",
       [rig, request, timed] {
         httplib::Response response;
         timed(*request, response);
       }},
      {"LeftpadHandler",
       [rig, request] {
         httplib::Response response;
         leftpad_handler(rig->services, *request, response);
         benchmark::DoNotOptimize(response.body.data());
       }},
      {"Leftpad10", [] { benchmark::DoNotOptimize(leftpad("test", 10, "*").data()); }},
      {"Leftpad50", [] { benchmark::DoNotOptimize(leftpad("test", 50, "*").data()); }},
      {"StatsD",
       [rig, name = std::string("request.leftpad.timing")] { rig->statsd.timing(name, 0.125); }},
  };
}

}  // namespace service
