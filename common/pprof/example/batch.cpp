// A program without a server: the CPU profile of one phase, the heap after it, and whatever
// `kill -USR2` asks for meanwhile.
// Usage: pprof_batch FOLDER [SECONDS]
#include <pprof/capture.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

namespace {

std::vector<int> primes_below(int limit) {
  std::vector<bool> is_composite(static_cast<std::size_t>(limit));
  std::vector<int> primes;
  for (int i = 2; i < limit; ++i) {
    if (is_composite[static_cast<std::size_t>(i)]) continue;
    primes.push_back(i);
    for (int j = 2 * i; j < limit; j += i) is_composite[static_cast<std::size_t>(j)] = true;
  }
  return primes;
}

int fail(const std::string& error) {
  std::cerr << error << '\n';
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : ".";
  const std::chrono::seconds duration(argc > 2 ? std::atoi(argv[2]) : 2);
  // [batch]
  const auto ready = pprof::capture_on_signal(
      SIGUSR2, {.profiles = {"wall"}, .duration = duration / 2, .folder = folder});
  if (!ready) return fail(ready.error());

  pprof::Capture capture("profile");
  std::cerr << "working\n";
  std::vector<std::vector<int>> found;
  const auto end = std::chrono::steady_clock::now() + duration;
  while (std::chrono::steady_clock::now() < end) found.push_back(primes_below(100'000));
  const auto profile = capture.stop();
  if (!profile) return fail(profile.error());
  std::ofstream(folder + "/cpu.pb.gz", std::ios::binary) << *profile;

  const auto written = pprof::capture_to_file("heap", folder + "/heap.pb.gz");
  // [batch]
  return written ? 0 : fail(written.error());
}
