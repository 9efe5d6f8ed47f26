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

#include <algorithm>
#include <atomic>
#include <ctime>
#include <stdexcept>
#include <thread>
#include <vector>

#include "cpu/sample_ring.h"
#include "cpu/sample_table.h"
#include "cpu/thread_timers.h"
#include "cpu/tick.h"
#include "stacks/unwind.h"
#include "threads/tasks.h"

namespace pprof::internal {
namespace {

using std::chrono::milliseconds, std::chrono::nanoseconds, std::chrono::steady_clock;

constexpr milliseconds kPoll{50};
constexpr char kAlreadyProfiling[] =
    "gperftools is already profiling this process: start it without CPUPROFILE, and do not call "
    "ProfilerStart() in it";

// True from before gperftools is started here until after it is stopped.
std::atomic<bool> session_is_ours{false};

// gperftools, started with our filter. Between start and stop SIGPROF reaches record_tick().
class GperftoolsSession {
 public:
  explicit GperftoolsSession(SampleRing& ring) {
    const ProfilerOptions options = {&record_tick, &ring};
    session_is_ours = true;
    if (ProfilerStartWithOptions("/dev/null", &options) == 0) {
      session_is_ours = false;
      throw std::runtime_error(kAlreadyProfiling);
    }
    install_tick_handler();
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
                  CpuSampleTable& table, const Wanted& wanted) {
  constexpr int kCostFactor = 100;
  steady_clock::time_point next_refresh = steady_clock::now() + kPoll;
  for (auto now = steady_clock::now(); now < end && wanted(); now = steady_clock::now()) {
    if (now >= next_refresh) {
      timers.refresh();
      refresh_unwinder();
      const auto cost = steady_clock::now() - now;
      next_refresh = now + std::max<steady_clock::duration>(kPoll, kCostFactor * cost);
    }
    std::this_thread::sleep_until(std::min(end, now + kPoll));
    table.drain(ring);
  }
}

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

Profile empty_profile() {
  Profile profile;
  profile.sample_types = {{"samples", "count"}, {"cpu", "nanoseconds"}};
  profile.default_sample_type = "cpu";
  profile.period_type = {"cpu", "nanoseconds"};
  profile.period = kCpuPeriod.count();
  profile.time = std::chrono::system_clock::now();
  return profile;
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

Profile cpu_profile(nanoseconds duration, const Wanted& wanted) {
  prepare_unwinder();
  Profile profile = empty_profile();
  SampleRing ring;
  CpuSampleTable table;
  const std::vector<pid_t> blocking = still_without_signal(list_threads());
  begin_cpu_capture();
  const auto start = steady_clock::now();
  const nanoseconds used_before = process_cpu_time();
  {
    const GperftoolsSession session(ring);
    ThreadTimers timers(kCpuPeriod);
    sample_until(start + duration, timers, ring, table, wanted);
    profile.comments = timers.gaps();
  }
  const nanoseconds used = process_cpu_time() - used_before;
  profile.duration = steady_clock::now() - start;
  table.drain(ring);
  table.append_to(profile);
  if (ring.lost() > 0) {
    profile.comments.push_back(std::to_string(ring.lost()) + " samples lost: buffer full");
  }
  if (const auto count = still_without_signal(blocking).size(); count > 0) {
    profile.comments.push_back(std::to_string(count) + " threads not sampled: they block SIGPROF");
  }
  if (const std::string gap = missing_time(profile, used); !gap.empty()) {
    profile.comments.push_back(gap);
  }
  return profile;
}

}  // namespace pprof::internal
