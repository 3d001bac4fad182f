// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The second pass: every field of a module, in the order of the text, straight into its section.
#pragma once

#include <string>
#include <string_view>

#include "wat/body_parser.h"
#include "wat/custom_sections.h"
#include "wat/type_parser.h"

namespace wazuka::wat {

class FieldParser {
 public:
  explicit FieldParser(ModuleContext& module)
      : m_(module), c_(module.c), types_(module), body_(module, types_), customs_(module.c) {}

  /// Reads up to the end of the module. `named`: the module already has a (@name …).
  [[nodiscard]] bool fields(bool named);
  /// The whole binary.
  std::vector<u8> assemble(bool emit_names) const;

 private:
  struct Section {
    u32 count = 0;
    BinaryWriter entries;
  };
  /// Identifier, names and inline exports of an entity; its index is the next of its space.
  struct Head {
    u32 index = 0;
    u32 offset = 0;  // of the field's keyword
    std::string_view name;
  };
  struct Elements {
    bool expressions = false;
    ValType type = kFuncRef;
    u32 count = 0;
    BinaryWriter items;
  };

  [[nodiscard]] bool field();
  [[nodiscard]] bool misplaced_annotation(bool named);
  [[nodiscard]] bool skip_field();
  [[nodiscard]] bool head(Space space, ExternKind kind, NameKind names, Head& out);
  [[nodiscard]] bool export_names(ExternKind kind, u32 index);
  u32 next_index(Space space) { return next_[static_cast<u32>(space)]++; }
  void defined(std::string_view what) { last_defined_ = what; }

  // Imports
  [[nodiscard]] bool import_field();
  [[nodiscard]] bool import_group();
  [[nodiscard]] bool inline_import(const Head& head, BinaryWriter& out);
  [[nodiscard]] bool item(u32 copies, BinaryWriter& out);
  [[nodiscard]] bool item_type(Keyword kind, BinaryWriter& out);
  [[nodiscard]] bool func_type_of_import(BinaryWriter& out);
  void check_import_order(u32 offset);
  void name_params(u32 func);

  // Definitions
  [[nodiscard]] bool func();
  [[nodiscard]] bool table();
  [[nodiscard]] bool inline_table(TableType type, u32 index);
  [[nodiscard]] bool memory();
  [[nodiscard]] bool inline_memory(u32 index);
  [[nodiscard]] bool global();
  [[nodiscard]] bool tag();
  [[nodiscard]] bool export_field();
  [[nodiscard]] bool start();

  // Segments (segment_parser.cc)
  [[nodiscard]] bool elem();
  [[nodiscard]] bool element_indices(Elements& out);
  [[nodiscard]] bool element_expressions(Elements& out);
  [[nodiscard]] bool expression_or_folded(Keyword list, BinaryWriter& out);
  void write_elem(u8 mode, const u32* table, const BinaryWriter& offset, const Elements& elements);
  [[nodiscard]] bool data();
  [[nodiscard]] bool data_values(std::string& bytes);
  [[nodiscard]] bool data_list(std::string& bytes);
  void write_data(u32 memory, const BinaryWriter& offset, std::string_view bytes);

  ModuleContext& m_;
  Cursor& c_;
  TypeParser types_;
  BodyParser body_;
  CustomSections customs_;
  TypeUse use_;

  std::array<u32, kSpaceCount> next_ = {};
  std::string_view last_defined_;  // the kind of the last definition that imports may not follow
  bool any_field_ = false;

  Section imports_, funcs_, tables_, memories_, tags_, globals_, exports_, elems_, codes_, datas_;
  bool has_start_ = false;
  u32 start_ = 0;
};

}  // namespace wazuka::wat
