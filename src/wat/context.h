// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the parsers of one module share: the cursor, the index spaces, the types, the names.
//
// Two kinds of error meet here. Syntax errors stop the parse (Cursor). Errors of meaning — an
// identifier that nobody defines, a duplicate, an inline type that contradicts its reference — are
// only remembered, and the parse goes on with index 0: a syntax error anywhere comes first, as if
// the whole text had been read before any name is looked up. Among themselves they have ranks.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "wat/cursor.h"
#include "wat/name_map.h"
#include "wat/name_section.h"
#include "wat/type_table.h"

namespace wazuka::wat {

enum class Space : u8 { kFunc, kTable, kMemory, kGlobal, kTag, kType, kData, kElem };
inline constexpr u32 kSpaceCount = 8;
std::string_view space_name(Space space);

/// Ranks of errors of meaning; lower ones win, whatever their order in the text.
enum class Rank : u8 { kImportOrder, kDuplicate, kResolve, kNone };

struct ModuleContext {
  explicit ModuleContext(Cursor& cursor) : c(cursor) {}

  Cursor& c;
  std::array<NameMap, kSpaceCount> spaces;
  std::array<u32, kSpaceCount> counts = {};  // filled with the spaces
  TypeTable types;
  NameSection names;
  struct StructNames {
    u32 type_index;
    NameMap fields;
  };
  std::vector<StructNames> struct_names;  // ascending; structs with named fields only

  bool second_run = false;   // all types are known
  bool needs_types = false;  // a type index beyond the types known so far mattered

  Rank rank = Rank::kNone;
  Error meaning;  // the error of meaning, if rank is not kNone

  void complain(Rank r, u32 offset, std::string message);
  void unknown(std::string_view what, std::string_view name, u32 offset);

  /// A number or an identifier; identifiers that are not defined become 0 and an error of meaning.
  [[nodiscard]] bool index(Space space, u32& out);
  /// The same, or `otherwise` if neither comes.
  [[nodiscard]] bool optional_index(Space space, u32& out, u32 otherwise = 0) {
    out = otherwise;
    return c.at_index() ? index(space, out) : true;
  }
  /// `(@name "…")`, if it comes: overrides `name`.
  [[nodiscard]] bool optional_name(std::string_view& name);
  /// An identifier and `(@name "…")`, both optional; `name` is what the name section shall say.
  [[nodiscard]] bool optional_id_and_name(std::string_view& id, std::string_view& name);

  NameMap* fields_of(u32 type_index);
};

}  // namespace wazuka::wat
