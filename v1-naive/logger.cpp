#include "logger.h"

#include <ctime>
#include <iomanip>
#include <mutex>
#include <sstream>

#include "log_escape.h"

namespace service {
namespace {

std::string timestamp() {
  using namespace std::chrono;
  const auto now = system_clock::now();
  const auto second = floor<seconds>(now);
  const std::time_t time = system_clock::to_time_t(second);
  const auto us = floor<microseconds>(now - second).count();
  std::tm utc{};
  gmtime_r(&time, &utc);
  std::ostringstream out;
  out << std::put_time(&utc, "%Y-%m-%dT%H:%M:%S") << '.' << std::setfill('0') << std::setw(6) << us
      << 'Z';
  return out.str();
}

}  // namespace

void Logger::request(const std::string& url, const std::string& client_ip,
                     const std::string& user_agent) {
  std::ostringstream message;
  message << "request url=\"" << log_escaped(url) << "\" ip=\"" << log_escaped(client_ip)
          << "\" user_agent=\"" << log_escaped(user_agent) << '"';
  write_line(message.str());
}

void Logger::timing(const std::string& name, std::chrono::nanoseconds elapsed) {
  std::ostringstream message;
  message << "timing handler=\"" << log_escaped(name) << "\" elapsed_us="
          << std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count();
  write_line(message.str());
}

void Logger::write_line(const std::string& message) {
  std::lock_guard lock(mutex_);
  file_.write(timestamp() + " " + message + "\n");
}

}  // namespace service
