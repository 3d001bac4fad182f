// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The `name` section (spec appendix A.7.1 and its extensions) while a module is being parsed.
//
// Names are the $identifiers of the text, or what (@name "…") says instead. Entries arrive in
// ascending order of index, so each subsection is written as it grows.
#pragma once

#include <array>
#include <string_view>

#include "wasm/encoder.h"

namespace wazuka::wat {

/// Subsection ids of names by index.
enum class NameKind : u8 {
  kFunc = 1,
  kLocal = 2,  // by function
  kLabel = 3,  // by function
  kType = 4,
  kTable = 5,
  kMemory = 6,
  kGlobal = 7,
  kElem = 8,
  kData = 9,
  kField = 10,  // by type
  kTag = 11,
  kParam = 12,  // by type: parameters of function types
};

/// A name map: index → name.
struct NameList {
  u32 count = 0;
  BinaryWriter entries;
  void add(u32 index, std::string_view name) {
    ++count;
    entries.u32v(index);
    entries.name(name);
  }
  void clear() {
    count = 0;
    entries.clear();
  }
};

class NameSection {
 public:
  void set_module(std::string_view name) {
    module_ = name;
    has_module_ = true;
  }
  void add(NameKind kind, u32 index, std::string_view name) { list(kind).add(index, name); }
  /// The names inside one function or type (kLocal, kLabel, kField, kParam); empty lists leave no
  /// trace.
  void add(NameKind kind, u32 outer, const NameList& names);

  /// Writes the custom section, if there is any name.
  void write(BinaryWriter& out) const;

 private:
  NameList& list(NameKind kind) { return lists_[static_cast<u32>(kind)]; }

  std::string_view module_;
  bool has_module_ = false;
  std::array<NameList, 13> lists_;  // by subsection id
};

}  // namespace wazuka::wat
