// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Types in text (spec 6.4), type uses (6.6.4) and type definitions (6.6.2).
#pragma once

#include <string_view>
#include <vector>

#include "wat/context.h"

namespace wazuka::wat {

/// `(type x)? (param …)* (result …)*`. Reused: `clear` keeps the memory.
struct TypeUse {
  struct Param {
    u32 index;
    u32 offset;  // of the identifier
    std::string_view id, name;
  };
  bool has_index = false, has_inline = false;
  u32 index = 0;
  u32 index_offset = 0;
  std::vector<ValType> params, results;
  std::vector<Param> named;  // parameters with an identifier or a name

  void clear() {
    has_index = has_inline = false;
    params.clear(), results.clear(), named.clear();
  }
};

/// A memory type as written: an explicit page size is written out even if it is the default one.
struct TextMemoryType {
  Limits limits;
  bool is64 = false, shared = false;
  std::optional<u32> page_size_log2;

  void write(BinaryWriter& out) const;
};

class TypeParser {
 public:
  explicit TypeParser(ModuleContext& module) : m_(module), c_(module.c) {}

  [[nodiscard]] bool val_type(ValType& out);
  [[nodiscard]] bool ref_type(ValType& out);
  [[nodiscard]] bool heap_type(HeapType& heap, bool& exact);
  /// Whether a reference type comes: a shorthand or `(ref`.
  bool at_ref_type() const;

  [[nodiscard]] bool global_type(GlobalType& out);
  [[nodiscard]] bool table_type(TableType& out);
  [[nodiscard]] bool memory_type(TextMemoryType& out);
  [[nodiscard]] bool page_size(std::optional<u32>& log2);

  [[nodiscard]] bool type_use(TypeUse& out, bool allow_names);
  /// The type index of a type use; checks that both forms agree, or appends an implied type.
  u32 resolve(const TypeUse& use);
  void check(const TypeUse& use);

  /// Module fields: the cursor is behind `(type` or `(rec`, and is left before the closing `)`.
  [[nodiscard]] bool type_field(bool in_group);
  [[nodiscard]] bool rec_field();

 private:
  [[nodiscard]] bool shorthand(ValType& out, bool include_val_types);
  [[nodiscard]] bool storage_type(StorageType& out);
  [[nodiscard]] bool field_type(FieldType& out);
  [[nodiscard]] bool limits(Limits& out);
  [[nodiscard]] bool signature(TypeUse& out, bool allow_names);
  [[nodiscard]] bool param_list(TypeUse& out, bool allow_names);
  [[nodiscard]] bool type_definition(u32 index, SubType& out);
  void name_parts(u32 index, const SubType& type);
  [[nodiscard]] bool composite(u32 index, SubType& out);
  [[nodiscard]] bool composite_kind(u32 index, SubType& out);
  [[nodiscard]] bool struct_fields(u32 index);
  void declare_field(u32 type, u32 field, std::string_view id, u32 offset);

  ModuleContext& m_;
  Cursor& c_;
  TypeUse use_;
  std::vector<FieldType> fields_;
  NameList field_names_;
};

}  // namespace wazuka::wat
