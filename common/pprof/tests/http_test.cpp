// The endpoints over real HTTP, on a server of the test's own.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "gunzip.h"
#include "heap/heap.h"
#include "http/query.h"
#include "http/symbol.h"
#include "http_fixture.h"
#include "pprof/httplib.h"
#include "sanitizers.h"
#include "symbolize/symbolizer.h"

namespace pprof {
namespace {

// Without pprof::heap, as under sanitizers, there are no heap profiles.
std::vector<std::string> snapshots() {
  std::vector<std::string> names = {"block", "goroutine", "mutex", "threads"};
  if (internal::heap_available()) names.insert(names.end(), {"allocs", "heap"});
  return names;
}

int status_with(const MountedServer& server, const httplib::Headers& headers) {
  const httplib::Result result = server.client()->Get("/debug/pprof/cmdline", headers);
  return result ? result->status : 0;
}

std::string repeated(const std::string& address, int count) {
  std::string addresses = address;
  for (int i = 1; i < count; ++i) addresses += "+" + address;
  return addresses;
}

constexpr char kForm[] =
    "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n0x1\r\n--x--\r\n";
constexpr char kFormType[] = "multipart/form-data; boundary=x";

// While it lives, this process can open no file: standard input has the only number that is
// allowed.
class NoDescriptors {
 public:
  NoDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit one{1, before_.rlim_max};  // with none, poll() refuses to work
    setrlimit(RLIMIT_NOFILE, &one);
  }
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
};

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

}  // namespace

TEST(Mount, RefusesAnUnusablePrefix) {
  for (const char* prefix : {"", "debug", "/debug/", "/"}) {
    httplib::Server server;
    EXPECT_THROW(mount(server, {.prefix = prefix}), std::invalid_argument) << prefix;
  }
}

TEST(Mount, RefusesAnUnusableMaxDuration) {
  for (const auto duration : {std::chrono::seconds(0), std::chrono::seconds::max()}) {
    httplib::Server server;
    EXPECT_THROW(mount(server, {.max_duration = duration}), std::invalid_argument);
  }
}

TEST(Mount, RefusesHostsThatAreNoNames) {
  for (const char* host : {"", "http://a", "a:80", "[::1]", "a b"}) {
    httplib::Server server;
    EXPECT_THROW(mount(server, {.hosts = {host}}), std::invalid_argument) << host;
  }
}

TEST(Mount, WorksUnderAnotherPrefix) {
  const MountedServer server({.prefix = "/in(ternal)/pprof"});
  EXPECT_EQ(server.get("/in(ternal)/pprof/cmdline").status, 200);
  EXPECT_EQ(server.get("/debug/pprof/cmdline").status, 404);
  const std::string index = server.get("/in(ternal)/pprof/").body;
  EXPECT_NE(index.find("http://127.0.0.1:" + std::to_string(server.port()) +
                       "/in(ternal)/pprof/profile<"),
            std::string::npos)
      << index;
}

TEST_F(Http, IndexListsEveryProfileWithVersionAndPid) {
  const MountedServer server({.version = "test <1.2>"});
  const httplib::Response index = server.get("/debug/pprof/");
  EXPECT_EQ(index.get_header_value("Content-Type"), "text/html; charset=utf-8");
  std::vector<std::string> names = snapshots();
  names.insert(names.end(), {"cmdline", "profile", "symbol", "trace", "wall"});
  for (const std::string& name : names) {
    EXPECT_NE(index.body.find(">" + name + "</a>"), std::string::npos) << name;
  }
  EXPECT_NE(index.body.find("test &lt;1.2&gt;"), std::string::npos);
  EXPECT_NE(index.body.find("process " + std::to_string(getpid())), std::string::npos);
}

TEST_F(Http, PrefixWithoutSlashLeadsToTheIndex) {
  const httplib::Response response = server_.get("/debug/pprof?token=x");
  EXPECT_EQ(response.status, 301);
  EXPECT_EQ(response.get_header_value("Location"), "/debug/pprof/?token=x");
}

TEST_F(Http, UnknownProfileIs404) {
  expect_error(server_.get("/debug/pprof/nope"), 404, "unknown profile \"nope\"");
}

TEST_F(Http, UnusableSecondsAre400WithTheRule) {
  for (const char* value : {"abc", "-1", "301", "1e9", " ", "5s", "nan", "inf", "0.0"}) {
    expect_error(server_.get("/debug/pprof/profile?seconds=" + std::string(value)), 400,
                 "above 0 and at most 300");
  }
  expect_error(server_.get("/debug/pprof/block?seconds=0"), 400, "above 0 and at most 300");
  expect_error(server_.get("/debug/pprof/block?seconds=x"), 400, "above 0 and at most 300");
  expect_error(server_.get("/debug/pprof/threads?debug=3"), 400, "0 (profile.proto), 1 or 2");
  expect_error(server_.get("/debug/pprof/threads?debug=2&seconds=0.1"), 400, "give debug=1");
  expect_error(server_.get("/debug/pprof/threads?symbolize=fast"), 400, "give none, or leave");
}

TEST_F(Http, LongestCaptureIsAnOption) {
  const MountedServer server({.max_duration = std::chrono::seconds(2)});
  expect_error(server.get("/debug/pprof/profile?seconds=3"), 400, "at most 2");
}

TEST(Query, NoSecondsAreTheDefaultAsInGo) {
  using std::chrono::seconds;
  const auto parsed = [](const std::optional<std::string>& value, seconds most,
                         std::optional<seconds> by_default) {
    const std::string query = value ? "seconds=" + *value : "";
    return internal::parse_query(query, most, by_default).value().duration;
  };
  for (const std::optional<std::string> value : {std::optional<std::string>(), {""}, {"0"}}) {
    EXPECT_EQ(parsed(value, seconds(300), seconds(30)), seconds(30)) << value.value_or("none");
    EXPECT_EQ(parsed(value, seconds(2), seconds(30)), seconds(2)) << value.value_or("none");
  }
  EXPECT_EQ(parsed("7", seconds(300), seconds(30)), seconds(7));
  EXPECT_EQ(parsed("", seconds(300), std::nullopt), std::nullopt);
}

TEST_F(Http, WrongMethodIs405WithAllow) {
  const auto client = server_.client();
  const httplib::Result put = client->Put("/debug/pprof/profile", "x", "text/plain");
  ASSERT_TRUE(put);
  expect_error(*put, 405, "use GET");
  EXPECT_EQ(put->get_header_value("Allow"), "GET, HEAD");
  const httplib::Result remove = client->Delete("/debug/pprof/symbol");
  ASSERT_TRUE(remove);
  EXPECT_EQ(remove->get_header_value("Allow"), "GET, HEAD, POST");
}

TEST_F(Http, SaysWhyItCannotListTheThreads) {
  if (!testing::kHasHeap) GTEST_SKIP() << "the sanitizers' own checks need descriptors";
  for (const std::string path : {"threads", "goroutine", "threads?debug=2", ""}) {
    const auto client = server_.client();
    client->set_keep_alive(true);
    ASSERT_TRUE(client->Get("/debug/pprof/cmdline"));
    const NoDescriptors none;
    const httplib::Result result = client->Get("/debug/pprof/" + path);
    ASSERT_TRUE(result) << path;
    expect_error(*result, 500, "free descriptor (ulimit -n): Too many open files");
    EXPECT_FALSE(result->has_header("Content-Disposition")) << path;
  }
}

TEST_F(Http, PostIsRefusedWhateverItsBody) {
  const auto client = server_.client();
  const httplib::Result forms = client->Post("/debug/pprof/profile", kForm, kFormType);
  ASSERT_TRUE(forms);
  expect_error(*forms, 405, "use GET");
  const httplib::Result empty = client->Post("/debug/pprof/profile");
  ASSERT_TRUE(empty);
  expect_error(*empty, 405, "use GET");
}

TEST_F(Http, SymbolRefusesAFormAndTakesNoBodyForNoAddresses) {
  const httplib::Result forms = server_.client()->Post("/debug/pprof/symbol", kForm, kFormType);
  ASSERT_TRUE(forms);
  expect_error(*forms, 400, "send the addresses alone");
  const std::string command =
      "curl -s -m 3 -X POST http://127.0.0.1:" + std::to_string(server_.port()) +
      "/debug/pprof/symbol";
  FILE* pipe = popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string reply(100, '\0');
  reply.resize(fread(reply.data(), 1, reply.size(), pipe));
  pclose(pipe);
  EXPECT_EQ(reply, "num_symbols: 1\n");
}

TEST_F(Http, TokenIsDemandedEverywhere) {
  const MountedServer server({.token = "secret"});
  for (const char* path : {"", "profile?seconds=1", "nope", "symbol", "heap?token=wrong"}) {
    expect_error(server.get("/debug/pprof/" + std::string(path)), 401, "token");
  }
}

TEST_F(Http, TokenIsTakenFromHeaderOrQuery) {
  const MountedServer server({.token = "a&b"});
  const httplib::Result header =
      server.client()->Get("/debug/pprof/cmdline", {{"Authorization", "Bearer a&b"}});
  ASSERT_TRUE(header);
  EXPECT_EQ(header->status, 200);
  const httplib::Response index = server.get("/debug/pprof/?token=a%26b");
  EXPECT_EQ(index.status, 200);
  EXPECT_NE(index.body.find("href=\"mutex?token=a%26b\""), std::string::npos);
  EXPECT_NE(index.body.find("/profile?token=a%26b'</code>"), std::string::npos) << index.body;
}

TEST_F(Http, TheCommandOfTheIndexIsOneWordForAShell) {
  const MountedServer server({.token = "it's"});
  const auto index = server.client()->Get("/debug/pprof/?token=it's", {{"Host", "a'$(id)"}});
  ASSERT_TRUE(index);
  EXPECT_NE(index->body.find("pprof 'http://a%27$(id)/debug/pprof/profile?token=it%27s'</code>"),
            std::string::npos)
      << index->body;
}

TEST_F(Http, TheSchemeOfATokenHasAnyCase) {
  const MountedServer server({.token = "secret"});
  for (const char* sent : {"bearer secret", "BEARER secret", "Bearer  secret"}) {
    EXPECT_EQ(status_with(server, {{"Authorization", sent}}), 200) << sent;
  }
  for (const char* sent : {"secret", "Basic secret", "Bearersecret", "Bearer", "Bearer Secret"}) {
    EXPECT_EQ(status_with(server, {{"Authorization", sent}}), 401) << sent;
  }
}

TEST_F(Http, AnswersOnlyToItsOwnNames) {
  for (const char* host : {"localhost", "LocalHost:6060", "localhost:", "127.0.0.1", "127.9.8.7:80",
                           "[::1]", "[::1]:1", "[::ffff:127.0.0.1]:80"}) {
    EXPECT_EQ(status_with(server_, {{"Host", host}}), 200) << host;
  }
  for (const char* host :
       {"evil.test", "evil.test:6060", "", ":6060", "localhost.evil.test", "127.0.0.1.evil.test",
        "localhost:80@evil.test", "128.0.0.1", "0.0.0.0", "[::2]", "[::1]evil", "[::1"}) {
    EXPECT_EQ(status_with(server_, {{"Host", host}}), 403) << host;
  }
  EXPECT_EQ(status_with(server_, {{"Host", "localhost"}, {"Host", "evil.test"}}), 403);
  const httplib::Headers evil = {{"Host", "e\x9bvil.test"}};
  for (const char* path : {"", "profile?seconds=1", "nope", "symbol", "cmdline"}) {
    const auto result = server_.client()->Get("/debug/pprof/" + std::string(path), evil);
    ASSERT_TRUE(result);
    expect_error(*result, 403, "host \"e?vil.test\" is not known here: ask localhost");
    EXPECT_FALSE(result->has_header("WWW-Authenticate"));
  }
}

TEST_F(Http, OtherNamesAreAnOption) {
  const MountedServer server(
      {.hosts = {"Box.example", "10.0.0.5", "::2"}, .hosts_remedy = "add it to the list"});
  for (const char* host : {"box.EXAMPLE:6060", "10.0.0.5:1", "[::2]:1", "localhost"}) {
    EXPECT_EQ(status_with(server, {{"Host", host}}), 200) << host;
  }
  const auto refused = server.client()->Get("/debug/pprof/cmdline", {{"Host", "example"}});
  ASSERT_TRUE(refused);
  expect_error(*refused, 403, "add it to the list");
}

TEST_F(Http, PagesOfOtherSitesAreRefused) {
  const std::string own = "127.0.0.1:" + std::to_string(server_.port());
  EXPECT_EQ(status_with(server_, {{"Sec-Fetch-Site", "cross-site"}}), 403);
  for (const char* site : {"none", "same-origin", "same-site"}) {
    EXPECT_EQ(status_with(server_, {{"Sec-Fetch-Site", site}}), 200) << site;
  }
  EXPECT_EQ(status_with(server_, {{"Origin", "http://" + own}}), 200);
  // A proxy that ends TLS and asks under a name of its own.
  EXPECT_EQ(
      status_with(server_, {{"Origin", "https://box.example"}, {"Sec-Fetch-Site", "same-origin"}}),
      200);
  for (const std::string origin :
       {std::string("http://evil.test"), std::string("null"), std::string("http://127.0.0.1:1"),
        "file://" + own, "http://" + own + ".evil.test"}) {
    EXPECT_EQ(status_with(server_, {{"Origin", origin}}), 403) << origin;
    const auto posted =
        server_.client()->Post("/debug/pprof/symbol", {{"Origin", origin}}, "0x1", "text/plain");
    ASSERT_TRUE(posted);
    expect_error(*posted, 403, "type the address yourself");
  }
}

TEST_F(Http, WithATokenOnlyTheTokenMatters) {
  const MountedServer server({.token = "secret"});
  EXPECT_EQ(status_with(server, {{"Authorization", "Bearer secret"},
                                 {"Host", "evil.test"},
                                 {"Origin", "http://other.test"},
                                 {"Sec-Fetch-Site", "cross-site"}}),
            200);
  EXPECT_EQ(status_with(server, {{"Host", "localhost"}}), 401);
}

TEST_F(Http, ProfileIsAFileToSave) {
  const httplib::Response response = server_.get("/debug/pprof/profile?seconds=0.1");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.get_header_value("Content-Type"), "application/octet-stream");
  EXPECT_EQ(response.get_header_value("Content-Disposition"), "attachment; filename=\"profile\"");
  EXPECT_TRUE(response.body.starts_with("\x1f\x8b")) << "not gzip";
}

TEST_F(Http, NamesMayBeLeftOut) {
  const std::string path = "/debug/pprof/threads?gc=1";  // which changes nothing here
  // In the stack of the thread that takes the profile, and in what stands for one that is late.
  const std::string name = "pprof::internal::";
  EXPECT_NE(gunzip(server_.get(path).body).find(name), std::string::npos);
  EXPECT_EQ(gunzip(server_.get(path + "&symbolize=none").body).find(name), std::string::npos);
}

TEST_F(Http, DeltaIsNamedSo) {
  const httplib::Response response = server_.get("/debug/pprof/block?seconds=0.1");
  EXPECT_EQ(response.get_header_value("Content-Disposition"),
            "attachment; filename=\"block-delta\"");
}

TEST_F(Http, DebugGivesTextOfEveryProfile) {
  for (const std::string& name : snapshots()) {
    const httplib::Response response = server_.get("/debug/pprof/" + name + "?debug=1");
    EXPECT_EQ(response.get_header_value("Content-Type"), "text/plain; charset=utf-8") << name;
    EXPECT_NE(response.body.find("total"), std::string::npos) << name << response.body;
    EXPECT_FALSE(response.has_header("Content-Disposition")) << name;
  }
  for (const char* name : {"profile", "wall"}) {
    const std::string path = "/debug/pprof/" + std::string(name) + "?seconds=0.1&debug=1";
    EXPECT_NE(server_.get(path).body.find("total: samples"), std::string::npos) << name;
  }
}

TEST_F(Http, HeapWithoutItsSamplerSaysWhatToLink) {
  if (internal::heap_available()) GTEST_SKIP() << "this binary has the sampler";
  expect_error(server_.get("/debug/pprof/heap"), 501, "link pprof::heap");
  EXPECT_NE(server_.get("/debug/pprof/").body.find("link pprof::heap"), std::string::npos);
}

TEST_F(Http, TheIndexSaysWhereTheHeapIsSampled) {
  if (!internal::heap_available()) GTEST_SKIP() << "this binary has no sampler";
  const std::string page = server_.get("/debug/pprof/").body;
  EXPECT_NE(page.find("in front of the malloc of lib"), std::string::npos) << page;
}

TEST_F(Http, ThreadsDebug2ListsThisThread) {
  const std::string text = server_.get("/debug/pprof/threads?debug=2").body;
  EXPECT_NE(text.find("thread " + std::to_string(gettid()) + " "), std::string::npos) << text;
  EXPECT_NE(text.find("http_test.cpp:"), std::string::npos) << text;
}

TEST_F(Http, TraceIsJson) {
  const httplib::Response response = server_.get("/debug/pprof/trace?seconds=0.1");
  EXPECT_EQ(response.get_header_value("Content-Type"), "application/json");
  EXPECT_TRUE(response.body.starts_with("{")) << response.body;
}

TEST_F(Http, NothingIsCompressedWhileAClientWaits) {
  for (const char* const path : {"", "threads?debug=2", "trace?seconds=0.1", "no-such-profile"}) {
    const httplib::Result result = server_.client()->Get(std::string("/debug/pprof/") + path,
                                                         {{"Accept-Encoding", "br, gzip"}});
    ASSERT_TRUE(result);
    EXPECT_FALSE(result->has_header("Content-Encoding")) << path;
  }
}

TEST_F(Http, SymbolNamesAddresses) {
  std::ostringstream address;
  address << "0x" << std::hex << reinterpret_cast<std::uintptr_t>(&pprof::mount);
  const std::string reply = "num_symbols: 1\n" + address.str() + " pprof::mount\n";
  EXPECT_EQ(server_.get("/debug/pprof/symbol?" + address.str()).body, reply);
  EXPECT_EQ(server_.get("/debug/pprof/symbol").body, "num_symbols: 1\n");
  const httplib::Result posted = server_.client()->Post(
      "/debug/pprof/symbol", "0x0+junk+" + address.str() + "+0x10", "text/plain");
  ASSERT_TRUE(posted);
  EXPECT_EQ(posted->body, reply);
}

TEST_F(Http, SymbolFindsTheAddressesBesideAToken) {
  const MountedServer server({.token = "secret"});
  std::ostringstream address;
  address << "0x" << std::hex << reinterpret_cast<std::uintptr_t>(&pprof::mount);
  const std::string reply = "num_symbols: 1\n" + address.str() + " pprof::mount\n";
  const std::string path = "/debug/pprof/symbol?";
  EXPECT_EQ(server.get(path + address.str() + "&token=secret").body, reply);
  EXPECT_EQ(server.get(path + "token=secret&" + address.str()).body, reply);
}

TEST_F(Http, SymbolTakesLongFormBodies) {
  const httplib::Result result = server_.client()->Post(
      "/debug/pprof/symbol", repeated("0x1", 10'000), "application/x-www-form-urlencoded");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 200);
}

TEST_F(Http, SymbolRefusesTooManyAddresses) {
  const auto post = [this](const std::string& addresses) {
    return server_.client()->Post("/debug/pprof/symbol", addresses, "text/plain");
  };
  const httplib::Result many = post(repeated("0x1", 10'001));
  ASSERT_TRUE(many);
  expect_error(*many, 413, "10001 addresses are too many: send at most 10,000");
  const httplib::Result long_body = post(repeated("0x0000000000000001", 15'000));
  ASSERT_TRUE(long_body);
  expect_error(*long_body, 413, "send at most 10,000 addresses");
}

// A name of the C++ library costs 0.1 ms or more, since its symbols are not sorted, and a reply
// remembers none for the next: 10,000 lookups would cost a hundred times what a hundred do.
TEST(Symbol, AnAddressIsLookedUpOnce) {
  std::ostringstream address;
  address << std::hex << reinterpret_cast<std::uintptr_t>(dlsym(RTLD_DEFAULT, "_ZSt9terminatev"));
  const auto always = [] { return true; };
  const std::string one = internal::symbol_reply(address.str(), always);  // opens the library
  EXPECT_NE(one.find("std::terminate"), std::string::npos) << one;
  const double start = cpu_seconds();
  for (int i = 0; i < 100; ++i) internal::symbol_reply(address.str(), always);
  const double hundred = cpu_seconds() - start;
  const std::string all = internal::symbol_reply(repeated(address.str(), 10'000), always);
  EXPECT_LT(cpu_seconds() - start - hundred, 10 * hundred);
  EXPECT_EQ(std::ranges::count(all, '\n'), 10'001);
}

TEST(Symbol, StopsWhenNobodyWantsTheNames) {
  std::ostringstream address;
  address << std::hex << reinterpret_cast<std::uintptr_t>(&pprof::mount);
  int asked = 0;
  const std::string reply =
      internal::symbol_reply(repeated(address.str(), 100), [&asked] { return ++asked <= 3; });
  EXPECT_EQ(std::ranges::count(reply, '\n'), 4) << reply;
}

TEST(Symbol, NamesAreThoseOfProfiles) {
  auto& symbols = internal::Symbolizer::instance();
  const auto address = reinterpret_cast<std::uintptr_t>(&pprof::mount);
  const std::uintptr_t without_symbol = symbols.main_mapping().limit - 1;
  for (const std::uintptr_t each : {address, without_symbol}) {
    const std::string before = symbols.name_of(each);
    EXPECT_EQ(before, symbols.locate(each).frames.front().name);
    EXPECT_EQ(before, symbols.name_of(each)) << "from the cache";
  }
}

TEST_F(Http, HeadHasNoBody) {
  const httplib::Result result = server_.client()->Head("/debug/pprof/profile");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 200);
  EXPECT_EQ(server_.get("/debug/pprof/profile?seconds=0.1").status, 200) << "slot still taken";
}

}  // namespace pprof
