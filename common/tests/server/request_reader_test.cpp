// The reader of requests, fed from a script instead of a socket.
#include "app/server/request_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

#include "scripted_source.h"

namespace service::testing {
namespace {

// `METHOD target {name: value, …}|body|keep`, as a handler would see it.
std::string seen(const RequestReader& reader) {
  const RequestHead& head = reader.head();
  std::string event = std::string(head.method) + " " + std::string(head.target) + " {";
  for (const Field& field : head.fields) {
    if (event.back() != '{') event += ", ";
    event.append(field.name).append(": ").append(field.value);
  }
  event.append("}|").append(reader.body());
  return event + (head.keep_alive ? "|keep" : "|close");
}

// All that a connection would see of `bytes`, one line per event.
std::vector<std::string> read_all(std::string bytes, std::size_t piece) {
  const ServerOptions limits;
  ScriptedSource source(std::move(bytes), piece);
  RequestReader reader(source, limits);
  std::vector<std::string> events;
  while (reader.next() && reader.read_body()) events.push_back(seen(reader));
  const int status = reader.rejection().status;
  events.push_back(status == 0 ? "closed" : std::to_string(status));
  return events;
}

const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string kGetSeen = "GET / {Host: a}||keep";
const std::string kPost = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n";
const std::string kPostSeen = "POST / {Host: a, Content-Length: 3}|abc|keep";

using Events = std::vector<std::string>;

TEST(RequestReader, GivesPipelinedRequestsInOrder) {
  EXPECT_EQ(read_all(kGet + kPost + "abc" + kGet, 4096),
            (Events{kGetSeen, kPostSeen, kGetSeen, "closed"}));
}

TEST(RequestReader, SeesTheSameHoweverTheBytesAreCut) {
  const std::string bytes = kPost + "abc" + "\r\n" + kGet + kPost + "abc" + kGet;
  const Events whole = read_all(bytes, bytes.size());
  ASSERT_EQ(whole.size(), 5U);
  for (std::size_t piece = 1; piece < 80; ++piece) {
    EXPECT_EQ(read_all(bytes, piece), whole) << piece;
  }
}

TEST(RequestReader, LeavesTheBodyOfAGetOutOfTheNextRequest) {
  EXPECT_EQ(read_all("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nDELET" + kGet, 4096),
            (Events{"GET / {Host: a, Content-Length: 5}|DELET|keep", kGetSeen, "closed"}));
}

TEST(RequestReader, HonoursConnectionInAnyCaseAndInLists) {
  const auto last = [](const std::string& version, const std::string& connection) {
    const Events events =
        read_all("GET / " + version + "\r\nHost: a\r\n" + connection + "\r\n", 4096);
    return events.front().substr(events.front().rfind('|') + 1);
  };
  EXPECT_EQ(last("HTTP/1.1", ""), "keep");
  EXPECT_EQ(last("HTTP/1.1", "Connection: Close\r\n"), "close");
  EXPECT_EQ(last("HTTP/1.1", "Connection: TE, close\r\n"), "close");
  EXPECT_EQ(last("HTTP/1.0", ""), "close");
  EXPECT_EQ(last("HTTP/1.0", "Connection: keep-alive\r\n"), "keep");
  EXPECT_EQ(last("HTTP/1.0", "Connection: Keep-Alive\r\n"), "keep");
}

TEST(RequestReader, LeavesOutWhatNoHandlerMayTrust) {
  EXPECT_EQ(read_all("GET http://a:80/p?x=? HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1\r\n"
                     "remote_addr: 9.9.9.9\r\nLocal_Port: 1\r\nX: y\r\n\r\n",
                     4096)
                .front(),
            "GET /p?x=? {Host: a, X: y}||keep");
}

TEST(RequestReader, TakesHigherMinorVersionsAsTheHighestKnown) {
  EXPECT_EQ(read_all("GET / HTTP/1.2\r\nHost: a\r\n\r\n", 4096).front(), kGetSeen);
  EXPECT_EQ(read_all("GET / HTTP/1.2\r\n\r\n", 4096).front(), "400");  // as HTTP/1.1: no Host
}

TEST(RequestReader, IgnoresAnExpectationOfHttp10) {
  EXPECT_EQ(
      read_all("POST / HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc", 4096)
          .front(),
      "POST / {Content-Length: 3}|abc|close");
}

TEST(RequestReader, SaysTheLimitsOfItsOptions) {
  ServerOptions limits;
  limits.max_request_line_bytes = 100;
  limits.max_path_bytes = 20;
  limits.max_header_line_bytes = 30;
  limits.max_header_fields = 3;
  limits.max_head_bytes = 150;
  limits.max_body_bytes = 7;
  const auto reason = [&](const std::string& bytes) {
    ScriptedSource source(bytes, 4096);
    RequestReader reader(source, limits);
    return reader.next() ? "" : reader.rejection().message;
  };
  const auto with = [](const std::string& fields) {
    return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
  };
  EXPECT_EQ(reason("GET /?" + std::string(100, 'q')), "request line too long: at most 100 bytes");
  EXPECT_EQ(reason("GET /" + std::string(20, 'p') + " HTTP/1.1\r\nHost: a\r\n\r\n"),
            "request path too long: at most 20 bytes");
  EXPECT_EQ(reason(with("X: " + std::string(30, 'x') + "\r\n")),
            "header field too long: at most 30 bytes");
  EXPECT_EQ(reason(with("A: b\r\nA: b\r\nA: b\r\n")), "more than 3 header fields");
  std::string wide;
  for (int i = 0; i < 6; ++i) wide += "X: 0123456789012345678\r\n";
  EXPECT_EQ(reason(with(wide)), "request head too long: at most 150 bytes");
  EXPECT_EQ(reason(with("Content-Length: 8\r\n")), "request body too large: send at most 7 bytes");
  EXPECT_EQ(reason(with("Content-Length: 7\r\n")), "");
}

TEST(RequestReader, AnswersARequestThatTakesTooLong) {
  const ServerOptions limits;
  for (const std::string& start : {std::string("G"), kGet.substr(0, 20), kPost, kPost + "ab"}) {
    ScriptedSource source(start, 4096, ByteSource::Status::kTimeout);
    RequestReader reader(source, limits);
    ASSERT_FALSE(reader.next() && reader.read_body()) << start;
    EXPECT_EQ(reader.rejection().status, 408);
  }
}

// How many reads in a row had the same deadline.
std::vector<int> runs(const std::vector<ByteSource::Deadline>& deadlines) {
  std::vector<int> lengths;
  for (std::size_t i = 0; i < deadlines.size(); ++i) {
    if (i == 0 || deadlines[i] != deadlines[i - 1]) lengths.push_back(0);
    ++lengths.back();
  }
  return lengths;
}

// A client that sends a byte now and then (slow loris) must not get more time with each.
TEST(RequestReader, GivesAllReadsOfARequestOneDeadline) {
  const ServerOptions limits;
  for (const std::string& request : {kGet, kPost + "abc"}) {
    ScriptedSource source(request + request, 1);
    RequestReader reader(source, limits);
    ASSERT_TRUE(reader.next() && reader.read_body());
    ASSERT_TRUE(reader.next() && reader.read_body());
    const int reads = static_cast<int>(request.size()) - 1;  // after the first byte
    EXPECT_EQ(runs(source.deadlines()), (std::vector<int>{reads, reads}));
  }
}

TEST(RequestReader, StartsTheTimeOfARequestAfterABlankLine) {
  const ServerOptions limits;
  ScriptedSource source("\r\n" + kGet, 1);
  RequestReader reader(source, limits);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(runs(source.deadlines()), (std::vector<int>{1, static_cast<int>(kGet.size()) - 1}));
}

TEST(RequestReader, TakesMemoryForWhatArrivedNotForWhatWasAnnounced) {
  ServerOptions limits;
  limits.max_body_bytes = std::size_t{1} << 40;
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999\r\n\r\n";
  constexpr std::size_t kPiece = 1000;
  ScriptedSource source(head + std::string(50 * kPiece, 'b'), kPiece);
  RequestReader reader(source, limits);
  ASSERT_TRUE(reader.next());
  EXPECT_FALSE(reader.read_body());
  ASSERT_GT(source.sizes().size(), 50U);
  for (std::size_t i = 0; i < source.sizes().size(); ++i) {
    EXPECT_LE(source.sizes()[i], std::max<std::size_t>(4096, (i + 1) * kPiece)) << i;
  }
}

TEST(RequestReader, ClosesSilentlyWhenNothingArrives) {
  const ServerOptions limits;
  for (const std::string start : {"", "\r\n"}) {
    ScriptedSource source(start, 4096, ByteSource::Status::kTimeout);
    RequestReader reader(source, limits);
    EXPECT_FALSE(reader.next());
    EXPECT_EQ(reader.rejection().status, 0);
  }
}

TEST(RequestReader, BoundsEveryPartOfARequest) {
  const std::string start = "GET /" + std::string(1024, 'p') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(read_all(start, 4096).front(), "414");
  // Also without an end of line: the limit must not wait for it.
  EXPECT_EQ(read_all("GET /?" + std::string(9000, 'q'), 4096).front(), "414");
  const std::string line = "GET / HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(read_all(line + "X: " + std::string(9000, 'v'), 4096).front(), "431");
  std::string fields = line;
  for (int i = 0; i < 101; ++i) fields += "X: y\r\n";
  EXPECT_EQ(read_all(fields + "\r\n", 4096).front(), "431");
  std::string wide = line;
  for (int i = 0; i < 5; ++i) wide += "X: " + std::string(8000, 'v') + "\r\n";
  EXPECT_EQ(read_all(wide + "\r\n", 4096).front(), "431");
  EXPECT_EQ(read_all("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8193\r\n\r\n", 4096).front(),
            "413");
}

TEST(RequestReader, TakesRequestsAtTheLimits) {
  const std::string query = "GET /?" + std::string(8190 - 15, 'q') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  ASSERT_EQ(query.find('\r'), 8190U);
  EXPECT_EQ(read_all(query, 4096).front(),
            "GET /?" + std::string(8190 - 15, 'q') + " {Host: a}||keep");
  const std::string path = "GET /" + std::string(1023, 'p') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(read_all(path, 4096).front(), "GET /" + std::string(1023, 'p') + " {Host: a}||keep");
}

struct Case {
  const char* name;
  std::string bytes;
  int status;
};

void PrintTo(const Case& param, std::ostream* out) { *out << param.name; }

class Refused : public ::testing::TestWithParam<Case> {};

TEST_P(Refused, WithItsStatus) {
  const Case& param = GetParam();
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{4096}}) {
    EXPECT_EQ(read_all(param.bytes, piece).front(), std::to_string(param.status)) << piece;
  }
}

std::string with(const std::string& fields) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n\r\n";
}

INSTANTIATE_TEST_SUITE_P(
    RequestReader, Refused,
    ::testing::Values(
        Case{"TwoLengths", with("Content-Length: 1\r\nContent-Length: 2") + "ab", 400},
        Case{"TwoEqualLengths", with("Content-Length: 1\r\nContent-Length: 1") + "a", 400},
        Case{"LengthList", with("Content-Length: 1, 1") + "a", 400},
        Case{"LengthWithSign", with("Content-Length: +1") + "a", 400},
        Case{"NegativeLength", with("Content-Length: -1") + "a", 400},
        Case{"HexLength", with("Content-Length: 0x1") + "a", 400},
        Case{"LengthWithSpace", with("Content-Length: 1 1") + "a", 400},
        Case{"EmptyLength", with("Content-Length:"), 400},
        Case{"PercentEncodedLength", with("Content-Length: %31") + "a", 400},
        Case{"HugeLength", with("Content-Length: 99999999999999999999999999"), 413},
        Case{"LengthAndChunked", with("Content-Length: 3\r\nTransfer-Encoding: chunked"), 411},
        Case{"ChunkedAndLength", with("Transfer-Encoding: chunked\r\nContent-Length: 3"), 411},
        Case{"Chunked", with("Transfer-Encoding: chunked") + "3\r\nabc\r\n0\r\n\r\n", 411},
        Case{"UnknownCoding", with("Transfer-Encoding: xchunked"), 411},
        Case{"CodingList", with("Transfer-Encoding: gzip, chunked"), 411},
        Case{"SpaceBeforeColon", with("Transfer-Encoding : chunked"), 400},
        Case{"FoldedLine", with("X: a\r\n Content-Length: 5"), 400},
        Case{"FoldedFirstLine", with(" X: a"), 400},
        Case{"TabFoldedLine", with("X: a\r\n\tb"), 400},
        Case{"NulInName", with(std::string("X\0Y: a", 6)), 400},
        Case{"NulInValue", with(std::string("X: a\0b", 6)), 400},
        Case{"BareCarriageReturn", with("X: a\rContent-Length: 5"), 400},
        Case{"NoColon", with("Just words"), 400}, Case{"EmptyName", with(": a"), 400},
        Case{"NoHost", "GET / HTTP/1.1\r\n\r\n", 400},
        Case{"TwoHosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        Case{"BadHost", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
        Case{"LineFeedOnly", "GET / HTTP/1.1\nHost: a\n\n", 400},
        Case{"LineFeedInside", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", 400},
        Case{"LineFeedFirst", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Case{"BlankLines", "\r\n\r\n", 400},
        Case{"TwoSpaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Case{"TabInLine", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Case{"SpaceAtEnd", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
        Case{"NoVersion", "GET /\r\n\r\n", 400}, Case{"NoTarget", "GET HTTP/1.1\r\n\r\n", 400},
        Case{"Version2", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
        Case{"Preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
        Case{"LowercaseVersion", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
        Case{"BadMethod", "G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Case{"RelativeTarget", "GET index HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Case{"OtherScheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Case{"NoAuthority", "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Case{"Fragment", "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Case{"ControlInTarget", "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Case{"ChunkedHttp10", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 411},
        Case{"UnknownExpectation", with("Expect: magic"), 417},
        Case{"Expectation", with("Expect: 100-continue\r\nContent-Length: 1"), 417},
        Case{"AsteriskOfAGet", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Case{"EncodedSeparator", "GET /v1%2Fleftpad/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Case{"EncodedBackslash", "GET /v1%5cleftpad/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Case{"EncodedWithoutNeed", "GET /%76%31/leftpad/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Case{"EncodedDots", "GET /a/%2e%2E/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Case{"EncodedControl", "GET /a%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Case{"HalfEncoded", "GET /a%e HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Case{"WronglyEncoded", "GET /a%u0041 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Case{"CompressedBody", with("Content-Encoding: gzip\r\nContent-Length: 1") + "a", 415},
        Case{"MultipartForm",
             with("Content-Type: Multipart/Form-Data; boundary=x\r\nContent-Length: 1") + "a", 415},
        // cpp-httplib takes the first of two fields.
        Case{
            "CompressedBodySaidToBePlain",
            with("Content-Encoding: gzip\r\nContent-Encoding: identity\r\nContent-Length: 1") + "a",
            415},
        Case{"MultipartFormSaidToBeText",
             with("Content-Type: multipart/form-data; boundary=x\r\nContent-Type: text/plain\r\n"
                  "Content-Length: 1") +
                 "a",
             415},
        Case{"EndInHead", "GET / HTTP/1.1\r\nHost:", 400},
        Case{"EndInBody", with("Content-Length: 5") + "abc", 400}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace service::testing
