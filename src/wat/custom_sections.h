// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Custom sections written as annotations: (@custom "name" (before func)? "bytes"…), (@producers …)
// and (@dylink.0 …), and where they go in the binary.
#pragma once

#include <string>
#include <vector>

#include "wasm/encoder.h"
#include "wat/cursor.h"

namespace wazuka::wat {

/// The sections that a place can refer to, in the order of the binary.
enum class Anchor : u8 {
  kType,
  kImport,
  kFunc,
  kTable,
  kMemory,
  kTag,
  kGlobal,
  kExport,
  kStart,
  kElem,
  kCode,
  kData,
};

/// Where a custom section goes: 0 before everything, then before and after each anchor, then last.
using Place = u8;
inline constexpr Place kBeforeFirst = 0, kAfterLast = 255;
constexpr Place before(Anchor a) {
  return static_cast<Place>(1 + 2 * static_cast<u8>(a));
}
constexpr Place after(Anchor a) {
  return static_cast<Place>(2 + 2 * static_cast<u8>(a));
}

class CustomSections {
 public:
  explicit CustomSections(Cursor& cursor) : c_(cursor) {}

  /// Whether one of the annotations comes.
  bool comes() const;
  [[nodiscard]] bool parse();
  /// Writes those of a place, in the order of the text.
  void write(Place place, BinaryWriter& out) const;

 private:
  struct Section {
    Place place;
    std::string name;
    BinaryWriter contents;
  };
  [[nodiscard]] bool custom();
  [[nodiscard]] bool place(Place& out);
  [[nodiscard]] bool producers();
  [[nodiscard]] bool dylink();
  [[nodiscard]] bool mem_info(BinaryWriter& out);
  [[nodiscard]] bool symbol(u32 names, BinaryWriter& out);
  [[nodiscard]] bool names(u32& count, BinaryWriter& out);

  Cursor& c_;
  std::vector<Section> sections_;
};

}  // namespace wazuka::wat
