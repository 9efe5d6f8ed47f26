// CPU captures; see cpu.h. All that run at the same time share one session: each is the difference
// of what the session had counted at its end and at its beginning.
//
// gperftools calls `filter_in_thread` in its SIGPROF handler, on the interrupted thread. The filter
// records the sample itself, with labels, which gperftools' own file format has no place for, and
// then declines it, so that gperftools neither unwinds nor stores it a second time.
#include "cpu/cpu.h"

#include <dlfcn.h>
#include <gperftools/profiler.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "cpu/sample_ring.h"
#include "cpu/sample_table.h"
#include "cpu/thread_timers.h"
#include "cpu/tick.h"
#include "encode/delta.h"
#include "stacks/unwind.h"
#include "threads/tasks.h"

namespace pprof::internal {
namespace {

using std::chrono::milliseconds, std::chrono::nanoseconds, std::chrono::steady_clock;

constexpr milliseconds kPoll{50};
constexpr char kAlreadyProfiling[] =
    "gperftools is already profiling this process: start it without CPUPROFILE, and do not call "
    "ProfilerStart() in it";
constexpr char kNoDevNull[] =
    "gperftools cannot write to /dev/null, which stands for its file: make the device (mknod -m "
    "666 "
    "/dev/null c 1 3), allow it, or allow one more open file (ulimit -n)";
constexpr char kForked[] =
    "this process was forked while a CPU capture ran, and cannot take one: fork before, or call "
    "exec";

// True from before gperftools is started here until after it is stopped.
std::atomic<bool> session_is_ours{false};
std::atomic<int> samples_per_second{100};

// gperftools, started with our filter. Between start and stop SIGPROF reaches record_tick().
class GperftoolsSession {
 public:
  explicit GperftoolsSession(SampleRing& ring) {
    const ProfilerOptions options = {&record_tick, &ring};
    const NoTicks none;  // a late one of the session before
    session_is_ours = true;
    if (ProfilerStartWithOptions("/dev/null", &options) == 0) {
      session_is_ours = false;
      throw std::runtime_error(ProfilingIsEnabledForAllThreads() != 0 ? kAlreadyProfiling
                                                                      : kNoDevNull);
    }
    install_tick_handler();
    // Its process-wide timer favours some threads; ThreadTimers replaces it.
    constexpr itimerval kOff{};
    setitimer(ITIMER_PROF, &kOff, nullptr);
  }
  ~GperftoolsSession() {
    const NoTicks none;  // a late one: the timers are gone
    ProfilerStop();
    session_is_ours = false;
  }
  GperftoolsSession(const GperftoolsSession&) = delete;
  GperftoolsSession& operator=(const GperftoolsSession&) = delete;
};

Profile empty_profile(nanoseconds period) {
  Profile profile;
  profile.sample_types = {{"samples", "count"}, {"cpu", "nanoseconds"}};
  profile.default_sample_type = "cpu";
  profile.period_type = {"cpu", "nanoseconds"};
  profile.period = period.count();
  profile.time = std::chrono::system_clock::now();
  return profile;
}

// Counts samples while at least one capture runs. For one thread at a time.
class Session {
 public:
  Session() {
    begin_cpu_capture(period_);
    gperftools_.emplace(ring_);
    timers_.emplace(period_);
  }

  // Takes the samples that there are, and refreshes the timers: every 50 ms, or less often where
  // there are so many threads that it would take more than 1 % of the time.
  void poll() {
    constexpr int kCostFactor = 100;
    table_.drain(ring_);
    const auto now = steady_clock::now();
    if (now < next_refresh_) return;
    timers_->refresh();
    refresh_unwinder();
    const auto cost = steady_clock::now() - now;
    next_refresh_ = now + std::max<steady_clock::duration>(kPoll, kCostFactor * cost);
  }

  void stop() {
    timers_.reset();
    gperftools_.reset();
  }

  Profile counts() {
    Profile profile = empty_profile(period_);
    table_.drain(ring_);
    table_.append_to(profile);
    return profile;
  }
  std::vector<std::string> gaps() const { return timers_->gaps(); }
  std::size_t lost() const { return ring_.lost(); }
  bool is_of_this_process() const { return process_ == getpid(); }

 private:
  pid_t process_ = getpid();
  nanoseconds period_ = nanoseconds(std::chrono::seconds(1)) / samples_per_second.load();
  SampleRing ring_;
  CpuSampleTable table_;
  std::optional<GperftoolsSession> gperftools_;
  std::optional<ThreadTimers> timers_;
  steady_clock::time_point next_refresh_ = steady_clock::now() + kPoll;
};

// One capture's part in the session: the first makes it, the last ends it.
class Window {
 public:
  Window() {
    const std::scoped_lock lock(shared().mutex);
    if (shared().captures == 0) shared().session.emplace();
    if (!shared().session->is_of_this_process()) throw std::runtime_error(kForked);
    before_ = shared().session->counts();
    lost_before_ = shared().session->lost();
    ++shared().captures;
  }
  ~Window() {
    if (!has_ended_) end();
  }
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  void poll() const {
    const std::scoped_lock lock(shared().mutex);
    shared().session->poll();
  }

  Profile end() {
    const std::scoped_lock lock(shared().mutex);
    Session& session = *shared().session;
    std::vector<std::string> comments = session.gaps();
    if (shared().captures == 1) session.stop();
    Profile profile = subtract(session.counts(), before_);
    profile.time = before_.time;
    profile.comments = std::move(comments);
    if (const std::size_t lost = session.lost() - lost_before_; lost > 0) {
      profile.comments.push_back(std::to_string(lost) + " samples lost: buffer full");
    }
    if (--shared().captures == 0) shared().session.reset();
    has_ended_ = true;
    return profile;
  }

 private:
  struct Shared {
    std::mutex mutex;
    int captures = 0;
    std::optional<Session> session;
  };
  // Never destroyed: captures may still run while static objects go.
  static Shared& shared() {
    static auto* const instance = new Shared;
    return *instance;
  }

  Profile before_;
  std::size_t lost_before_ = 0;
  bool has_ended_ = false;
};

// Signals are blocked for a moment while a thread is made: asked again at the end of the capture.
std::vector<pid_t> still_without_signal(std::vector<pid_t> tids) {
  std::erase_if(tids, [](pid_t tid) { return !blocks_signal(tid, SIGPROF); });
  return tids;
}

nanoseconds process_cpu_time() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + nanoseconds(now.tv_nsec);
}

// Whatever the reason: a profile that has much less than the process used says so. Empty if the
// difference is what chance and threads of a few milliseconds make it.
std::string missing_time(const Profile& profile, nanoseconds used) {
  nanoseconds sampled{0};
  for (const Sample& sample : profile.samples) sampled += nanoseconds(sample.values[1]);
  const nanoseconds missing = used - sampled;
  if (missing < milliseconds(200) || missing < used / 5) return {};
  const auto text = [](nanoseconds time) {
    return std::to_string(std::chrono::round<milliseconds>(time).count()) + " ms";
  };
  return "the samples are of " + text(sampled) + " out of " + text(used) +
         " of CPU time: threads were not sampled, or lived for a few milliseconds only";
}

}  // namespace

std::string cpu_unavailable_reason() {
  if (ProfilingIsEnabledForAllThreads() != 0 && !session_is_ours) return kAlreadyProfiling;
  if (is_tick_handler_ours()) return {};
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
  return is_set
             ? "SIGPROF is handled by another part of this process: remove that handler"
             : "gperftools does not handle SIGPROF: start the process without CPUPROFILE_REALTIME "
               "and CPUPROFILE_TIMER_SIGNAL, and do not ignore SIGPROF in it";
}

void set_cpu_rate(int per_second) { samples_per_second = per_second; }

std::string cpu_rate_description() {
  return std::to_string(samples_per_second) + " samples a second of CPU time.";
}

Profile cpu_profile(nanoseconds duration, const Wanted& wanted) {
  prepare_unwinder();
  const std::vector<pid_t> blocking = still_without_signal(list_threads());
  Window window;
  const auto start = steady_clock::now();
  const nanoseconds used_before = process_cpu_time();
  for (auto now = start; now < start + duration && wanted(); now = steady_clock::now()) {
    std::this_thread::sleep_until(std::min(start + duration, now + kPoll));
    window.poll();
  }
  Profile profile = window.end();
  const nanoseconds used = process_cpu_time() - used_before;
  profile.duration = steady_clock::now() - start;
  if (const auto count = still_without_signal(blocking).size(); count > 0) {
    profile.comments.push_back(std::to_string(count) + " threads not sampled: they block SIGPROF");
  }
  if (const std::string gap = missing_time(profile, used); !gap.empty()) {
    profile.comments.push_back(gap);
  }
  return profile;
}

}  // namespace pprof::internal
