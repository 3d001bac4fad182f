// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/encoder.h"

namespace wazuka {
namespace {

constexpr u8 kRefNullPrefix = 0x63, kRefPrefix = 0x64, kSharedPrefix = 0x65, kExactPrefix = 0x62;

u8 abstract_heap_code(HeapType heap) {
  switch (heap.abstract()) {
    case HeapType::kFunc: return 0x70;
    case HeapType::kExtern: return 0x6f;
    case HeapType::kAny: return 0x6e;
    case HeapType::kEq: return 0x6d;
    case HeapType::kI31: return 0x6c;
    case HeapType::kStruct: return 0x6b;
    case HeapType::kArray: return 0x6a;
    case HeapType::kExn: return 0x69;
    case HeapType::kCont: return 0x68;
    case HeapType::kNone: return 0x71;
    case HeapType::kNoExtern: return 0x72;
    case HeapType::kNoFunc: return 0x73;
    case HeapType::kNoExn: return 0x74;
    case HeapType::kNoCont: return 0x75;
    case HeapType::kBottom: break;
  }
  return 0;  // never written: kBottom exists in the validator only
}

}  // namespace

void BinaryWriter::u64v(u64 n) {
  while (n >= 0x80) {
    bytes_.push_back(static_cast<u8>(n | 0x80));
    n >>= 7;
  }
  bytes_.push_back(static_cast<u8>(n));
}

void BinaryWriter::s64v(i64 n) {
  while (n < -64 || n > 63) {
    bytes_.push_back(static_cast<u8>(n | 0x80));
    n >>= 7;
  }
  bytes_.push_back(static_cast<u8>(n & 0x7f));
}

// Not in the header: where GCC 12 knows the length it warns of overflows that are not there.
void BinaryWriter::raw(std::span<const u8> bytes) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

void BinaryWriter::raw(std::string_view s) {
  bytes_.insert(bytes_.end(), s.begin(), s.end());
}

void BinaryWriter::little_endian(u64 n, u32 bytes) {
  for (u32 i = 0; i < bytes; ++i) bytes_.push_back(static_cast<u8>(n >> (8 * i)));
}

void BinaryWriter::insert_u32v(size_t at, u32 n) {
  BinaryWriter number;
  number.u32v(n);
  bytes_.insert(bytes_.begin() + static_cast<std::ptrdiff_t>(at), number.bytes_.begin(),
                number.bytes_.end());
}

void BinaryWriter::heap_type(HeapType heap, bool exact) {
  if (exact) {
    byte(kExactPrefix);
    return u32v(heap.type_index());
  }
  if (heap.is_index()) return s33v(heap.type_index());
  byte(abstract_heap_code(heap));
}

void BinaryWriter::val_type(ValType type) {
  switch (type.kind()) {
    case ValKind::kI32: return byte(0x7f);
    case ValKind::kI64: return byte(0x7e);
    case ValKind::kF32: return byte(0x7d);
    case ValKind::kF64: return byte(0x7c);
    case ValKind::kV128: return byte(0x7b);
    case ValKind::kBottom: return byte(0);  // never written: exists in the validator only
    case ValKind::kRef: break;
  }
  // A nullable abstract reference has a one-byte form: its heap type alone.
  if (!type.nullable() || type.heap().is_index())
    byte(type.nullable() ? kRefNullPrefix : kRefPrefix);
  heap_type(type.heap(), type.exact());
}

void BinaryWriter::storage_type(StorageType type) {
  switch (type.packed) {
    case StorageType::kNotPacked: return val_type(type.val);
    case StorageType::kI8: return byte(0x78);
    case StorageType::kI16: return byte(0x77);
  }
}

void BinaryWriter::field_type(const FieldType& field) {
  storage_type(field.storage);
  byte(field.mut ? 1 : 0);
}

void BinaryWriter::func_type(std::span<const ValType> params, std::span<const ValType> results) {
  byte(0x60);
  u32v(static_cast<u32>(params.size()));
  for (ValType t : params) val_type(t);
  u32v(static_cast<u32>(results.size()));
  for (ValType t : results) val_type(t);
}

void BinaryWriter::sub_type(const SubType& type) {
  if (!type.final || type.supertype != SubType::kNone) {
    byte(type.final ? 0x4f : 0x50);
    u32v(type.supertype == SubType::kNone ? 0 : 1);
    if (type.supertype != SubType::kNone) u32v(type.supertype);
  }
  if (type.shared) byte(kSharedPrefix);
  if (type.describes != SubType::kNone) {
    byte(0x4c);
    u32v(type.describes);
  }
  if (type.descriptor != SubType::kNone) {
    byte(0x4d);
    u32v(type.descriptor);
  }
  switch (type.kind) {
    case CompositeKind::kFunc: return func_type(type.func.params, type.func.results);
    case CompositeKind::kStruct:
      byte(0x5f);
      u32v(static_cast<u32>(type.fields.size()));
      for (const FieldType& field : type.fields) field_type(field);
      return;
    case CompositeKind::kArray: byte(0x5e); return field_type(type.element());
    case CompositeKind::kCont: byte(0x5d); return s33v(type.cont_func);
  }
}

void BinaryWriter::limits(const Limits& limits, u8 flags) {
  byte(static_cast<u8>(flags | (limits.max ? 1 : 0)));
  u64v(limits.min);
  if (limits.max) u64v(*limits.max);
}

void BinaryWriter::memory_type(const MemoryType& type) {
  u8 flags = static_cast<u8>((type.shared ? 2 : 0) | (type.address == AddressType::kI64 ? 4 : 0));
  bool custom_page = type.page_size_log2 != 16;
  limits(type.limits, static_cast<u8>(flags | (custom_page ? 8 : 0)));
  if (custom_page) u32v(type.page_size_log2);
}

void BinaryWriter::table_type(const TableType& type) {
  val_type(type.element);
  limits(type.limits,
         static_cast<u8>((type.shared ? 2 : 0) | (type.address == AddressType::kI64 ? 4 : 0)));
}

void BinaryWriter::global_type(const GlobalType& type) {
  val_type(type.type);
  byte(static_cast<u8>((type.mut ? 1 : 0) | (type.shared ? 2 : 0)));
}

void BinaryWriter::tag_type(const TagType& type) {
  byte(0);  // attribute: exception
  u32v(type.type_index);
}

void BinaryWriter::mem_arg(u32 align_log2, u32 memory, u64 offset) {
  u32v(memory == 0 ? align_log2 : align_log2 | 0x40);
  if (memory != 0) u32v(memory);
  u64v(offset);
}

void write_module_header(BinaryWriter& out) {
  out.raw(std::string_view("\0asm\1\0\0\0", 8));
}

void write_section(BinaryWriter& out, SectionId id, const BinaryWriter& contents) {
  out.byte(static_cast<u8>(id));
  out.u32v(static_cast<u32>(contents.size()));
  out.raw(contents.bytes());
}

void write_vector_section(BinaryWriter& out, SectionId id, u32 count, const BinaryWriter& entries) {
  if (count == 0) return;
  BinaryWriter prefix;
  prefix.u32v(count);
  out.byte(static_cast<u8>(id));
  out.u32v(static_cast<u32>(prefix.size() + entries.size()));
  out.raw(prefix.bytes());
  out.raw(entries.bytes());
}

void write_custom_section(BinaryWriter& out, std::string_view name, std::span<const u8> contents) {
  BinaryWriter body;
  body.name(name);
  body.raw(contents);
  write_section(out, SectionId::kCustom, body);
}

}  // namespace wazuka
