// Program headers and build-id notes; see elf_image.h.
#include "symbolize/elf_image.h"

#include <elfutils/libdwelf.h>
#include <libelf.h>
#include <unistd.h>

#include <cstring>
#include <span>

namespace pprof::internal {
namespace {

void append_hex(std::span<const unsigned char> bytes, std::string& text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
}

std::size_t padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

// Appends the GNU build-id in one PT_NOTE segment, if any. Layout: elf(5), "Notes (Nhdr)".
void append_build_id(std::span<const unsigned char> notes, std::string& build_id) {
  while (notes.size() >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) header;
    std::memcpy(&header, notes.data(), sizeof(header));
    const std::size_t name = sizeof(header);
    const std::size_t content = name + padded(header.n_namesz);
    const std::size_t next = content + padded(header.n_descsz);
    if (next > notes.size()) break;
    if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == sizeof(ELF_NOTE_GNU) &&
        std::memcmp(notes.data() + name, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) == 0) {
      return append_hex(notes.subspan(content, header.n_descsz), build_id);
    }
    notes = notes.subspan(next);
  }
}

}  // namespace

bool read_executable_mapping(const dl_phdr_info& info, Mapping& mapping) {
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  bool found = false;
  mapping.build_id.clear();
  for (const ElfW(Phdr) & header : std::span(info.dlpi_phdr, info.dlpi_phnum)) {
    if (header.p_type == PT_NOTE && mapping.build_id.empty()) {
      // The loader gives notes as an address; there is no other way to reach them.
      const auto* notes =
          reinterpret_cast<const unsigned char*>(info.dlpi_addr + header.p_vaddr);  // NOLINT
      append_build_id({notes, header.p_memsz}, mapping.build_id);
    }
    if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0 || found) continue;
    const std::uint64_t start = info.dlpi_addr + header.p_vaddr;
    const std::uint64_t slack = start % page;
    const std::uint64_t limit = (start + header.p_memsz + page - 1) / page * page;
    mapping.start = start - slack;
    mapping.limit = limit;
    mapping.offset = header.p_offset - slack;
    found = true;
  }
  return found;
}

bool has_build_id(int descriptor, const std::string& build_id) {
  Elf* elf = elf_begin(descriptor, ELF_C_READ, nullptr);
  const void* bytes = nullptr;
  const ssize_t size = elf == nullptr ? 0 : dwelf_elf_gnu_build_id(elf, &bytes);
  std::string found;
  if (size > 0) {
    append_hex({static_cast<const unsigned char*>(bytes), static_cast<std::size_t>(size)}, found);
  }
  elf_end(elf);
  return found == build_id;
}

}  // namespace pprof::internal
