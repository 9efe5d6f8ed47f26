// See unwind.h.
#include "stacks/unwind.h"

#include <cstring>
#include <utility>

#include "stacks/machine.h"
#include "stacks/objects.h"
#include "stacks/stack_memory.h"

namespace pprof::internal {
namespace {

class Walk {
 public:
  // Begins at `from`. `live`: see StackMemory.
  Walk(std::uintptr_t* out, std::size_t capacity, const Registers& from, std::uintptr_t live)
      : out_(out), capacity_(capacity), at_(from), memory_(live) {}

  // Leaves out the frames before the one where a call returns to this address.
  void begin_with(std::uintptr_t return_address) {
    first_ = return_address;
    is_recording_ = false;
  }

  // Returns how many entries were written.
  std::size_t run() noexcept {
    for (std::size_t step = 0; step < 4 * kMaxStackDepth && at_.pc != 0; ++step) {
      const Rule& rule = rule_here();
      is_recording_ = is_recording_ || at_.pc == first_;
      if (rule.cfa != CfaKind::kNone) {
        is_certain_ = true;
      } else if (std::exchange(is_certain_, false)) {
        certain_depth_ = depth_ + (is_exact_ ? 1 : 0);
      }
      if (is_recording_) {
        if (depth_ == capacity_) break;
        out_[depth_++] = is_exact_ ? at_.pc : at_.pc - 1;
      }
      if (rule.cfa == CfaKind::kEnd && is_recording_) return depth_;
      if (rule.cfa == CfaKind::kEnd || !step_out(rule)) break;
    }
    return cut();
  }

  // Code in objects that are not known, the first and the last, or 0.
  const std::array<std::uintptr_t, 2>& unknown_code() const { return unknown_code_; }

 private:
  std::uintptr_t sp() const { return at_.tracked[kSp]; }
  bool read(std::uintptr_t address, std::uintptr_t& word) noexcept {
    return memory_.read(address, sp(), word);
  }

  // Of a caller, the call's own rule: one that never returns may end its function.
  const Rule& rule_here() noexcept {
    static constexpr Rule kNothingKnown{};
    static constexpr Rule kSignalReturn{.cfa = CfaKind::kSignal};
    const std::uintptr_t here = is_exact_ ? at_.pc : at_.pc - 1;
    const Rule* const found = objects_.find(here);
    if (found != nullptr && found->cfa != CfaKind::kNone) return *found;
    if (found == nullptr) unknown_code_[unknown_code_[0] == 0 ? 0 : 1] = here;
    std::array<unsigned char, kReturnFromSignal.size()> code;  // NOLINT(*-member-init)
    const bool is_return =
        copy_memory(code.data(), at_.pc, code.size()) && code == kReturnFromSignal;
    return is_return ? kSignalReturn : kNothingKnown;
  }

  bool step_out(const Rule& rule) noexcept {
    if (rule.cfa == CfaKind::kSignal) return leave_signal();
    if (rule.cfa == CfaKind::kNone) return follow_frame_pointer();
    const std::uintptr_t cfa = cfa_by(rule);
    const bool may_be_without_frame = kHasLinkRegister && is_exact_;
    if (cfa < sp() || (cfa == sp() && !may_be_without_frame)) return false;
    const bool is_in_link = rule.return_address.where == Where::kUnchanged;
    if (is_in_link && !may_be_without_frame) return false;
    std::uintptr_t pc = at_.tracked[kExtra];
    std::uintptr_t fp = at_.tracked[kFp];
    std::uintptr_t extra = at_.tracked[kExtra];
    return restore(rule.return_address, cfa, pc) && restore(rule.fp, cfa, fp) &&
           restore(rule.extra, cfa, extra) && enter(pc, cfa, fp, extra);
  }

  // 0: it cannot be read.
  std::uintptr_t cfa_by(const Rule& rule) noexcept {
    constexpr std::uintptr_t kStubBytes = 16;
    constexpr std::uintptr_t kWord = sizeof(std::uintptr_t);
    if (rule.cfa == CfaKind::kPlt) {
      const bool has_pushed = at_.pc % kStubBytes >= static_cast<unsigned>(rule.cfa_offset);
      return sp() + (has_pushed ? 2 : 1) * kWord;
    }
    std::uintptr_t cfa = at_.tracked[rule.cfa_register] +
                         static_cast<std::uintptr_t>(std::intptr_t{rule.cfa_offset});
    return rule.cfa == CfaKind::kMemory && !read(cfa, cfa) ? 0 : cfa;
  }

  // A register without a place keeps its value.
  bool restore(const Place& place, std::uintptr_t cfa, std::uintptr_t& value) noexcept {
    const auto offset = static_cast<std::uintptr_t>(std::intptr_t{place.offset});
    if (place.where == Where::kAtCfa) return read(cfa + offset, value);
    if (place.where == Where::kAtFp) return read(at_.tracked[kFp] + offset, value);
    return true;
  }

  bool follow_frame_pointer() noexcept {
    constexpr std::uintptr_t kWord = sizeof(std::uintptr_t);
    constexpr std::uintptr_t kMaxFrameBytes = std::uintptr_t{1}
                                              << 16U;  // farther off: another stack
    const std::uintptr_t record = at_.tracked[kFp];
    std::uintptr_t pc = 0;
    std::uintptr_t fp = 0;
    return record - sp() < kMaxFrameBytes && read(record + kWord, pc) && read(record, fp) &&
           enter(pc, record + 2 * kWord, fp, at_.tracked[kExtra]);
  }

  bool enter(std::uintptr_t pc, std::uintptr_t cfa, std::uintptr_t fp,
             std::uintptr_t extra) noexcept {
    at_.pc = without_signature(pc);
    at_.tracked = {cfa, fp, extra, 0};
    is_exact_ = false;
    return true;
  }

  // To what the signal interrupted, which may be on another stack.
  bool leave_signal() noexcept {
    const std::uintptr_t context = sp() + kSavedContext;
    Registers interrupted;
    for (std::size_t i = 0; i < kSavedRegisters.size(); ++i) {
      std::uintptr_t& value = i == 0 ? interrupted.pc : interrupted.tracked[i - 1];
      if (!read(context + kSavedRegisters[i], value)) return false;
    }
    at_ = interrupted;
    is_exact_ = true;
    return true;
  }

  // Frames found by frame pointers count only if these led on to code with tables.
  std::size_t cut() noexcept {
    if (!is_certain_) depth_ = std::min(depth_, certain_depth_);
    if (!is_recording_) out_[depth_++] = first_ - 1;
    depth_ = std::min(depth_, capacity_ - 1);
    out_[depth_++] = kCutMark;
    return depth_;
  }

  std::uintptr_t* out_;
  std::size_t capacity_;
  std::size_t depth_ = 0;
  std::uintptr_t first_ = 0;
  bool is_recording_ = true;
  Registers at_;
  bool is_exact_ = true;    // at_.pc is the next instruction, not where a call returns to
  bool is_certain_ = true;  // there are tables for it
  std::size_t certain_depth_ = 0;
  std::array<std::uintptr_t, 2> unknown_code_{};
  const ObjectReader objects_;
  StackMemory memory_;
};

}  // namespace

void prepare_unwinder() { add_all_objects(); }
void refresh_unwinder() noexcept { refresh_objects(); }

const char* why_stacks_are_cut() noexcept {
  return can_copy_memory() ? ""
                           : "stacks are cut: a seccomp filter forbids process_vm_readv(2) on this "
                             "process itself";
}

std::size_t capture_own_stack(std::uintptr_t* out, std::size_t capacity, const void* return_address,
                              const Registers& here) noexcept {
  while (true) {
    Walk walk(out, capacity, here, here.tracked[kSp]);
    walk.begin_with(reinterpret_cast<std::uintptr_t>(return_address));
    const std::size_t depth = walk.run();
    if (out[depth - 1] != kCutMark || depth == capacity) return depth;
    // Another thread may have added it meanwhile.
    bool has_changed = false;
    for (const std::uintptr_t code : walk.unknown_code()) {
      if (code == 0) continue;
      has_changed = add_object_at(code) || ObjectReader().find(code) != nullptr || has_changed;
    }
    // Or an object is another one than it was: the walk went astray shortly before it ended.
    constexpr std::size_t kSuspects = 3;
    for (std::size_t i = 2; !has_changed && i <= std::min(depth, 1 + kSuspects); ++i) {
      has_changed = add_object_at(out[depth - i]);
    }
    if (!has_changed) return depth;
  }
}

std::size_t capture_interrupted_stack(std::uintptr_t* out, std::size_t capacity,
                                      const void* ucontext) noexcept {
  Registers from;
  const auto* const bytes = static_cast<const unsigned char*>(ucontext);
  for (std::size_t i = 0; i < kSavedRegisters.size(); ++i) {
    std::uintptr_t& value = i == 0 ? from.pc : from.tracked[i - 1];
    std::memcpy(&value, bytes + kSavedRegisters[i], sizeof(value));
  }
  Walk walk(out, capacity, from, reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)));
  const std::size_t depth = walk.run();
  for (const std::uintptr_t code : walk.unknown_code()) {
    if (code != 0) want_object_at(code);
  }
  return depth;
}

}  // namespace pprof::internal
