// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "image/writer.h"

#include <algorithm>
#include <cstring>
#include <elf.h>

#include "base/hash.h"

namespace wazuka::image {
namespace {

constexpr u64 kMaxCodeBytes = u64{1} << 30;  // within reach of the FuncCodes
constexpr u64 kProgramHeader = sizeof(Elf64_Ehdr);
static_assert(kProgramHeader + sizeof(Elf64_Phdr) <= kHeaderOffset);
constexpr u32 kFirstPart = 1;                    // section 0 is ELF's null
constexpr u32 kNames = kFirstPart + kPartCount;  // the section with the names of sections
constexpr u32 kSections = kNames + 1;

u64 round_up(u64 n, u64 multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

template <class T>
std::span<const u8> as_bytes(std::span<const T> items) {
  return {reinterpret_cast<const u8*>(items.data()), items.size_bytes()};
}
template <class T>
std::span<const u8> as_bytes(const std::vector<T>& items) {
  return as_bytes(std::span<const T>(items));
}

/// The tables of all functions, one behind the other, and where their code goes.
struct Code {
  std::vector<StoredFunction> functions;
  std::vector<u32> relocations;
  CodeTables tables;
  u64 text_bytes = 0;

  StoredFunction here() const {
    StoredFunction f;
    f.traps = static_cast<u32>(tables.traps.size());
    f.calls = static_cast<u32>(tables.calls.size());
    f.roots = static_cast<u32>(tables.roots.size());
    f.tries = static_cast<u32>(tables.tries.size());
    f.clauses = static_cast<u32>(tables.clauses.size());
    f.inlined = static_cast<u32>(tables.inlined.size());
    f.relocations = static_cast<u32>(relocations.size());
    return f;
  }
  void add(const Function& f, bool keep_relocations);
};

template <class T>
void append(std::vector<T>& to, std::span<const T> items) {
  to.insert(to.end(), items.begin(), items.end());
}

void Code::add(const Function& f, bool keep_relocations) {
  StoredFunction stored = here();
  const u64 begin = round_up(text_bytes, f.alignment);
  text_bytes = begin + f.bytes.size();
  stored.begin = static_cast<u32>(begin);
  stored.end = static_cast<u32>(text_bytes);
  stored.frame_bytes = f.frame_bytes;
  stored.func_index = f.func_index;
  stored.optimized = f.optimized;
  functions.push_back(stored);
  append(tables.traps, f.tables.traps);
  append(tables.calls, f.tables.calls);
  append(tables.roots, f.tables.roots);
  append(tables.tries, f.tables.tries);
  append(tables.clauses, f.tables.clauses);
  append(tables.inlined, f.tables.inlined);
  if (!keep_relocations) return;
  for (const Relocation& r : f.relocations) relocations.push_back(r.offset);
}

class Writer {
 public:
  explicit Writer(Input input) : in_(std::move(input)) {}

  Result<std::vector<u8>> run() {
    std::ranges::sort(in_.functions, {}, &Function::func_index);
    u64 bytes = 0;
    for (const Function& f : in_.functions) bytes += f.bytes.size() + f.alignment;
    if (bytes > kMaxCodeBytes) return fail("the code of the module is too large for an image");
    for (const Function& f : in_.functions) code_.add(f, in_.keep_relocations);
    code_.functions.push_back(code_.here());  // ends the tables of the last one
    lay_out();
    file_.resize(header_.file_bytes);
    for (u32 i = 0; i < kPartCount; ++i) {
      if (static_cast<PartId>(i) != PartId::kText) put(header_.parts[i].offset, contents(i));
    }
    for (u32 i = 0; i < in_.functions.size(); ++i) place(in_.functions[i], code_.functions[i]);
    write_elf();
    finish_header();
    return std::move(file_);
  }

 private:
  std::span<const u8> contents(u32 part) const {
    switch (static_cast<PartId>(part)) {
      case PartId::kFunctions: return as_bytes(code_.functions);
      case PartId::kRelocations: return as_bytes(code_.relocations);
      case PartId::kTraps: return as_bytes(code_.tables.traps);
      case PartId::kCalls: return as_bytes(code_.tables.calls);
      case PartId::kRoots: return as_bytes(code_.tables.roots);
      case PartId::kTries: return as_bytes(code_.tables.tries);
      case PartId::kClauses: return as_bytes(code_.tables.clauses);
      case PartId::kInlined: return as_bytes(code_.tables.inlined);
      case PartId::kTypeIds: return as_bytes(in_.module.type_ids);
      case PartId::kFuncInfos: return as_bytes(in_.module.func_infos);
      case PartId::kLoops: return as_bytes(in_.module.func_info_pool.loops);
      case PartId::kAssignedLocals: return as_bytes(in_.module.func_info_pool.assigned_locals);
      case PartId::kMemoryRuns: return as_bytes(in_.runs);
      case PartId::kModule: return in_.module.bytes;
      case PartId::kMemory: return in_.memory;
      case PartId::kText: break;
    }
    return {};
  }

  void lay_out() {
    u64 at = kHeaderOffset + sizeof(Header);
    sections_at_ = at = round_up(at, 8);
    at += kSections * sizeof(Elf64_Shdr);
    names_at_ = at;
    names_.push_back('\0');
    for (const PartInfo& part : kParts) {
      name_offsets_.push_back(static_cast<u32>(names_.size()));
      names_ += part.section;
      names_.push_back('\0');
    }
    name_offsets_.push_back(static_cast<u32>(names_.size()));
    names_ += ".shstrtab";
    names_.push_back('\0');
    at += names_.size();
    for (u32 i = 0; i < kPartCount; ++i) {
      const bool body = kParts[i].place == Place::kBody;
      if (body && header_.head_bytes == 0) header_.head_bytes = round_up(at, kPageBytes);
      at = round_up(at, body ? kPageBytes : 16);
      const bool text = static_cast<PartId>(i) == PartId::kText;
      header_.parts[i] = {at, text ? code_.text_bytes : contents(i).size(), 0};
      at += header_.parts[i].bytes;
    }
    header_.file_bytes = round_up(at, kPageBytes);
  }

  void put(u64 at, std::span<const u8> bytes) {
    if (!bytes.empty()) std::memcpy(file_.data() + at, bytes.data(), bytes.size());
  }
  template <class T>
  void put_struct(u64 at, const T& value) {
    put(at, {reinterpret_cast<const u8*>(&value), sizeof value});
  }

  void place(const Function& f, const StoredFunction& stored) {
    const u64 at = header_.part(PartId::kText).offset + stored.begin;
    put(at, f.bytes);
    for (const Relocation& r : f.relocations) {
      u8* const field = file_.data() + at + r.offset;
      u32 value;
      std::memcpy(&value, field, sizeof value);
      if (f.relocated_at) {
        value += *f.relocated_at - stored.begin;
      } else {
        const u32 func = r.index - in_.module.imported_funcs;
        value +=
            func * in_.func_bytes - static_cast<u32>(in_.code_distance) - (stored.begin + r.offset);
      }
      std::memcpy(field, &value, sizeof value);
    }
  }

  void write_elf() {
    const Part text = header_.part(PartId::kText);
    Elf64_Ehdr elf{};
    std::memcpy(elf.e_ident, ELFMAG, SELFMAG);
    elf.e_ident[EI_CLASS] = ELFCLASS64;
    elf.e_ident[EI_DATA] = ELFDATA2LSB;
    elf.e_ident[EI_VERSION] = EV_CURRENT;
    elf.e_type = ET_DYN;
    elf.e_machine = EM_X86_64;
    elf.e_version = EV_CURRENT;
    elf.e_phoff = kProgramHeader;
    elf.e_shoff = sections_at_;
    elf.e_ehsize = sizeof elf;
    elf.e_phentsize = sizeof(Elf64_Phdr);
    elf.e_phnum = 1;
    elf.e_shentsize = sizeof(Elf64_Shdr);
    elf.e_shnum = kSections;
    elf.e_shstrndx = kNames;
    put_struct(0, elf);
    // Addresses are offsets in the file.
    const Elf64_Phdr load{.p_type = PT_LOAD,
                          .p_flags = PF_R | PF_X,
                          .p_offset = text.offset,
                          .p_vaddr = text.offset,
                          .p_paddr = text.offset,
                          .p_filesz = text.bytes,
                          .p_memsz = text.bytes,
                          .p_align = kPageBytes};
    put_struct(kProgramHeader, load);
    for (u32 i = 0; i < kPartCount; ++i) write_section(i);
    Elf64_Shdr names{};
    names.sh_name = name_offsets_[kPartCount];
    names.sh_type = SHT_STRTAB;
    names.sh_offset = names_at_;
    names.sh_size = names_.size();
    names.sh_addralign = 1;
    put_struct(sections_at_ + kNames * sizeof names, names);
    put(names_at_, {reinterpret_cast<const u8*>(names_.data()), names_.size()});
  }

  void write_section(u32 part) {
    const bool text = static_cast<PartId>(part) == PartId::kText;
    const bool body = kParts[part].place == Place::kBody;
    Elf64_Shdr section{};
    section.sh_name = name_offsets_[part];
    section.sh_type = SHT_PROGBITS;
    section.sh_flags = text ? SHF_ALLOC | SHF_EXECINSTR : 0;
    section.sh_addr = text ? header_.parts[part].offset : 0;
    section.sh_offset = header_.parts[part].offset;
    section.sh_size = header_.parts[part].bytes;
    section.sh_addralign = body ? kPageBytes : 16;
    section.sh_entsize = body ? 0 : kParts[part].element_bytes;
    put_struct(sections_at_ + (kFirstPart + part) * sizeof section, section);
  }

  void finish_header() {
    std::memcpy(header_.magic, kMagic, sizeof kMagic);
    const std::string_view v = version();
    std::memcpy(header_.version, v.data(), std::min(v.size(), sizeof header_.version));
    header_.settings = in_.settings;
    header_.code_distance = in_.code_distance;
    header_.first_func = in_.module.imported_funcs;
    header_.func_count = static_cast<u32>(in_.module.func_infos.size());
    const std::span<const u8> all(file_);
    for (u32 i = 0; i < kPartCount; ++i) {
      Part& p = header_.parts[i];
      if (kParts[i].place != Place::kBody) continue;
      p.checksum = hash_bytes(all.subspan(p.offset, round_up(p.bytes, kPageBytes)));
    }
    put_struct(kHeaderOffset, header_);
    header_.head_checksum = head_checksum(all.first(header_.head_bytes));
    put_struct(kHeaderOffset, header_);
  }

  Input in_;
  Code code_;
  Header header_;
  u64 sections_at_ = 0, names_at_ = 0;
  std::string names_;
  std::vector<u32> name_offsets_;
  std::vector<u8> file_;
};

}  // namespace

Result<std::vector<u8>> write(Input input) {
  return Writer(std::move(input)).run();
}

}  // namespace wazuka::image
