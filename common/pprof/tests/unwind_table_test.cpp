// The tables against libdw's own interpreter, at places all over the loaded objects.
#include "stacks/unwind_table.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <link.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "stacks/objects.h"
#include "stacks/unwind.h"

namespace pprof::internal {
namespace {

#if defined(__x86_64__)
constexpr int kFpNumber = 6;
constexpr std::optional<int> kExtraNumber = 3;
constexpr int kReturnNumber = 16;
#else
constexpr int kFpNumber = 29;
constexpr std::optional<int> kExtraNumber;
constexpr int kReturnNumber = 30;
#endif

using Operations = std::span<const Dwarf_Op>;

Place place_by_libdw(Dwarf_Frame* frame, int number) {
  std::array<Dwarf_Op, 3> memory{};
  Dwarf_Op* operations = nullptr;
  std::size_t count = 0;
  if (dwarf_frame_register(frame, number, memory.data(), &operations, &count) != 0) {
    return {Where::kLost, 0};
  }
  if (count == 0) return {operations == nullptr ? Where::kUnchanged : Where::kUndefined, 0};
  if (operations[0].atom == DW_OP_call_frame_cfa) {
    const bool is_at_cfa = count == 1;
    return {Where::kAtCfa, is_at_cfa ? 0 : static_cast<std::int32_t>(operations[1].number)};
  }
  const bool is_at_fp = count == 1 && operations[0].atom == DW_OP_breg0 + kFpNumber;
  if (is_at_fp) return {Where::kAtFp, static_cast<std::int32_t>(operations[0].number)};
  return {Where::kLost, 0};
}

// Only what a Rule can say; else its CFA is kNone.
Rule rule_by_libdw(Dwarf_Frame* frame) {
  Rule rule;
  rule.fp = place_by_libdw(frame, kFpNumber);
  if (kExtraNumber) rule.extra = place_by_libdw(frame, *kExtraNumber);
  rule.return_address = place_by_libdw(frame, kReturnNumber);
  Dwarf_Op* operations = nullptr;
  std::size_t count = 0;
  if (dwarf_frame_cfa(frame, &operations, &count) != 0 || count == 0) return rule;
  if (rule.return_address.where == Where::kUndefined) {
    rule.cfa = CfaKind::kEnd;
    return rule;
  }
  if (rule.return_address.where == Where::kLost) return rule;
  const Dwarf_Op& base = operations[0];
  const bool is_x = base.atom == DW_OP_bregx;
  rule.cfa_register = tracked(is_x ? base.number : base.atom - DW_OP_breg0);
  rule.cfa_offset = static_cast<std::int32_t>(is_x ? base.number2 : base.number);
  if (rule.cfa_register >= kReturnAddress) return rule;
  if (count == 1) {
    rule.cfa = CfaKind::kRegister;
  } else if (count == 2 && operations[1].atom == DW_OP_deref) {
    rule.cfa = CfaKind::kMemory;
  } else if (count == 9 && operations[5].atom == DW_OP_ge) {
    rule.cfa = CfaKind::kPlt;
    rule.cfa_offset = static_cast<std::int32_t>(operations[4].atom - DW_OP_lit0);
  }
  return rule;
}

std::string text_of(const Rule& rule) {
  std::string text = "cfa " + std::to_string(static_cast<int>(rule.cfa)) + " r" +
                     std::to_string(rule.cfa_register) + "+" + std::to_string(rule.cfa_offset);
  for (const Place& place : {rule.fp, rule.extra, rule.return_address}) {
    text +=
        " " + std::to_string(static_cast<int>(place.where)) + ":" + std::to_string(place.offset);
  }
  return text;
}

// A place that nothing reads may differ. An undefined register is left as it is.
bool say_the_same(const Rule& a, Rule b) {
  for (Place* const place : {&b.fp, &b.extra}) {
    if (place->where == Where::kUndefined) place->where = Where::kUnchanged;
  }
  if (a.cfa != b.cfa) return false;
  return a.cfa == CfaKind::kNone || a.cfa == CfaKind::kEnd || a == b;
}

struct Loaded {
  std::string path;
  std::uintptr_t bias;
  std::uintptr_t begin;  // of its code
  std::uintptr_t end;
};

std::vector<Loaded> loaded_objects() {
  std::vector<Loaded> all;
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* to) {
        for (const ElfW(Phdr) & part : std::span(info->dlpi_phdr, info->dlpi_phnum)) {
          if (part.p_type != PT_LOAD || (part.p_flags & PF_X) == 0) continue;
          const std::uintptr_t begin = info->dlpi_addr + part.p_vaddr;
          const std::string path = *info->dlpi_name != '\0' ? info->dlpi_name : "/proc/self/exe";
          static_cast<std::vector<Loaded>*>(to)->push_back(
              {path, info->dlpi_addr, begin, begin + part.p_memsz});
        }
        return 0;
      },
      &all);
  return all;
}

// How many places were compared; stops at the first few that differ.
std::size_t compare_with_libdw(const Loaded& object) {
  const int file = open(object.path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;  // the vdso
  Elf* const elf = elf_begin(file, ELF_C_READ, nullptr);
  Dwarf_CFI* const cfi = dwarf_getcfi_elf(elf);
  const ObjectReader reader;
  std::size_t compared = 0;
  int differences = 0;
  constexpr std::uintptr_t kStep = 13;
  for (std::uintptr_t pc = object.begin; cfi != nullptr && pc < object.end && differences < 5;
       pc += kStep) {
    Dwarf_Frame* frame = nullptr;
    if (dwarf_cfi_addrframe(cfi, pc - object.bias, &frame) != 0) continue;
    const std::unique_ptr<Dwarf_Frame, decltype(&std::free)> owner(frame, &std::free);
    bool is_signal = false;
    dwarf_frame_info(frame, nullptr, nullptr, &is_signal);
    const Rule* const found = reader.find(pc);
    const Rule ours = found != nullptr ? *found : Rule{};
    const Rule theirs = rule_by_libdw(frame);
    const bool same = is_signal ? ours.cfa == CfaKind::kSignal : say_the_same(ours, theirs);
    EXPECT_TRUE(same) << object.path << " at " << std::hex << pc - object.bias << "\n ours   "
                      << text_of(ours) << "\n libdw's " << text_of(theirs);
    differences += same ? 0 : 1;
    ++compared;
  }
  dwarf_cfi_end(cfi);
  elf_end(elf);
  close(file);
  return compared;
}

TEST(UnwindTable, SaysWhatLibdwSays) {
  elf_version(EV_CURRENT);
  prepare_unwinder();
  std::size_t compared = 0;
  for (const Loaded& object : loaded_objects()) compared += compare_with_libdw(object);
  EXPECT_GT(compared, 10'000U);
}

}  // namespace
}  // namespace pprof::internal
