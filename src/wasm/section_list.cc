// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/section_list.h"

#include <algorithm>

#include "wasm/binary_reader.h"

namespace wazuka {
namespace {

constexpr u32 kHeaderBytes = 8;

bool has_count(SectionId id) {
  return id != SectionId::kCustom && id != SectionId::kStart;
}

bool read_section(std::span<const u8> binary, BinaryReader& reader, SectionPlace& out) {
  out.header = reader.position();
  u8 id = reader.read_u8();
  out.contents = reader.read_range();
  if (reader.failed()) return false;
  if (id > static_cast<u8>(SectionId::kTag)) {
    return reader.fail_at(out.contents.offset, {"malformed section id: ", u32{id}}), false;
  }
  out.id = static_cast<SectionId>(id);
  BinaryReader contents(binary, out.contents);
  if (out.id == SectionId::kCustom) out.name = contents.read_name();
  if (has_count(out.id)) out.count = contents.read_u32();
  if (contents.failed()) out.count = 0;
  return true;
}

}  // namespace

SectionList list_sections(std::span<const u8> binary) {
  SectionList list;
  u32 start = static_cast<u32>(std::min<size_t>(binary.size(), kHeaderBytes));
  BinaryReader reader(binary, {start, static_cast<u32>(binary.size()) - start});
  while (!reader.at_end()) {
    SectionPlace place;
    if (read_section(binary, reader, place)) list.sections.push_back(place);
  }
  if (reader.failed()) list.errors.push_back(reader.take_error());
  return list;
}

std::string_view section_name(SectionId id) {
  switch (id) {
    case SectionId::kCustom: return "custom";
    case SectionId::kType: return "type";
    case SectionId::kImport: return "import";
    case SectionId::kFunction: return "function";
    case SectionId::kTable: return "table";
    case SectionId::kMemory: return "memory";
    case SectionId::kGlobal: return "global";
    case SectionId::kExport: return "export";
    case SectionId::kStart: return "start";
    case SectionId::kElement: return "element";
    case SectionId::kCode: return "code";
    case SectionId::kData: return "data";
    case SectionId::kDataCount: return "data count";
    case SectionId::kTag: return "tag";
  }
  return "";
}

}  // namespace wazuka
