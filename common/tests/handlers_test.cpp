// The contract of the API: what a client gets for every kind of query, and which metrics are sent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "benchmarks/rig.h"
#include "stage.h"
#include "tests/support.h"

namespace service {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;

class LeftpadApi : public testing::Test {
 protected:
  httplib::Response get(httplib::Params params) {
    httplib::Request request = leftpad_request();
    request.params = std::move(params);
    return rig_.answer(request);
  }

  std::string error(httplib::Params params) {
    const httplib::Response response = get(std::move(params));
    EXPECT_EQ(response.status, 400);
    return nlohmann::json::parse(response.body).at("error");
  }

  std::string padded(httplib::Params params) {
    const httplib::Response response = get(std::move(params));
    EXPECT_EQ(response.status, -1) << response.body;  // cpp-httplib makes it 200
    return nlohmann::json::parse(response.body).at("str");
  }

  TempFile file_;
  Rig<RecordingTransport> rig_{file_.path(), {"ns", 1}, 1000};
};

TEST_F(LeftpadApi, AnswersJsonAndANewline) {
  EXPECT_EQ(get({{"str", "test"}, {"len", "10"}, {"chr", "*"}}).body, "{\"str\":\"******test\"}\n");
}

TEST_F(LeftpadApi, PadsWithASpaceUnlessToldOtherwise) {
  EXPECT_EQ(padded({{"str", "a"}, {"len", "3"}}), "  a");
  EXPECT_EQ(padded({{"str", "a"}, {"len", "3"}, {"chr", ""}}), "  a");
}

TEST_F(LeftpadApi, PadsTheEmptyStringWhenStrIsMissing) { EXPECT_EQ(padded({{"len", "2"}}), "  "); }

TEST_F(LeftpadApi, TakesTheFirstCodePointOfChr) {
  EXPECT_EQ(padded({{"str", "a"}, {"len", "3"}, {"chr", "→x"}}), "→→a");
}

TEST_F(LeftpadApi, LeavesStrAloneWhenLenIsNegativeOrSmall) {
  EXPECT_EQ(padded({{"str", "test"}, {"len", "-1"}}), "test");
  EXPECT_EQ(padded({{"str", "test"}, {"len", "-9223372036854775808"}}), "test");
  EXPECT_EQ(padded({{"str", "test"}, {"len", "-99999999999999999999"}}), "test");
  EXPECT_EQ(padded({{"str", "test"}, {"len", "0"}}), "test");
  EXPECT_EQ(padded({{"str", "test"}, {"len", "4"}}), "test");
}

TEST_F(LeftpadApi, TakesTheFirstOfARepeatedParameter) {
  EXPECT_EQ(padded({{"str", "a"}, {"str", "b"}, {"len", "1"}}), "a");
}

TEST_F(LeftpadApi, AcceptsTheLargestLen) {
  EXPECT_EQ(padded({{"str", "a"}, {"len", "1000"}}).size(), 1000u);
}

TEST_F(LeftpadApi, NamesWhatIsWrongWithLen) {
  const std::string rule = "; give a whole number of at most 1000, for example len=50";
  EXPECT_EQ(error({{"str", "a"}}), "len is missing" + rule);
  EXPECT_EQ(error({{"len", ""}}), "len is missing" + rule);
  EXPECT_EQ(error({{"len", "ten"}}), "len=\"ten\" is not an integer" + rule);
  EXPECT_EQ(error({{"len", "1.5"}}), "len=\"1.5\" is not an integer" + rule);
  EXPECT_EQ(error({{"len", " 5"}}), "len=\" 5\" is not an integer" + rule);
  EXPECT_EQ(error({{"len", "0x10"}}), "len=\"0x10\" is not an integer" + rule);
  EXPECT_EQ(error({{"len", "1001"}}), "len=\"1001\" is too large" + rule);
  EXPECT_EQ(error({{"len", "9223372036854775808"}}),
            "len=\"9223372036854775808\" is out of range" + rule);
}

TEST_F(LeftpadApi, EchoesABadLenAsValidAndShortJson) {
  EXPECT_THAT(error({{"len", "\xff\"\n"}}), HasSubstr("len=\"\uFFFD\"\n\" is not an integer"));
  EXPECT_THAT(error({{"len", std::string(5000, 'x')}}),
              HasSubstr("len=\"" + std::string(40, 'x') + "…\" is not"));
  EXPECT_THAT(error({{"len", std::string(40, 'x')}}),
              HasSubstr(std::string(40, 'x') + "\" is not"));
  EXPECT_THAT(error({{"len", std::string(39, 'x') + "😀"}}),
              HasSubstr("len=\"" + std::string(39, 'x') + "…\" is not"));
}

TEST_F(LeftpadApi, RefusesTextThatIsNotUtf8) {
  EXPECT_THAT(error({{"str", "\xc3"}, {"len", "5"}}), HasSubstr("str is not valid UTF-8"));
  EXPECT_THAT(error({{"chr", "a\x80"}, {"len", "5"}}), HasSubstr("chr is not valid UTF-8"));
  EXPECT_THAT(error({{"str", "\xed\xa0\x80"}, {"len", "5"}}), HasSubstr("str is not valid UTF-8"));
  EXPECT_THAT(error({{"str", "\xc0\xaf"}, {"len", "5"}}), HasSubstr("str is not valid UTF-8"));
}

TEST_F(LeftpadApi, AnswersValidJsonForEveryCharacter) {
  for (int c = 0; c < 0x80; ++c) {
    const std::string str(1, static_cast<char>(c));
    EXPECT_EQ(padded({{"str", str}, {"len", "2"}, {"chr", str}}), str + str) << c;
  }
  EXPECT_EQ(padded({{"str", "\u2028😀"}, {"len", "2"}}), "\u2028😀");
}

TEST_F(LeftpadApi, SendsThreeMetricsARequest) {
  get({{"str", "äb"}, {"len", "10"}});
  EXPECT_THAT(rig_.transport.packets(),
              ElementsAre("ns.request.str.len:2|h",
                          MatchesRegex("ns\\.request\\.leftpad\\.timing:[0-9.]+\\|ms"),
                          "ns.request.leftpad.count:1|c"));
}

// 10 ms or more: a wrong unit is a thousand times off, at least ten seconds or less than 10 ms.
TEST_F(LeftpadApi, ReportsTheTimeInItsUnits) {
  Logger logger(rig_.log, LogLevel::kDebug);
  const HandlerFunction sleeps = [](const Services&, const httplib::Request&, httplib::Response&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  };
  httplib::Response response;
  timed_handler({logger, rig_.statsd, 1000}, "slow", sleeps)({}, response);
  logger.flush();
  const auto number_behind = [](const std::string& text, const std::string& name) {
    const auto at = text.find(name);
    return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size()));
  };
  const double milliseconds = number_behind(rig_.transport.packets().at(0), "slow.timing:");
  EXPECT_GE(milliseconds, 10);
  EXPECT_LT(milliseconds, 10'000);
  const double microseconds = number_behind(file_.text(), "handler=\"slow\" elapsed_us=");
  EXPECT_GE(microseconds, 10'000);
  EXPECT_LT(microseconds, 10'000'000);
}

TEST_F(LeftpadApi, CountsRefusedRequestsToo) {
  get({});
  EXPECT_THAT(rig_.transport.packets(),
              ElementsAre(MatchesRegex("ns\\.request\\.leftpad\\.timing:[0-9.]+\\|ms"),
                          "ns.request.leftpad.count:1|c"));
}

TEST_F(LeftpadApi, LogsUrlAddressAndUserAgent) {
  get({{"len", "1"}});
  rig_.logger.flush();
  ASSERT_FALSE(file_.lines().empty());
  EXPECT_THAT(file_.lines()[0],
              HasSubstr("request url=\"/v1/leftpad/?str=test&len=50&chr=*\" ip=\"127.0.0.1\" "
                        "user_agent=\"ApacheBench/2.3\""));
}

}  // namespace
}  // namespace service
