// The reader of requests, fed from a script instead of a socket.
#include "app/server/request_reader.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "scripted_source.h"

namespace service::testing {
namespace {

// All that a connection would see of `bytes`, one line per event.
std::vector<std::string> read_all(std::string bytes, std::size_t piece) {
  const ServerOptions limits;
  ScriptedSource source(std::move(bytes), piece);
  RequestReader reader(source, limits);
  std::vector<std::string> events;
  while (true) {
    switch (reader.next()) {
      case RequestReader::Status::kRequest:
        events.push_back(std::string(reader.head()) + "|" + std::string(reader.body()) +
                         (reader.keep_alive() ? "|keep" : "|close"));
        break;
      case RequestReader::Status::kRejected:
        events.push_back(std::to_string(reader.rejection().status));
        return events;
      case RequestReader::Status::kClosed:
        events.emplace_back("closed");
        return events;
    }
  }
}

const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string kPost = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n";
const std::string kChunked =
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n";

using Events = std::vector<std::string>;

TEST(RequestReader, GivesPipelinedRequestsInOrder) {
  EXPECT_EQ(read_all(kGet + kPost + "abc" + kGet, 4096),
            (Events{kGet + "||keep", kPost + "|abc|keep", kGet + "||keep", "closed"}));
}

TEST(RequestReader, DecodesChunkedBodiesAndGivesTheirLength) {
  EXPECT_EQ(
      read_all(kChunked + "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nT: z\r\n\r\n" + kGet, 4096),
      (Events{"POST / HTTP/1.1\r\nHost: a\r\nX: y\r\nContent-Length: 13\r\n\r\n"
              "|abc0123456789|keep",
              kGet + "||keep", "closed"}));
}

TEST(RequestReader, SeesTheSameHoweverTheBytesAreCut) {
  const std::string bytes =
      kPost + "abc" + "\r\n" + kGet + kChunked + "2\r\nab\r\n0\r\n\r\n" + kGet;
  const Events whole = read_all(bytes, bytes.size());
  ASSERT_EQ(whole.size(), 5U);
  for (std::size_t piece = 1; piece < 80; ++piece) {
    EXPECT_EQ(read_all(bytes, piece), whole) << piece;
  }
}

TEST(RequestReader, LeavesTheBodyOfAGetOutOfTheNextRequest) {
  const std::string get_with_body = "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
  EXPECT_EQ(read_all(get_with_body + "DELET" + kGet, 4096),
            (Events{get_with_body + "|DELET|keep", kGet + "||keep", "closed"}));
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

TEST(RequestReader, HidesWhatTheLibraryWouldMisread) {
  EXPECT_EQ(read_all("GET http://a:80/p?x=? HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1\r\n"
                     "remote_addr: 9.9.9.9\r\nX: y\r\n\r\n",
                     4096)
                .front(),
            "GET /p?x=%3F HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n||keep");
}

TEST(RequestReader, KeepsAnEqualsSignInAValue) {
  const auto line = [](const std::string& target) {
    const std::string head = read_all("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n", 4096)[0];
    return head.substr(4, head.find(" HTTP") - 4);
  };
  EXPECT_EQ(line("/=?a=b&c=d&e&&f="), "/=?a=b&c=d&e&&f=");
  EXPECT_EQ(line("/?a=b=c&d==&e=f"), "/?a=b%3Dc&d=%3D&e=f");
  EXPECT_EQ(line("/?=a&==&b=c?="), "/?%3Da&%3D=&b=c%3F%3D");
  EXPECT_EQ(line("/?"), "/?");
}

TEST(RequestReader, KeepsFieldValuesFromBeingDecoded) {
  EXPECT_EQ(read_all("GET /%41 HTTP/1.1\r\nHost: a\r\nUser-Agent: a%00b%0d\r\n\r\n", 4096).front(),
            "GET /%41 HTTP/1.1\r\nHost: a\r\nUser-Agent: a%2500b%250d\r\n\r\n||keep");
}

TEST(RequestReader, AsksForTheBodyOfAClientThatExpectsIt) {
  const ServerOptions limits;
  const std::string head =
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
  ScriptedSource source(head + "abc", head.size());
  RequestReader reader(source, limits);
  ASSERT_EQ(reader.next(), RequestReader::Status::kRequest);
  EXPECT_EQ(source.continues_sent(), 1);
  EXPECT_EQ(reader.body(), "abc");
  EXPECT_EQ(reader.head(), kPost);
}

TEST(RequestReader, SendsNoContinueToHttp10) {
  const ServerOptions limits;
  const std::string head = "POST / HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
  ScriptedSource source(head + "abc", head.size());
  RequestReader reader(source, limits);
  ASSERT_EQ(reader.next(), RequestReader::Status::kRequest);
  EXPECT_EQ(source.continues_sent(), 0);
  EXPECT_EQ(reader.body(), "abc");
}

TEST(RequestReader, AnswersARequestThatTakesTooLong) {
  const ServerOptions limits;
  for (const std::string& start :
       {std::string("G"), kGet.substr(0, 20), kPost, kChunked + "5\r\nab"}) {
    ScriptedSource source(start, 4096, ByteSource::Status::kTimeout);
    RequestReader reader(source, limits);
    ASSERT_EQ(reader.next(), RequestReader::Status::kRejected) << start;
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
  const std::string chunked = kChunked + "5\r\nabcde\r\n0\r\n\r\n";
  for (const std::string& request : {kGet, kPost + "abc", chunked}) {
    ScriptedSource source(request + request, 1);
    RequestReader reader(source, limits);
    ASSERT_EQ(reader.next(), RequestReader::Status::kRequest);
    ASSERT_EQ(reader.next(), RequestReader::Status::kRequest);
    const int reads = static_cast<int>(request.size()) - 1;  // after the first byte
    EXPECT_EQ(runs(source.deadlines()), (std::vector<int>{reads, reads}));
  }
}

TEST(RequestReader, StartsTheTimeOfARequestAfterABlankLine) {
  const ServerOptions limits;
  ScriptedSource source("\r\n" + kGet, 1);
  RequestReader reader(source, limits);
  ASSERT_EQ(reader.next(), RequestReader::Status::kRequest);
  EXPECT_EQ(runs(source.deadlines()), (std::vector<int>{1, static_cast<int>(kGet.size()) - 1}));
}

TEST(RequestReader, ClosesSilentlyWhenNothingArrives) {
  const ServerOptions limits;
  for (const std::string start : {"", "\r\n"}) {
    ScriptedSource source(start, 4096, ByteSource::Status::kTimeout);
    RequestReader reader(source, limits);
    EXPECT_EQ(reader.next(), RequestReader::Status::kClosed);
  }
}

TEST(RequestReader, BoundsEveryPartOfARequest) {
  const std::string start = "GET /" + std::string(1024, 'p') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(read_all(start, 4096).front(), "414");
  // Without an end of line, too: the limit must not wait for it.
  EXPECT_EQ(read_all("GET /?" + std::string(9000, 'q'), 4096).front(), "414");
  const std::string line = "GET / HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(read_all(line + "X: " + std::string(9000, 'v'), 4096).front(), "431");
  std::string fields = line;
  for (int i = 0; i < 101; ++i) fields += "X: y\r\n";
  EXPECT_EQ(read_all(fields + "\r\n", 4096).front(), "431");
  std::string wide = line;
  for (int i = 0; i < 5; ++i) wide += "X: " + std::string(8000, 'v') + "\r\n";
  EXPECT_EQ(read_all(wide + "\r\n", 4096).front(), "431");
  EXPECT_EQ(read_all("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n", 4096).front(),
            "413");
  EXPECT_EQ(read_all(kChunked + "100001\r\n", 4096).front(), "413");
}

TEST(RequestReader, TakesRequestsAtTheLimits) {
  const std::string query = "GET /?" + std::string(8190 - 15, 'q') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  ASSERT_EQ(query.find('\r'), 8190U);
  EXPECT_EQ(read_all(query, 4096).front(), query + "||keep");
  const std::string path = "GET /" + std::string(1023, 'p') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(read_all(path, 4096).front(), path + "||keep");
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
        Case{"LengthAndChunked", with("Content-Length: 3\r\nTransfer-Encoding: chunked"), 400},
        Case{"ChunkedAndLength", with("Transfer-Encoding: chunked\r\nContent-Length: 3"), 400},
        Case{"ChunkedTwice", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 400},
        Case{"UnknownCoding", with("Transfer-Encoding: xchunked"), 501},
        Case{"CodingList", with("Transfer-Encoding: gzip, chunked"), 501},
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
        Case{"ChunkedHttp10", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        Case{"UnknownExpectation", with("Expect: magic"), 417},
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
        Case{"ChunkSizeWithPrefix", kChunked + "0x3\r\nabc\r\n0\r\n\r\n", 400},
        Case{"ChunkSizeWithSign", kChunked + "+3\r\nabc\r\n0\r\n\r\n", 400},
        Case{"NegativeChunkSize", kChunked + "-3\r\nabc\r\n0\r\n\r\n", 400},
        Case{"ChunkSizeWithSpace", kChunked + " 3\r\nabc\r\n0\r\n\r\n", 400},
        Case{"ChunkSizeWithSpaceAfter", kChunked + "3 \r\nabc\r\n0\r\n\r\n", 400},
        Case{"EmptyChunkSize", kChunked + "\r\nabc\r\n0\r\n\r\n", 400},
        Case{"HugeChunkSize", kChunked + "fffffffffffffffff\r\n", 413},
        Case{"ChunkTooLong", kChunked + "3\r\nabcd\r\n0\r\n\r\n", 400},
        Case{"ChunkTooShort", kChunked + "5\r\nabc\r\n0\r\n\r\n", 400},
        Case{"ChunkLineFeedOnly", kChunked + "3\nabc\n0\n\n", 400},
        Case{"LongChunkExtension", kChunked + "3;" + std::string(300, 'x') + "\r\nabc\r\n", 400},
        Case{"NulInChunkExtension", kChunked + std::string("3;\0\r\nabc\r\n0\r\n\r\n", 15), 400},
        Case{"BadTrailer", kChunked + "0\r\nbad trailer\r\n\r\n", 400},
        Case{"EndInHead", "GET / HTTP/1.1\r\nHost:", 400},
        Case{"EndInBody", with("Content-Length: 5") + "abc", 400}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace service::testing
