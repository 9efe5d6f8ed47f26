// Measures what the library costs a service: processor time for a fixed amount of work with the
// endpoints mounted but idle, and while a CPU profile is captured at 100 Hz, each against the bare
// program. Usage: pprof_overhead [ROUNDS], default 30; about 4 s a round. In a round the same work
// is done four times for each mode: bare, with it, with it, bare, or the other way round, so that a
// machine that becomes slower or faster disturbs both alike. Printed are the median of the rounds'
// ratios and the range that holds it with 95 % confidence. What happens once behind a capture,
// naming and encoding, is measured apart.
#include <pprof/httplib.h>
#include <pprof/label.h>
#include <pprof/mutex.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace {

enum Mode { kBare, kMounted, kCapturing, kModes };
constexpr std::array<const char*, kModes> kNames = {"bare", "mounted, idle", "capturing CPU"};
constexpr int kUnits = 4000;  // of work: about 0.4 s

double process_cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// What a handler might do: parse, allocate, count, take a lock.
void work(pprof::Mutex& mutex, std::map<std::string, int>& totals) {
  const pprof::LabelScope route("route", "/work");
  std::ostringstream text;
  for (int i = 0; i < 200; ++i) text << "word" << i % 50 << ' ';
  std::map<std::string, int> counts;
  std::istringstream words(text.str());
  for (std::string word; words >> word;) ++counts[word];
  const std::lock_guard lock(mutex);
  for (const auto& [word, count] : counts) totals[word] += count;
}

void work_for_a_while() {
  pprof::Mutex mutex;
  std::map<std::string, int> totals;
  for (int unit = 0; unit < kUnits; ++unit) work(mutex, totals);
}

// The endpoints on a server of their own, and on demand a client that captures.
class DebugListener {
 public:
  DebugListener() {
    pprof::mount(server_);
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ~DebugListener() {
    if (capture_.joinable()) {
      client_->stop();
      capture_.join();
    }
    server_.stop();
    thread_.join();
  }
  void start_capture() {
    client_ = std::make_unique<httplib::Client>("127.0.0.1", port_);
    client_->set_read_timeout(std::chrono::minutes(5));
    capture_ = std::thread([this] { client_->Get("/debug/pprof/profile?seconds=200"); });
    std::this_thread::sleep_for(std::chrono::milliseconds(100));  // until it samples
  }
  // Real-clock seconds from the end of a capture to its last byte, to name and encode it.
  double seconds_behind_capture() {
    httplib::Client client("127.0.0.1", port_);
    client.set_read_timeout(std::chrono::minutes(1));
    std::thread load([] { work_for_a_while(); });
    const auto start = std::chrono::steady_clock::now();
    client.Get("/debug/pprof/profile?seconds=1");
    const std::chrono::duration<double> all = std::chrono::steady_clock::now() - start;
    load.join();
    return all.count() - 1;
  }

 private:
  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
  std::unique_ptr<httplib::Client> client_;
  std::thread capture_;
};

// CPU seconds of the whole process for the work, the capturing thread included.
double measure(Mode mode) {
  std::unique_ptr<DebugListener> listener;
  if (mode != kBare) listener = std::make_unique<DebugListener>();
  if (mode == kCapturing) listener->start_capture();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // until its threads wait
  const double before = process_cpu_seconds();
  work_for_a_while();
  return process_cpu_seconds() - before;
}

double thread_cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// CPU seconds of one sample, from the signal's delivery to the return from it, on a stack of
// `frames` calls more. The least of many batches: neighbours can only make it longer.
[[gnu::noinline]] double seconds_per_tick(int frames) {  // NOLINT(misc-no-recursion)
  if (frames > 0) {
    const double seconds = seconds_per_tick(frames - 1);
    asm volatile("" ::: "memory");  // a frame of its own
    return seconds;
  }
  constexpr int kBatches = 20;
  constexpr int kTicks = 100;  // the capture takes them out every 50 ms
  double least = 1;
  for (int batch = 0; batch < kBatches; ++batch) {
    const double before = thread_cpu_seconds();
    for (int i = 0; i < kTicks; ++i) std::raise(SIGPROF);
    least = std::min(least, (thread_cpu_seconds() - before) / kTicks);
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
  }
  return least;
}

void print_tick() {
  DebugListener listener;
  listener.start_capture();
  constexpr int kFrames = 20;
  const double seconds = seconds_per_tick(kFrames);
  std::printf("one tick with %d frames: %.1f us of CPU, %.2f %% at 100 a second\n", kFrames,
              1e6 * seconds, 100 * 100 * seconds);
}

// Median with its 95 % confidence range from order statistics (binomial, normal approximation).
void print_ratio(const char* name, std::vector<double> ratios) {
  std::ranges::sort(ratios);
  const auto n = static_cast<double>(ratios.size());
  const double reach = 1.96 * std::sqrt(n) / 2;
  const auto low = static_cast<std::size_t>(std::max(0.0, std::floor(n / 2 - reach)));
  const auto high = static_cast<std::size_t>(std::min(n - 1, std::ceil(n / 2 + reach)));
  std::printf("%-14s %+6.2f %%   (%+.2f to %+.2f)\n", name, 100 * (ratios[ratios.size() / 2] - 1),
              100 * (ratios[low] - 1), 100 * (ratios[high] - 1));
}

// Of the processor time of one round in this mode to that of the bare program.
double ratio_to_bare(Mode mode, int round) {
  const std::array<Mode, 4> turns =
      round % 2 == 0 ? std::array{kBare, mode, mode, kBare} : std::array{mode, kBare, kBare, mode};
  std::array<double, kModes> seconds{};
  for (const Mode turn : turns) seconds.at(turn) += measure(turn);
  return seconds.at(mode) / seconds[kBare];
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc == 2 ? std::max(1, std::atoi(argv[1])) : 30;
  work_for_a_while();  // warms caches and the allocator
  std::array<std::vector<double>, kModes> ratios;
  for (int round = 0; round < rounds; ++round) {
    for (const Mode mode : {kMounted, kCapturing}) {
      ratios.at(mode).push_back(ratio_to_bare(mode, round));
    }
  }
  std::printf("processor time for the same work, against bare, median of %d rounds:\n", rounds);
  for (const Mode mode : {kMounted, kCapturing}) print_ratio(kNames.at(mode), ratios.at(mode));
  print_tick();
  DebugListener listener;
  const double first = listener.seconds_behind_capture();
  std::printf("after a capture, to name and encode it: %.0f ms the first time, then %.0f ms\n",
              1000 * first, 1000 * listener.seconds_behind_capture());
  return 0;
}
