// See option_checks.h.
#include "app/option_checks.h"

#include <netdb.h>
#include <netinet/in.h>
#include <strings.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include "metrics/host_port.h"

namespace service {
namespace {

constexpr std::size_t kShortestToken = 8;
constexpr std::size_t kLongestToken = 200;
constexpr std::size_t kLongestPrefix = 200;
constexpr char kLettersAndDigits[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

bool consists_of(const std::string& text, const std::string& characters) {
  return text.find_first_not_of(characters) == std::string::npos;
}

// Empty if it is good, as CLI11 wants it.
template <class Good>
CLI::Validator check(Good good, std::string rule) {
  return CLI::Validator(
      [good, rule = std::move(rule)](const std::string& text) {
        return good(text) ? std::string() : "\"" + text + "\"" + rule;
      },
      "");
}

template <class Number>
bool parse(const std::string& text, Number& number) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end;
}

// The server divides by what it reads.
bool survives_six_decimals(double rate) {
  char digits[16];  // enough for rates up to 1
  const char* const end =
      std::to_chars(digits, digits + sizeof digits, rate, std::chars_format::fixed, 6).ptr;
  double read = 0;
  std::from_chars(digits, end, read);
  return std::abs(read - rate) < 1e-9;  // CLI11 rounds twice: some rates differ in the last bit
}

}  // namespace

CLI::Validator host_port(int smallest_port, const std::string& example,
                         const std::string& instead) {
  const std::string rule = " is not HOST:PORT with a port from " + std::to_string(smallest_port) +
                           " to 65535" + (instead.empty() ? "" : ", or \"" + instead + "\"") +
                           "; for example " + example;
  return check(
      [=](const std::string& text) {
        const auto address = parse_host_port(text);
        return address ? address->port >= smallest_port : !text.empty() && text == instead;
      },
      rule);
}

CLI::Validator host_name() {
  return check(
      [](const std::string& text) {
        return !text.empty() && consists_of(text, kLettersAndDigits + std::string("-._"));
      },
      " is not the name of a host; give it without scheme and port, for example "
      "my-box.example.org");
}

CLI::Validator without_brackets() {
  return CLI::Validator(
      [](std::string& text) {
        if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
          text = text.substr(1, text.size() - 2);
        }
        return std::string();
      },
      "");
}

CLI::Validator whole_number(long smallest, long largest) {
  return check(
      [=](const std::string& text) {
        long number = 0;
        const bool is_decimal = parse(text, number) && (text[0] > '0' || text == "0");
        return is_decimal && number >= smallest && number <= largest;
      },
      " is not a whole number from " + std::to_string(smallest) + " to " + std::to_string(largest));
}

CLI::Validator one_of(std::initializer_list<std::string> words) {
  std::string rule = " is not one of";
  const char* before = " ";
  for (const std::string& word : words) rule += std::exchange(before, ", ") + word;
  return check(
      [words = std::vector(words)](const std::string& text) {
        return std::find(words.begin(), words.end(), text) != words.end();
      },
      rule);
}

CLI::Validator sample_rate() {
  return check(
      [](const std::string& text) {
        double rate = 0;
        return parse(text, rate) && rate >= 0.000001 && rate <= 1 && survives_six_decimals(rate);
      },
      " is not a rate from 0.000001 to 1 with at most six decimals; for example 0.5");
}

CLI::Validator metric_prefix() {
  return check(
      [](const std::string& text) {
        const std::string dotted = "." + text + ".";
        return text.size() <= kLongestPrefix && dotted.find("..") == std::string::npos &&
               consists_of(text, kLettersAndDigits + std::string("._-"));
      },
      ": use letters, digits, '_' and '-', with dots between parts and at most " +
          std::to_string(kLongestPrefix) + " characters; for example shop.leftpad");
}

CLI::Validator token() {
  return CLI::Validator(
      [](const std::string& text) {
        const bool good = text.size() >= kShortestToken && text.size() <= kLongestToken &&
                          consists_of(text, kLettersAndDigits + std::string("-._~+/="));
        return good ? std::string()
                    : "a token has " + std::to_string(kShortestToken) + " to " +
                          std::to_string(kLongestToken) +
                          " letters, digits and -._~+/=; for example what `openssl rand -hex 16` "
                          "prints";
      },
      "");
}

bool is_loopback(const std::string& host) {
  if (strcasecmp(host.c_str(), "localhost") == 0 || strcasecmp(host.c_str(), "localhost.") == 0) {
    return true;
  }
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return false;
  sockaddr_storage address{};
  std::memcpy(&address, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
  }
  const in6_addr& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

}  // namespace service
