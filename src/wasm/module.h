// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A Module: everything a validated binary declares, immutable after validation and shared between
// threads.
//
// It owns (or keeps mapped) its bytes; names, bodies, constant expressions and segments are views
// into them. Index spaces list imported entities first, as the spec does.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/error.h"
#include "wasm/feature.h"
#include "wasm/func_info.h"
#include "wasm/types.h"

namespace wazuka {

class TypeRegistry;

/// A part of the module's bytes; offsets count from the start of the binary.
struct ByteRange {
  u32 offset = 0;
  u32 size = 0;
};

struct FuncDecl {
  u32 type_index = 0;
  bool imported = false;
  bool declared_ref = false;  // may be the operand of ref.func in a body (spec C.refs)
  bool exact = false;         // imported with an exact type (custom descriptors)
  ByteRange body;  // locals and instructions, without the size field; empty when imported
};

struct TableDecl {
  TableType type;
  ByteRange init;  // constant expression with its end; empty: ref.null
};

/// What is known of all entries of a table, whatever instance it is in.
struct TableFacts {
  static constexpr u32 kNoType = ~u32{0};

  /// They never change once the instance has begun: null, or functions defined in this module.
  bool own = false;
  u32 type_index = kNoType;  // then: the type of all functions, if it is one
};

struct GlobalDecl {
  GlobalType type;
  ByteRange init;  // empty when imported
};

struct Import {
  std::string_view module, name;
  ExternKind kind = ExternKind::kFunc;
  u32 index = 0;       // in the index space of its kind
  bool exact = false;  // custom descriptors: exact function import
};

/// What an import says of its entity.
struct ImportType {
  ExternKind kind = ExternKind::kFunc;
  bool exact = false;
  u32 type_index = 0;  // functions and tags
  TableType table;
  MemoryType memory;
  GlobalType global;
};

/// Imports that one entry of the import section declares together (compact imports). Kept by
/// decode_module only.
struct ImportGroup {
  std::string_view module;
  u32 first = 0;
  u32 count = 0;          // may be 0
  bool one_type = false;  // written once for all items
  ImportType type;        // that one
};

struct Export {
  std::string_view name;
  ExternKind kind = ExternKind::kFunc;
  u32 index = 0;
};

enum class SegmentMode : u8 { kActive, kPassive, kDeclared };

struct ElemSegment {
  SegmentMode mode = SegmentMode::kPassive;
  u8 flags = 0;      // as in the binary
  u32 table = 0;     // active
  ByteRange offset;  // active: constant expression
  ValType type;
  std::span<const u32> funcs;        // function indices, when all items are ref.func
  std::span<const ByteRange> exprs;  // else: constant expressions
  bool written_as_exprs = false;     // in the binary, even if they are all ref.func
  size_t size() const { return funcs.size() + exprs.size(); }
};

struct DataSegment {
  SegmentMode mode = SegmentMode::kPassive;
  u32 memory = 0;    // active
  ByteRange offset;  // active: constant expression
  ByteRange bytes;
};

struct CustomSection {
  std::string_view name;
  ByteRange bytes;  // after the name
};

/// A branch hint: whether the condition of an `if` or `br_if` is expected to hold.
struct BranchHint {
  u32 func = 0;
  u32 offset = 0;  // of the instruction, in the binary
  bool likely = false;
};

/// Keeps the bytes of a binary alive: a vector, a mapped file, or memory of the embedder.
class ModuleBytes {
 public:
  virtual ~ModuleBytes() = default;
  virtual std::span<const u8> bytes() const = 0;
};

struct Module {
  std::shared_ptr<const ModuleBytes> owner;
  std::span<const u8> bytes;  // the whole binary
  Features features;          // what it was validated with

  std::vector<SubType> types;
  std::vector<RecGroup> rec_groups;
  std::vector<u32> type_ids;  // type index → canonical id in `registry`
  std::shared_ptr<TypeRegistry> registry;

  std::vector<Import> imports;
  std::vector<ImportGroup> import_groups;
  std::vector<FuncDecl> funcs;
  std::vector<TableDecl> tables;
  std::vector<MemoryType> memories;
  std::vector<GlobalDecl> globals;
  std::vector<TagType> tags;
  std::vector<Export> exports;
  std::vector<u32> exports_by_name;  // indices into exports, sorted by name
  std::vector<ElemSegment> elems;
  std::vector<DataSegment> datas;
  std::vector<CustomSection> customs;
  std::vector<BranchHint> branch_hints;  // by function and offset; with the feature only
  std::optional<Error> custom_error;  // in a custom section that is read: its contents are ignored
  std::optional<u32> start;
  std::optional<u32> data_count;
  ByteRange code;  // contents of the code section

  u32 imported_funcs = 0, imported_tables = 0, imported_memories = 0, imported_globals = 0,
      imported_tags = 0;

  std::span<const FuncInfo> func_infos;  // by defined function: index − imported_funcs
  FuncInfoView func_info_pool;
  // Where these are, unless that is an image.
  std::vector<FuncInfo> own_func_infos;
  FuncInfoPool own_func_info_pool;
  std::vector<TableFacts> table_facts;  // by table; known once all bodies have been validated

  Arena arena;  // owns the spans above that are not views into bytes

  Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  ~Module();  // releases its types in the registry

  const FuncType& func_type(u32 func_index) const {
    return types[funcs[func_index].type_index].func;
  }
  std::span<const u8> view(ByteRange r) const { return bytes.subspan(r.offset, r.size); }
  std::span<const BranchHint> branch_hints_of(u32 func_index) const;
  const Export* find_export(std::string_view name) const;
};

}  // namespace wazuka
