// What the values of the command-line options must look like. Each check answers with value, rule
// and remedy in one line. Used by options.cpp. Pure functions.
#pragma once

#include <CLI/CLI.hpp>
#include <initializer_list>
#include <string>

namespace service {

// HOST:PORT with a port from `smallest_port`, or the word `instead` if it is not empty.
CLI::Validator host_port(int smallest_port, const std::string& example,
                         const std::string& instead = {});

// A name or an IPv4 address, without scheme and port.
CLI::Validator host_name();

// Takes [::1] for ::1, since the other addresses are written so.
CLI::Validator without_brackets();

// Digits only: CLI11's own Range takes 0x10, and 010 for 8.
CLI::Validator whole_number(long smallest, long largest);

// One of these words.
CLI::Validator one_of(std::initializer_list<std::string> words);

// A share that a metric's packet can carry: six decimals. CLI11's own Range lets nan through.
CLI::Validator sample_rate();

// Parts of letters, digits, '_' and '-', with dots between them.
CLI::Validator metric_prefix();

// A secret that needs no quotes in a URL, a header or a shell. The answer does not repeat it.
CLI::Validator token();

// True for an address that only this machine reaches: of 127.0.0.0/8 or ::1 in any spelling, or
// localhost. Other names, even 127.example.org, may lead anywhere.
bool is_loopback(const std::string& host);

}  // namespace service
