// Stands for a library that somebody else builds. Chapter 22 builds it with several flags, and
// loads it into stacks.cpp. It keeps enough values at once to need every register, rbp too.
#include <array>
#include <cstddef>
#include <cstdint>

namespace {

[[gnu::noinline]] std::uint64_t fold(const std::array<std::uint64_t, 12>& seed, int rounds) {
  auto [a, b, c, d, e, f, g, h, i, j, k, l] = seed;
  for (int round = 0; round < rounds; ++round) {
    a ^= b << 7U, b += c ^ d, c ^= d >> 9U, d += e ^ a, e ^= f << 5U, f += g ^ b;
    g ^= h >> 3U, h += i ^ c, i ^= j << 8U, j += k ^ d, k ^= l >> 6U, l += a ^ h;
  }
  return a ^ b ^ c ^ d ^ e ^ f ^ g ^ h ^ i ^ j ^ k ^ l;
}

}  // namespace

// [interface]
extern "C" std::uint64_t checksum(int rounds) {
  return fold({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, rounds) + 1;
}
// [interface]
