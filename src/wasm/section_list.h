// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Where the sections of a binary are: for those who show it or keep the places of custom sections.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"
#include "wasm/module.h"
#include "wasm/section_id.h"

namespace wazuka {

struct SectionPlace {
  SectionId id = SectionId::kCustom;
  u32 header = 0;         // offset of its id
  ByteRange contents;     // after its size
  std::string_view name;  // custom sections
  u32 count = 0;          // entries of a vector; the value of a data count; 0 for others
};

struct SectionList {
  std::vector<SectionPlace> sections;
  std::vector<Error> errors;  // at most one: why the list ends early
};

/// Reads headers only: sections may be out of order, and contents may be anything.
SectionList list_sections(std::span<const u8> binary);

/// "type", "import" … as in messages and dumps.
std::string_view section_name(SectionId id);

}  // namespace wazuka
