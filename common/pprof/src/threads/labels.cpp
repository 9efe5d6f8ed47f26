// See labels.h and pprof/label.h.
//
// Each thread that has labels owns a stack of copies, in memory that is never freed, so that
// nothing can point into a frame that is gone. A signal handler reads the stack of its own thread
// only; only that thread pushes and pops. Other threads do one thing: when a scope ends that began
// elsewhere, they set the id of its entry to 0, and the owner drops it later.
#include "threads/labels.h"

#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <new>

#include "pprof/label.h"
#include "threads/bounded_text.h"

namespace pprof {
namespace internal {

const char pprof_1_0_is_not_in_this_program = 1;

struct LabelEntry {
  std::atomic<std::uint64_t> id{0};  // never used twice; 0: its scope has ended
  std::uint64_t scope = 0;  // that set the label: the id, unless it was carried; or kBarrier
  LabelCopy label{};
};

namespace {

// The entry below carried labels: what lies under it is hidden.
constexpr std::uint64_t kBarrier = 0;

constexpr std::size_t kMaxEntries = 32;
constexpr unsigned kSerialBits = 44;  // of an id; the upper ones number the stack

struct LabelStack {
  explicit LabelStack(std::uint64_t number) : next_id(number << kSerialBits | 1U) {}

  std::uint64_t next_id;
  std::atomic<bool> is_taken{true};
  LabelStack* next = nullptr;
  std::size_t volatile depth = 0;
  std::array<LabelEntry, kMaxEntries> entries;
};

constinit std::atomic<LabelStack*> all_stacks{nullptr};
constinit std::atomic<std::uint64_t> stacks_made{0};
constinit thread_local LabelStack* volatile own_stack = nullptr;

LabelStack* free_stack() noexcept {
  for (LabelStack* stack = all_stacks; stack != nullptr; stack = stack->next) {
    if (!stack->is_taken.load(std::memory_order_relaxed) && !stack->is_taken.exchange(true)) {
      return stack;
    }
  }
  auto* const made = new (std::nothrow) LabelStack(stacks_made.fetch_add(1));
  if (made == nullptr) return nullptr;
  made->next = all_stacks;
  while (!all_stacks.compare_exchange_weak(made->next, made)) {
  }
  return made;
}

// A key and not the destructor of a thread_local: these may still use labels.
void release_at_end_of_thread(LabelStack* stack) noexcept {
  static const pthread_key_t key = [] {
    pthread_key_t made{};
    pthread_key_create(&made, [](void* of_ending_thread) {
      auto* const ending = static_cast<LabelStack*>(of_ending_thread);
      own_stack = nullptr;
      ending->depth = 0;
      ending->is_taken = false;
    });
    return made;
  }();
  pthread_setspecific(key, stack);
}

LabelStack* stack_to_push_on() noexcept {
  if (own_stack == nullptr) {
    LabelStack* const stack = free_stack();
    if (stack == nullptr) return nullptr;
    release_at_end_of_thread(stack);
    own_stack = stack;
  }
  return own_stack;
}

// A handler sees whole entries only.
void set_depth(LabelStack& stack, std::size_t depth) noexcept {
  std::atomic_signal_fence(std::memory_order_seq_cst);
  stack.depth = depth;
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

void drop_ended(LabelStack& stack) noexcept {
  std::size_t depth = stack.depth;
  while (depth > 0 && stack.entries[depth - 1].id == 0) --depth;
  set_depth(stack, depth);
}

void push(LabelStack& stack, std::uint64_t scope, const char* key, const char* value) noexcept {
  LabelEntry& entry = stack.entries[stack.depth];
  copy_bounded(entry.label.key, key);
  copy_bounded(entry.label.value, value);
  entry.scope = scope;
  entry.id.store(stack.next_id++, std::memory_order_relaxed);
  set_depth(stack, stack.depth + 1);
}

// Its index on this stack; the depth if it is on another one or has been dropped.
std::size_t index_of(const LabelEntry* entry, std::uint64_t id, const LabelStack& stack) noexcept {
  std::size_t index = 0;
  while (index < stack.depth && (&stack.entries[index] != entry || entry->id != id)) ++index;
  return index;
}

void end_copies(LabelStack& stack, std::uint64_t scope) noexcept {
  for (std::size_t i = 0; i < stack.depth; ++i) {
    if (stack.entries[i].scope == scope) stack.entries[i].id.store(0, std::memory_order_relaxed);
  }
}

// Calls visit(entry) for the labels in force, innermost first; of equal keys only the innermost.
template <class Visit>
void visit_labels(Visit visit) noexcept {
  const LabelStack* const stack = own_stack;
  std::array<const LabelEntry*, kMaxLabels> seen;  // NOLINT(*-member-init): filled below
  std::size_t count = 0;
  for (std::size_t i = stack != nullptr ? stack->depth : 0; i > 0 && count < kMaxLabels; --i) {
    const LabelEntry& entry = stack->entries[i - 1];
    if (entry.id.load(std::memory_order_relaxed) == 0) continue;
    if (entry.scope == kBarrier) return;
    bool hidden = false;
    for (std::size_t k = 0; k < count; ++k) {
      hidden = hidden || std::strcmp(seen[k]->label.key.data(), entry.label.key.data()) == 0;
    }
    if (hidden) continue;
    seen[count++] = &entry;
    visit(entry);
  }
}

}  // namespace

void copy_current_labels(LabelSet& out) noexcept {
  out.count = 0;
  visit_labels([&out](const LabelEntry& entry) { out.labels[out.count++] = entry.label; });
}

void append_labels(const LabelSet& set, std::vector<Label>& out) {
  for (std::size_t i = 0; i < set.count; ++i) {
    out.push_back({set.labels[i].key.data(), set.labels[i].value.data()});
  }
}

}  // namespace internal

using internal::LabelEntry, internal::LabelStack;

Labels Labels::current() noexcept {
  Labels labels;
  internal::visit_labels([&labels](const LabelEntry& entry) {
    labels.labels_[labels.count_++] = {entry.scope, entry.label.key, entry.label.value};
  });
  return labels;
}

LabelScope::LabelScope(const char* key, const char* value) noexcept {
  LabelStack* const stack = internal::stack_to_push_on();
  if (stack == nullptr) return;
  drop_ended(*stack);
  if (stack->depth == internal::kMaxEntries) return;
  first_ = &stack->entries[stack->depth];
  id_ = stack->next_id;
  count_ = 1;
  push(*stack, id_, key, value);
}

LabelScope::LabelScope(const Labels& labels) noexcept {
  LabelStack* const stack = internal::stack_to_push_on();
  if (stack == nullptr) return;
  drop_ended(*stack);
  if (stack->depth + 1 + labels.count_ > internal::kMaxEntries) return;
  first_ = &stack->entries[stack->depth];
  id_ = stack->next_id;
  count_ = 1 + labels.count_;
  is_carried_ = true;
  push(*stack, internal::kBarrier, "", "");
  for (std::size_t i = labels.count_; i > 0; --i) {
    const Labels::Label& label = labels.labels_[i - 1];
    push(*stack, label.scope, label.key.data(), label.value.data());
  }
}

LabelScope::~LabelScope() {
  if (first_ == nullptr) return;
  LabelStack* const own = internal::own_stack;
  if (own != nullptr && is_carried_) {
    set_depth(*own, internal::index_of(first_, id_, *own));  // with what suspended work left above
  } else if (own != nullptr) {
    internal::end_copies(*own, id_);
  }
  for (std::size_t i = 0; i < count_; ++i) {  // where they began: on another thread's, perhaps
    std::uint64_t id = id_ + i;
    std::atomic<std::uint64_t>& there = first_[i].id;
    if (there.load(std::memory_order_relaxed) == id) there.compare_exchange_strong(id, 0);
  }
  if (own != nullptr) drop_ended(*own);
}

}  // namespace pprof
