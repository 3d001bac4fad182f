// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Internal to module_reader.cc and the *_section.cc files: reads the sections of one binary into a
// Module and validates everything but function bodies.
//
// While a section is read, the cursor's end is the section's end. Counts are checked against the
// bytes that remain before anything is reserved for them (an item takes at least a byte).
#pragma once

#include <string>

#include "wasm/body_decoder.h"
#include "wasm/module.h"
#include "wasm/module_reader.h"
#include "wasm/section_id.h"

namespace wazuka {

/// External kind of functions imported with an exact type (custom descriptors).
inline constexpr u8 kFuncExact = 0x20;

/// Marks functions that constant expressions refer to as referenceable in bodies (spec C.refs).
struct ConstExprSink : SinkBase<Empty, Empty> {
  Module* module;
  template <class P>
  void other(P&, Op op, const Immediates& imm, std::span<Slot>, std::span<Slot>) {
    if (op == Op::kRefFunc) module->funcs[imm.index].declared_ref = true;
  }
};

/// What the reader does about a binary that is well-formed but not valid.
enum class Checks : u8 {
  kFirstError,  // ends at the first error
  kAllErrors,   // collects errors as long as what follows can be judged in spite of them
  kSyntaxOnly,  // does not look: the module is good for showing, for nothing else
};

class SectionReader : public BinaryReader {
 public:
  explicit SectionReader(Module& module, Checks checks = Checks::kFirstError)
      : BinaryReader(module.bytes, {0, static_cast<u32>(module.bytes.size())}),
        m_(module),
        checks_(checks) {
    const_sink_.module = &module;
  }

  /// kAllErrors: what was found, without the one that ended reading, if any.
  std::vector<Error>& collected() { return collected_; }
  /// kAllErrors: whether what was declared is sound enough for the bodies to be judged.
  bool usable() const { return usable_; }

  /// Reads everything; afterwards failed() and error() say how it went.
  void read_module();

 private:
  // module_reader.cc
  void read_header();
  void read_section();
  bool check_order(SectionId id, u32 contents);
  void read_contents(SectionId id, u32 contents);
  void read_custom();
  void read_data_count();
  void read_start();
  void check_function_counts(u32 offset);
  void check_data_counts(u32 offset);

  // type_section.cc
  void read_types();
  void read_rec_group();
  bool read_sub_type(u32 index, SubType* type);
  bool read_composite(u8 form, SubType* type);
  FuncType read_func_type();
  std::span<const ValType> read_val_types(u32 limit, const char* what);
  FieldType read_field_type();
  u32 read_type_index();
  bool check_group_references(const RecGroup& group, u32 offset);
  bool check_reference(const RecGroup& group, u32 index, u32 offset);
  bool check_sub_type(u32 index, u32 offset);
  bool check_supertype(u32 index, u32 offset);
  bool check_composite(const SubType& type, u32 offset);
  bool check_descriptors(u32 index, u32 offset);
  bool check_descriptor_supertypes(const SubType& type, const SubType& super, u32 offset);
  bool matches_supertype(const SubType& sub, const SubType& super) const;

  // import_section.cc
  void read_imports();
  void read_import_group();
  void read_compact_imports(std::string_view module, u8 encoding);
  ImportType read_import_type();
  bool add_import(std::string_view module, std::string_view name, const ImportType& type,
                  u32 offset);
  bool check_import_type(const ImportType& type, u32 offset);

  // entity_sections.cc
  void read_functions();
  void read_tables();
  void read_memories();
  void read_globals();
  void read_tags();
  void read_exports();
  void check_export_names(std::span<const u32> offsets);
  bool check_export(const Export& item, u32 offset);
  TableType read_table_type();
  MemoryType read_memory_type();
  GlobalType read_global_type();
  TagType read_tag_type();
  bool check_table_type(const TableType& type, u32 offset);
  bool check_memory_type(const MemoryType& type, u32 offset);
  bool check_tag_type(const TagType& type, u32 offset);
  bool check_func_type(u32 type_index, u32 offset);
  u32 max_tables() const;
  u32 max_memories() const;

  // segment_sections.cc
  void read_elements();
  void read_element();
  bool read_element_items(ElemSegment& segment, bool exprs, u32 offset);
  void read_element_funcs(ElemSegment& segment, u32 count);
  void read_element_exprs(ElemSegment& segment, u32 count);
  void read_data();
  void read_data_segment();

  // code_section.cc
  void read_code();

  // Helpers.
  bool has(Feature feature) const { return m_.features.has(feature); }
  bool checks() const { return checks_ != Checks::kSyntaxOnly; }
  /// Reports that something is not valid; whether to go on as if it were.
  WAZUKA_COLD bool invalid(u32 offset, std::string message);
  /// The same where what follows refers to it: the section may be finished, others not.
  WAZUKA_COLD bool unusable(u32 offset, std::string message);
  bool require(Feature feature, u32 offset, const char* message) {
    return has(feature) || !checks() || invalid(offset, message);
  }
  bool check_type(ValType type, u32 offset);
  bool check_limits(const Limits& limits, u32 offset);
  /// The number of items of a section, at most `max` together with the `present` ones.
  u32 read_item_count(size_t present, u32 max, const char* what, u32 section_start);
  bool check_max(size_t total, u32 max, const char* what, u32 offset);
  /// Reads and validates a constant expression of type `expected`.
  ByteRange read_const_expr(ValType expected);
  /// The same without looking at it.
  ByteRange skip_const_expr();

  Module& m_;
  Checks checks_;
  bool usable_ = true;
  std::vector<Error> collected_;
  ConstExprSink const_sink_;
  DecoderBuffers<ConstExprSink> const_buffers_;
  u32 last_section_ = 0;  // position in the order
  std::optional<u32> function_count_, code_count_, data_segments_;
  std::vector<ByteRange> scratch_ranges_;
  std::vector<u32> scratch_indices_;
  std::vector<u8> type_depths_;  // subtyping depth by type index
};

}  // namespace wazuka
