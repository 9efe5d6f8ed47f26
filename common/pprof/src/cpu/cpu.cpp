// One CPU capture; see cpu.h.
//
// gperftools calls `filter_in_thread` in its SIGPROF handler, on the interrupted thread. The filter
// records the sample itself, with labels, which gperftools' own file format has no place for, and
// then declines it, so that gperftools neither unwinds nor stores it a second time.
#include "cpu/cpu.h"

#include <dlfcn.h>
#include <gperftools/profiler.h>
#include <signal.h>
#include <sys/time.h>
#include <ucontext.h>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <stdexcept>
#include <thread>

#include "cpu/sample_ring.h"
#include "cpu/sample_table.h"
#include "cpu/thread_timers.h"
#include "threads/registry.h"
#include "threads/unwind.h"

namespace pprof::internal {
namespace {

using std::chrono::milliseconds, std::chrono::nanoseconds, std::chrono::steady_clock;

constexpr nanoseconds kPeriod = milliseconds(10);  // 100 Hz
constexpr milliseconds kPoll{50};
constexpr char kAlreadyProfiling[] =
    "gperftools is already profiling this process: start it without CPUPROFILE, and do not call "
    "ProfilerStart() in it";

// What a thread has been charged in the current capture. Read and written in its signal handler.
struct Account {
  std::uint64_t capture = 0;
  nanoseconds charged{0};  // on the thread's CPU clock
};
constinit thread_local Account account;
std::atomic<std::uint64_t> current_capture{0};

nanoseconds thread_cpu_time() noexcept {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + nanoseconds(now.tv_nsec);
}

// How many periods the sample stands for. The kernel looks at CPU timers at its own ticks; when it
// comes late, on a busy virtual machine for instance, ticks merge into one signal. Without this the
// profile would lose them (8 % were seen).
std::int64_t charge_periods() noexcept {
  const nanoseconds now = thread_cpu_time();
  const std::uint64_t capture = current_capture.load(std::memory_order_relaxed);
  if (account.capture != capture) {
    account = {capture, now};
    return 1;
  }
  const nanoseconds due = now - account.charged + kPeriod / 2;
  const std::int64_t periods = std::max<std::int64_t>(1, due / kPeriod);
  account.charged += periods * kPeriod;
  return periods;
}

// In the signal handler. `argument` is the SampleRing.
int record_sample(void* argument) {
  auto& ring = *static_cast<SampleRing*>(argument);
  CpuSample* sample = ring.begin_push();
  if (sample == nullptr) return 0;
  static const ucontext_t kUnknown{};  // gperftools does not pass on what was interrupted
  sample->depth = capture_interrupted_stack(sample->stack.data(), sample->stack.size(), &kUnknown);
  sample->periods = charge_periods();
  sample->tid = current_tid();
  sample->thread_name = current_thread_name();
  copy_current_labels(sample->labels);
  ring.commit();
  return 0;
}

// True from before gperftools is started here until after it is stopped.
std::atomic<bool> session_is_ours{false};

// gperftools, started with our filter. Between start and stop SIGPROF reaches record_sample().
class GperftoolsSession {
 public:
  explicit GperftoolsSession(SampleRing& ring) {
    const ProfilerOptions options = {&record_sample, &ring};
    session_is_ours = true;
    if (ProfilerStartWithOptions("/dev/null", &options) == 0) {
      session_is_ours = false;
      throw std::runtime_error(kAlreadyProfiling);
    }
    // Its process-wide timer favours some threads; ThreadTimers replaces it.
    constexpr itimerval kOff{};
    setitimer(ITIMER_PROF, &kOff, nullptr);
  }
  ~GperftoolsSession() {
    ProfilerStop();
    session_is_ours = false;
  }
  GperftoolsSession(const GperftoolsSession&) = delete;
  GperftoolsSession& operator=(const GperftoolsSession&) = delete;
};

// Lets the timers run, and refreshes them: every 50 ms, or less often where there are so many
// threads that it would take more than 1 % of the time.
void sample_until(steady_clock::time_point end, ThreadTimers& timers, SampleRing& ring,
                  SampleTable& table, const std::function<bool()>& wanted) {
  constexpr int kCostFactor = 100;
  steady_clock::time_point next_refresh = steady_clock::now() + kPoll;
  for (auto now = steady_clock::now(); now < end && wanted(); now = steady_clock::now()) {
    if (now >= next_refresh) {
      timers.refresh();
      const auto cost = steady_clock::now() - now;
      next_refresh = now + std::max<steady_clock::duration>(kPoll, kCostFactor * cost);
    }
    std::this_thread::sleep_until(std::min(end, now + kPoll));
    table.drain(ring);
  }
}

Profile empty_profile() {
  Profile profile;
  profile.sample_types = {{"samples", "count"}, {"cpu", "nanoseconds"}};
  profile.default_sample_type = "cpu";
  profile.period_type = {"cpu", "nanoseconds"};
  profile.period = kPeriod.count();
  profile.time = std::chrono::system_clock::now();
  return profile;
}

}  // namespace

std::string cpu_unavailable_reason() {
  if (ProfilingIsEnabledForAllThreads() != 0 && !session_is_ours) return kAlreadyProfiling;
  struct sigaction action {};
  sigaction(SIGPROF, nullptr, &action);
  Dl_info handler{};
  Dl_info gperftools{};
  dladdr(reinterpret_cast<const void*>(&ProfilerStop), &gperftools);
  const bool is_set = action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN;
  if (is_set && dladdr(reinterpret_cast<const void*>(action.sa_sigaction), &handler) != 0 &&
      handler.dli_fbase == gperftools.dli_fbase) {
    return {};
  }
  return is_set ? "SIGPROF is handled by another part of this process: remove that handler"
                : "gperftools does not handle SIGPROF: unset CPUPROFILE_REALTIME and "
                  "CPUPROFILE_TIMER_SIGNAL and start the process again";
}

Profile cpu_profile(nanoseconds duration, const std::function<bool()>& wanted) {
  prepare_unwinder();
  ++current_capture;
  Profile profile = empty_profile();
  SampleRing ring;
  SampleTable table;
  const auto start = steady_clock::now();
  std::size_t refused = 0;
  {
    const GperftoolsSession session(ring);
    ThreadTimers timers(kPeriod);
    sample_until(start + duration, timers, ring, table, wanted);
    refused = timers.refused();
  }
  profile.duration = steady_clock::now() - start;
  table.drain(ring);
  table.append_to(profile);
  if (ring.lost() > 0) {
    profile.comments.push_back(std::to_string(ring.lost()) + " samples lost: buffer full");
  }
  if (refused > 0) {
    profile.comments.push_back(
        std::to_string(refused) +
        " threads not sampled: the kernel refused a timer (RLIMIT_SIGPENDING)");
  }
  return profile;
}

}  // namespace pprof::internal
