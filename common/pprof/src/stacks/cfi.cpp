// See cfi.h.
#include "stacks/cfi.h"

#include <dwarf.h>
#include <elf.h>

#include <array>
#include <cstring>
#include <utility>

namespace pprof::internal {
namespace {

constexpr unsigned kFormatBits = 0x0F;  // of DW_EH_PE_*

// "breg N, offset": which register, and the offset.
std::optional<std::pair<TrackedRegister, std::int32_t>> base_register(ByteReader& expression) {
  const auto operation = expression.number<std::uint8_t>();
  if (operation < DW_OP_breg0 || operation > DW_OP_breg31) return {};
  const TrackedRegister base = tracked(operation - DW_OP_breg0);
  return std::pair(base, static_cast<std::int32_t>(expression.signed_leb()));
}

// The three expressions in use: "breg", "breg, deref" (a realigned stack), and the linker's for the
// PLT: breg sp 8, breg pc 0, lit15, and, litN, ge, lit3, shl, plus.
void set_cfa_expression(Rule& rule, ByteReader expression) {
  rule.cfa = CfaKind::kNone;
  const auto base = base_register(expression);
  if (!base || base->first == kUntracked) return;
  rule.cfa_register = base->first;
  rule.cfa_offset = base->second;
  if (expression.at_end()) {
    rule.cfa = CfaKind::kRegister;
    return;
  }
  const auto next = expression.number<std::uint8_t>();
  if (next == DW_OP_deref && expression.at_end()) {
    rule.cfa = CfaKind::kMemory;
  } else if (next == DW_OP_breg16 && expression.number<std::uint8_t>() == 0 &&
             expression.number<std::uint8_t>() == DW_OP_lit15 &&
             expression.number<std::uint8_t>() == DW_OP_and) {
    rule.cfa_offset = expression.number<std::uint8_t>() - DW_OP_lit0;
    rule.cfa = CfaKind::kPlt;
  }
}

Place place_of_expression(ByteReader expression) {
  const auto base = base_register(expression);
  const bool is_known = base && base->first == kFp && expression.at_end();
  return is_known ? Place{Where::kAtFp, base->second} : Place{Where::kLost, 0};
}

}  // namespace

template <class Number>
Number ByteReader::number() {
  Number value{};
  ok_ = ok_ && static_cast<std::size_t>(end_ - at_) >= sizeof(Number);
  if (!ok_) return value;
  std::memcpy(&value, at_, sizeof(value));
  at_ += sizeof(value);
  address_ += sizeof(value);
  return value;
}

std::int64_t ByteReader::leb(bool is_signed) {
  std::uint64_t value = 0;
  unsigned shift = 0;
  unsigned byte = 0;
  do {
    byte = number<std::uint8_t>();
    if (shift < 64) value |= std::uint64_t{byte & 0x7FU} << shift;
    shift += 7;
  } while ((byte & 0x80U) != 0);
  if (is_signed && shift < 64 && (byte & 0x40U) != 0) value |= ~std::uint64_t{0} << shift;
  return static_cast<std::int64_t>(value);
}

std::uint64_t ByteReader::unsigned_leb() { return static_cast<std::uint64_t>(leb(false)); }

std::uintptr_t ByteReader::pointer(unsigned char encoding) {
  const std::uintptr_t here = address_;
  const unsigned format = encoding & kFormatBits;
  const unsigned relative = encoding - format;
  std::int64_t value = 0;
  if (format == DW_EH_PE_udata4) {
    value = number<std::uint32_t>();
  } else if (format == DW_EH_PE_sdata4) {
    value = number<std::int32_t>();
  } else {
    value = number<std::int64_t>();
    ok_ = ok_ &&
          (format == DW_EH_PE_absptr || format == DW_EH_PE_udata8 || format == DW_EH_PE_sdata8);
  }
  ok_ = ok_ && (relative == DW_EH_PE_absptr || relative == DW_EH_PE_pcrel);
  return static_cast<std::uintptr_t>(value) + (relative == DW_EH_PE_pcrel ? here : 0);
}

ByteReader ByteReader::sub_reader(std::uint64_t size) {
  ok_ = ok_ && static_cast<std::uint64_t>(end_ - at_) >= size;
  ByteReader sub(at_, at_ + (ok_ ? size : 0), address_);
  at_ = sub.end_;
  address_ += ok_ ? size : 0;
  return sub;
}

// Runs the program of one record. The state of the machine is a Rule.
class CfiSection::Program {
 public:
  Program(const Common& common, std::uintptr_t pc, const Row* row)
      : common_(common), pc_(pc), row_(row), rule_(common.initial) {}

  void run(ByteReader code) {
    while (!code.at_end() && code.ok()) step(code);
    if (!code.ok()) rule_ = Rule{};
  }
  const Rule& rule() const { return rule_; }
  // The machine's state as a rule to be followed.
  Rule result() const {
    Rule rule = rule_;
    if (common_.is_signal_frame) {
      rule.cfa = CfaKind::kSignal;
    } else if (rule.return_address.where == Where::kUndefined) {
      rule.cfa = CfaKind::kEnd;
    } else if (rule.return_address.where == Where::kLost || rule.cfa_register >= kReturnAddress) {
      rule.cfa = CfaKind::kNone;
    }
    return rule;
  }
  void emit() const {
    if (row_ != nullptr) (*row_)(pc_, result());
  }

 private:
  void step(ByteReader& code) {
    const auto operation = code.number<std::uint8_t>();
    const unsigned operand = operation & 0x3FU;
    switch (operation & 0xC0U) {
      case DW_CFA_advance_loc:
        advance(operand);
        break;
      case DW_CFA_offset:
        set(operand, {Where::kAtCfa, scaled(code.unsigned_leb())});
        break;
      case DW_CFA_restore:
        restore(operand);
        break;
      default:
        step_extended(operation, code);
    }
  }

  void step_extended(unsigned operation, ByteReader& code) {
    switch (operation) {
      case DW_CFA_set_loc:
        emit();
        pc_ = code.pointer(common_.encoding);
        break;
      case DW_CFA_advance_loc1:
        advance(code.number<std::uint8_t>());
        break;
      case DW_CFA_advance_loc2:
        advance(code.number<std::uint16_t>());
        break;
      case DW_CFA_advance_loc4:
        advance(code.number<std::uint32_t>());
        break;
      case DW_CFA_def_cfa:
        define_cfa(code.unsigned_leb(), code, false);
        break;
      case DW_CFA_def_cfa_sf:
        define_cfa(code.unsigned_leb(), code, true);
        break;
      case DW_CFA_def_cfa_register:
        rule_.cfa_register = tracked(code.unsigned_leb());
        break;
      case DW_CFA_def_cfa_offset:
        rule_.cfa_offset = static_cast<std::int32_t>(code.unsigned_leb());
        break;
      case DW_CFA_def_cfa_offset_sf:
        rule_.cfa_offset = scaled(code.signed_leb());
        break;
      case DW_CFA_def_cfa_expression:
        set_cfa_expression(rule_, code.sub_reader(code.unsigned_leb()));
        break;
      case DW_CFA_remember_state:
        if (remembered_count_ == remembered_.size()) return give_up(code);
        remembered_[remembered_count_++] = rule_;
        break;
      case DW_CFA_restore_state:
        if (remembered_count_ == 0) return give_up(code);
        rule_ = remembered_[--remembered_count_];
        break;
      case DW_CFA_nop:
      case DW_CFA_GNU_window_save:
        break;  // aarch64: the return address is signed from here on
      case DW_CFA_GNU_args_size:
        code.unsigned_leb();
        break;
      default:
        step_register(operation, code.unsigned_leb(), code);
    }
  }

  void step_register(unsigned operation, std::uint64_t number, ByteReader& code) {
    switch (operation) {
      case DW_CFA_offset_extended:
        return set(number, {Where::kAtCfa, scaled(code.unsigned_leb())});
      case DW_CFA_offset_extended_sf:
        return set(number, {Where::kAtCfa, scaled(code.signed_leb())});
      case DW_CFA_restore_extended:
        return restore(number);
      case DW_CFA_undefined:
        return set(number, {Where::kUndefined, 0});
      case DW_CFA_same_value:
        return set(number, {Where::kUnchanged, 0});
      case DW_CFA_expression:
        return set(number, place_of_expression(code.sub_reader(code.unsigned_leb())));
      case DW_CFA_val_expression:
        code.sub_reader(code.unsigned_leb());
        return set(number, {Where::kLost, 0});
      case DW_CFA_register:
      case DW_CFA_val_offset:
      case DW_CFA_val_offset_sf:
        code.unsigned_leb();
        return set(number, {Where::kLost, 0});
      default:
        give_up(code);
    }
  }

  template <class Number>
  std::int32_t scaled(Number factored) const {
    return static_cast<std::int32_t>(static_cast<std::int64_t>(factored) *
                                     common_.entry.data_alignment_factor);
  }
  void advance(std::uint64_t delta) {
    if (delta != 0) emit();
    pc_ += delta * common_.entry.code_alignment_factor;
  }
  void define_cfa(std::uint64_t number, ByteReader& code, bool is_factored) {
    rule_.cfa = CfaKind::kRegister;
    rule_.cfa_register = tracked(number);
    rule_.cfa_offset =
        is_factored ? scaled(code.signed_leb()) : static_cast<std::int32_t>(code.unsigned_leb());
  }
  void set(std::uint64_t number, Place place) {
    if (Place* const kept = place_in(rule_, number); kept != nullptr) *kept = place;
  }
  void restore(std::uint64_t number) {
    Rule initial = common_.initial;
    if (const Place* const place = place_in(initial, number)) set(number, *place);
  }
  static Place* place_in(Rule& rule, std::uint64_t number) {
    switch (tracked(number)) {
      case kFp:
        return &rule.fp;
      case kExtra:
        return &rule.extra;
      case kReturnAddress:
        return &rule.return_address;
      default:
        return nullptr;
    }
  }
  static void give_up(ByteReader& code) { code.sub_reader(~std::uint64_t{0}); }

  const Common& common_;
  std::uintptr_t pc_;
  const Row* row_;  // null: of a CIE
  Rule rule_;
  std::array<Rule, 8> remembered_;
  std::size_t remembered_count_ = 0;
};

CfiSection::CfiSection(ObjectBytes section) : section_(section) {}

ByteReader CfiSection::reader(const unsigned char* begin, const unsigned char* end) const {
  const auto offset = static_cast<std::uintptr_t>(begin - section_.bytes.data());
  return {begin, end, section_.address + offset};
}

bool CfiSection::read_entry(Dwarf_Off offset, Dwarf_CFI_Entry& entry) const {
  constexpr std::array<unsigned char, EI_NIDENT> kIdent{ELFMAG0,    ELFMAG1,     ELFMAG2,   ELFMAG3,
                                                        ELFCLASS64, ELFDATA2LSB, EV_CURRENT};
  Elf_Data data{};
  data.d_buf = const_cast<unsigned char*>(section_.bytes.data());  // which libdw only reads
  data.d_size = section_.bytes.size();
  data.d_version = EV_CURRENT;
  Dwarf_Off next = 0;
  return offset < data.d_size &&
         dwarf_next_cfi(kIdent.data(), &data, true, offset, &next, &entry) == 0;
}

bool CfiSection::read_common(Dwarf_Off offset) {
  if (common_ && common_->offset == offset) return true;
  common_.reset();
  Dwarf_CFI_Entry entry{};
  if (!read_entry(offset, entry) || !dwarf_cfi_cie_p(&entry)) return false;
  Common common{offset, entry.cie, DW_EH_PE_absptr, false, {}};
  ByteReader data = reader(entry.cie.augmentation_data,
                           entry.cie.augmentation_data + entry.cie.augmentation_data_size);
  for (const char* letter = entry.cie.augmentation; *letter != '\0'; ++letter) {
    if (*letter == 'R') common.encoding = data.number<std::uint8_t>();
    if (*letter == 'L') data.number<std::uint8_t>();
    if (*letter == 'P') {
      const auto encoding = data.number<std::uint8_t>();
      data.pointer(static_cast<unsigned char>(encoding & kFormatBits));
    }
    common.is_signal_frame = common.is_signal_frame || *letter == 'S';
  }
  if (!data.ok() || tracked(entry.cie.return_address_register) != kReturnAddress) return false;
  Program program(common, 0, nullptr);
  program.run(reader(entry.cie.initial_instructions, entry.cie.initial_instructions_end));
  common.initial = program.rule();
  common_ = common;
  return true;
}

void CfiSection::read_function(std::uintptr_t record, const Row& row) {
  Dwarf_CFI_Entry entry{};
  if (!read_entry(record - section_.address, entry) || dwarf_cfi_cie_p(&entry) ||
      !read_common(entry.fde.CIE_pointer)) {
    return;
  }
  ByteReader fields = reader(entry.fde.start, entry.fde.end);
  const std::uintptr_t begin = fields.pointer(common_->encoding);
  const std::uintptr_t size = fields.pointer(common_->encoding & kFormatBits);
  if (*common_->entry.augmentation == 'z') fields.sub_reader(fields.unsigned_leb());
  if (!fields.ok() || size == 0) return;
  Program program(*common_, begin, &row);
  program.run(fields);
  program.emit();
  row(begin + size, Rule{});
}

}  // namespace pprof::internal
