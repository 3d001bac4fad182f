// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Types of WebAssembly 3.0 (spec 2.3): value types, composite types, recursion groups, and the
// types of entities.
//
// A ValType is 32 bits, compared bit by bit where no type index is involved. Type indices inside a
// Module's types are *module* indices; `Module::type_ids[index]` gives the canonical id of the same
// type in the engine's TypeRegistry (type_registry.h), which is what run-time checks compare.
#pragma once

#include <optional>
#include <span>

#include "base/ints.h"

namespace wazuka {

/// A heap type: a type index (< kAbstractBase) or an abstract one.
class HeapType {
 public:
  static constexpr u32 kAbstractBase = 0x800000;  // 24 bits are available inside a ValType
  enum Abstract : u32 {
    kFunc = kAbstractBase,
    kNoFunc,
    kExtern,
    kNoExtern,
    kAny,
    kEq,
    kI31,
    kStruct,
    kArray,
    kNone,
    kExn,
    kNoExn,
    kCont,
    kNoCont,
    kBottom,  // validator only: below every heap type
  };

  constexpr HeapType() = default;
  constexpr HeapType(Abstract a) : bits_(a) {}
  static constexpr HeapType index(u32 type_index) { return HeapType(type_index, 0); }
  static constexpr HeapType from_bits(u32 bits) { return HeapType(bits, 0); }

  constexpr bool is_index() const { return bits_ < kAbstractBase; }
  constexpr u32 type_index() const { return bits_; }
  constexpr Abstract abstract() const { return static_cast<Abstract>(bits_); }
  constexpr u32 bits() const { return bits_; }
  constexpr bool operator==(const HeapType&) const = default;

 private:
  constexpr HeapType(u32 bits, int) : bits_(bits) {}
  u32 bits_ = kAny;
};

enum class ValKind : u8 { kBottom, kI32, kI64, kF32, kF64, kV128, kRef };

/// A value type: kind (bits 0–2), nullable (3), exact (4), heap type (8–31).
class ValType {
 public:
  constexpr ValType() = default;  // bottom: only in validation of unreachable code
  constexpr ValType(ValKind k) : bits_(static_cast<u32>(k)) {}
  static constexpr ValType ref(HeapType h, bool nullable, bool exact = false) {
    return ValType(
        static_cast<u32>(ValKind::kRef) | u32{nullable} << 3 | u32{exact} << 4 | h.bits() << 8, 0);
  }
  static constexpr ValType from_bits(u32 bits) { return ValType(bits, 0); }

  constexpr ValKind kind() const { return static_cast<ValKind>(bits_ & 7); }
  constexpr bool is_ref() const { return kind() == ValKind::kRef; }
  constexpr bool is_num() const { return kind() >= ValKind::kI32 && kind() <= ValKind::kF64; }
  constexpr bool is_v128() const { return kind() == ValKind::kV128; }
  constexpr bool is_bottom() const { return kind() == ValKind::kBottom; }
  constexpr bool nullable() const { return (bits_ & 8) != 0; }
  constexpr bool exact() const { return (bits_ & 16) != 0; }
  constexpr HeapType heap() const { return HeapType::from_bits(bits_ >> 8); }
  constexpr bool is_defaultable() const { return !is_ref() || nullable(); }
  constexpr u32 bits() const { return bits_; }
  constexpr bool operator==(const ValType&) const = default;

 private:
  constexpr ValType(u32 bits, int) : bits_(bits) {}
  u32 bits_ = 0;
};

inline constexpr ValType kI32{ValKind::kI32}, kI64{ValKind::kI64}, kF32{ValKind::kF32},
    kF64{ValKind::kF64}, kV128{ValKind::kV128};
inline constexpr ValType kFuncRef = ValType::ref(HeapType::kFunc, true);
inline constexpr ValType kExternRef = ValType::ref(HeapType::kExtern, true);

/// The type of a struct field or array element: a value type, or a packed i8/i16.
struct StorageType {
  enum Packed : u8 { kNotPacked, kI8, kI16 };
  ValType val;  // the unpacked type: i32 for packed ones
  Packed packed = kNotPacked;
  constexpr bool operator==(const StorageType&) const = default;
};

struct FieldType {
  StorageType storage;
  bool mut = false;
  constexpr bool operator==(const FieldType&) const = default;
};

struct FuncType {
  std::span<const ValType> params, results;
};

enum class CompositeKind : u8 { kFunc, kStruct, kArray, kCont };

/// A defined type: one entry of the type index space. Spans point into the owner's arena (Module or
/// TypeRegistry).
struct SubType {
  static constexpr u32 kNone = ~u32{0};

  CompositeKind kind = CompositeKind::kFunc;
  bool final = true;
  bool shared = false;
  u32 supertype = kNone;              // type index
  u32 describes = kNone;              // custom descriptors: the type that this one describes
  u32 descriptor = kNone;             // custom descriptors: the type that describes this one
  u32 cont_func = kNone;              // kCont: the function type
  FuncType func;                      // kFunc
  std::span<const FieldType> fields;  // kStruct: all fields; kArray: exactly one

  const FieldType& element() const { return fields[0]; }
};

/// A recursion group: `count` consecutive types from index `first`.
struct RecGroup {
  u32 first = 0;
  u32 count = 0;
  bool explicit_rec = false;  // written as (rec …): for the printer
};

struct Limits {
  u64 min = 0;
  std::optional<u64> max;
};

enum class AddressType : u8 { kI32, kI64 };
constexpr ValType address_val_type(AddressType a) {
  return a == AddressType::kI64 ? kI64 : kI32;
}

struct MemoryType {
  Limits limits;  // in pages
  AddressType address = AddressType::kI32;
  bool shared = false;
  u8 page_size_log2 = 16;         // custom page sizes: 0 or 16
  bool custom_page_size = false;  // written explicitly, even if it is the default
};

struct TableType {
  ValType element;
  Limits limits;  // in elements
  AddressType address = AddressType::kI32;
  bool shared = false;
};

struct GlobalType {
  ValType type;
  bool mut = false;
  bool shared = false;
};

struct TagType {
  u32 type_index = 0;  // a function type
};

enum class ExternKind : u8 { kFunc = 0, kTable = 1, kMemory = 2, kGlobal = 3, kTag = 4 };

}  // namespace wazuka
