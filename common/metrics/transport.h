// Where StatsD packets go: nowhere, for benchmarks and for running without a server; over UDP to a
// real one; into a list, in the tests.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace service {

// Safe for any number of threads. send() never blocks and never fails: a packet that cannot be sent
// is dropped and counted, since a metric must not slow a request.
class Transport {
 public:
  // Largest packet, in bytes: what fits one Ethernet frame, the StatsD project's own advice.
  static constexpr std::size_t kMaxPacketBytes = 1432;

  virtual ~Transport() = default;

  void send(std::string_view packet) {
    if (packet.size() > kMaxPacketBytes || !deliver(packet)) {
      drop();
    } else {
      sent_.fetch_add(1, std::memory_order_relaxed);
    }
  }
  // Counts a packet that was too large to build.
  void drop() { dropped_.fetch_add(1, std::memory_order_relaxed); }

  std::uint64_t sent() const { return sent_.load(std::memory_order_relaxed); }
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  virtual bool deliver(std::string_view packet) = 0;

  std::atomic<std::uint64_t> sent_{0};
  std::atomic<std::uint64_t> dropped_{0};
};

// Takes packets and forgets them.
class DiscardTransport final : public Transport {
  bool deliver(std::string_view) override { return true; }
};

// A connected, non-blocking UDP socket. `address` is HOST:PORT or [IPV6]:PORT, the port not 0; the
// name is resolved once. Throws std::runtime_error with a remedy when the address is malformed or
// unknown.
std::unique_ptr<Transport> make_udp_transport(const std::string& address);

}  // namespace service
