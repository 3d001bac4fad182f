// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes the binary format (spec 5): numbers, types, instructions, sections.
//
// The writer appends and never checks: whoever writes a module that is not valid gets bytes that
// the decoder rejects. Sections have a length before their contents, so contents are written into a
// writer of their own and then appended with `write_section`. Used by the text parser, by tests and
// fuzzers, and by whatever synthesises modules (component adapters).
//
//     BinaryWriter code;                      // one body
//     code.u32v(0);                           // no locals
//     code.op(Op::kI32Const); code.s32v(42);
//     code.op(Op::kEnd);
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/ints.h"
#include "wasm/opcode.h"
#include "wasm/section_id.h"
#include "wasm/types.h"

namespace wazuka {

class BinaryWriter {
 public:
  std::span<const u8> bytes() const { return bytes_; }
  size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  void clear() { bytes_.clear(); }
  void truncate(size_t size) { bytes_.resize(size); }
  std::vector<u8> take() && { return std::move(bytes_); }

  // Numbers. `v` marks LEB128.
  void byte(u8 b) { bytes_.push_back(b); }
  void u32v(u32 n) {
    if (n < 0x80) return bytes_.push_back(static_cast<u8>(n));
    u64v(n);
  }
  void u64v(u64 n);
  void s32v(i32 n) { s64v(n); }
  void s33v(i64 n) { s64v(n); }
  void s64v(i64 n);
  void u32le(u32 n) { little_endian(n, 4); }  // f32 constants as bits
  void u64le(u64 n) { little_endian(n, 8); }  // f64 constants as bits
  void raw(std::span<const u8> bytes);
  void raw(std::string_view s);
  /// Changes the byte at `at`; puts a number in front of what was written from `at` on (a count
  /// that is known only at the end).
  void patch(size_t at, u8 b) { bytes_[at] = b; }
  void insert_u32v(size_t at, u32 n);
  /// Length and bytes (spec 5.2.4); the caller guarantees UTF-8.
  void name(std::string_view s) {
    u32v(static_cast<u32>(s.size()));
    raw(s);
  }

  // Types (spec 5.3).
  void heap_type(HeapType heap, bool exact = false);
  void val_type(ValType type);
  void storage_type(StorageType type);
  void field_type(const FieldType& field);
  void func_type(std::span<const ValType> params, std::span<const ValType> results);
  /// A defined type with its `sub`, `shared`, `describes` and `descriptor` prefixes where needed.
  void sub_type(const SubType& type);
  void limits(const Limits& limits, u8 flags);
  void memory_type(const MemoryType& type);
  void table_type(const TableType& type);
  void global_type(const GlobalType& type);
  void tag_type(const TagType& type);

  // Instructions (spec 5.4): the opcode here, immediates by the calls above and below.
  void op(Op op) {
    const OpInfo& info = op_info(op);
    if (info.prefix == 0) return byte(static_cast<u8>(info.code));
    byte(info.prefix);
    u32v(info.code);
  }
  void empty_block_type() { byte(0x40); }
  void block_type(u32 type_index) { s33v(type_index); }
  void mem_arg(u32 align_log2, u32 memory, u64 offset);

 private:
  void little_endian(u64 n, u32 bytes);
  std::vector<u8> bytes_;
};

/// Magic number and version of a core module.
void write_module_header(BinaryWriter& out);
/// A section with these contents.
void write_section(BinaryWriter& out, SectionId id, const BinaryWriter& contents);
/// A section that is a vector of `count` entries; nothing at all if there are none.
void write_vector_section(BinaryWriter& out, SectionId id, u32 count, const BinaryWriter& entries);
void write_custom_section(BinaryWriter& out, std::string_view name, std::span<const u8> contents);

}  // namespace wazuka
