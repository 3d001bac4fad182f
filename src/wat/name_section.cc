// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wat/name_section.h"

namespace wazuka::wat {

void NameSection::add(NameKind kind, u32 outer, const NameList& names) {
  if (names.count == 0) return;
  NameList& all = list(kind);
  ++all.count;
  all.entries.u32v(outer);
  all.entries.u32v(names.count);
  all.entries.raw(names.entries.bytes());
}

void NameSection::write(BinaryWriter& out) const {
  BinaryWriter section;
  auto subsection = [&section](u8 id, const BinaryWriter& contents) {
    section.byte(id);
    section.u32v(static_cast<u32>(contents.size()));
    section.raw(contents.bytes());
  };
  if (has_module_) {
    BinaryWriter name;
    name.name(module_);
    subsection(0, name);
  }
  for (u8 id = 1; id < lists_.size(); ++id) {
    if (lists_[id].count == 0) continue;
    BinaryWriter contents;
    contents.u32v(lists_[id].count);
    contents.raw(lists_[id].entries.bytes());
    subsection(id, contents);
  }
  if (!section.empty()) write_custom_section(out, "name", section.bytes());
}

}  // namespace wazuka::wat
