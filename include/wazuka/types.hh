// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Types of values, and of what modules import and export: plain data to look at and to compare.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>
#include <wazuka/error.hh>

namespace wazuka {
inline namespace v1 {

/// The kinds of values.
enum class ValKind : uint8_t {
  kI32 = WASMTIME_VALTYPE_KIND_I32,
  kI64 = WASMTIME_VALTYPE_KIND_I64,
  kF32 = WASMTIME_VALTYPE_KIND_F32,
  kF64 = WASMTIME_VALTYPE_KIND_F64,
  kV128 = WASMTIME_VALTYPE_KIND_V128,
  kRef = WASMTIME_VALTYPE_KIND_REF,
};

/// What references refer to.
enum class HeapKind : uint8_t {
  kExtern = WASMTIME_HEAPTYPE_KIND_EXTERN,
  kNoExtern = WASMTIME_HEAPTYPE_KIND_NOEXTERN,
  kFunc = WASMTIME_HEAPTYPE_KIND_FUNC,
  kConcreteFunc = WASMTIME_HEAPTYPE_KIND_CONCRETE_FUNC,
  kNoFunc = WASMTIME_HEAPTYPE_KIND_NOFUNC,
  kAny = WASMTIME_HEAPTYPE_KIND_ANY,
  kNone = WASMTIME_HEAPTYPE_KIND_NONE,
  kEq = WASMTIME_HEAPTYPE_KIND_EQ,
  kI31 = WASMTIME_HEAPTYPE_KIND_I31,
  kArray = WASMTIME_HEAPTYPE_KIND_ARRAY,
  kConcreteArray = WASMTIME_HEAPTYPE_KIND_CONCRETE_ARRAY,
  kStruct = WASMTIME_HEAPTYPE_KIND_STRUCT,
  kConcreteStruct = WASMTIME_HEAPTYPE_KIND_CONCRETE_STRUCT,
  kExn = WASMTIME_HEAPTYPE_KIND_EXN,
  kConcreteExn = WASMTIME_HEAPTYPE_KIND_CONCRETE_EXN,
  kNoExn = WASMTIME_HEAPTYPE_KIND_NOEXN,
};

/// The type of a value. Of types that a module defines only the kind is known (`kConcrete…`).
struct ValType {
  ValKind kind = ValKind::kI32;
  bool nullable = false;              // of references only
  HeapKind heap = HeapKind::kExtern;  // of references only

  static constexpr ValType i32() { return {ValKind::kI32}; }
  static constexpr ValType i64() { return {ValKind::kI64}; }
  static constexpr ValType f32() { return {ValKind::kF32}; }
  static constexpr ValType f64() { return {ValKind::kF64}; }
  static constexpr ValType v128() { return {ValKind::kV128}; }
  static constexpr ValType ref(HeapKind heap, bool nullable = true) {
    return {ValKind::kRef, nullable, heap};
  }
  static constexpr ValType funcref() { return ref(HeapKind::kFunc); }
  static constexpr ValType externref() { return ref(HeapKind::kExtern); }

  constexpr bool is_ref() const { return kind == ValKind::kRef; }
  bool operator==(const ValType&) const = default;
  /// As the text format writes it: "i32", "funcref", "(ref eq)".
  std::string name() const;
};

/// Parameters and results of a function.
struct FuncType {
  std::vector<ValType> params = {}, results = {};
  bool operator==(const FuncType&) const = default;
  /// As "(i32, i32) -> (f64)".
  std::string name() const;
};

/// The type of a global variable.
struct GlobalType {
  ValType content = {};
  bool is_mutable = false;
  bool operator==(const GlobalType&) const = default;
};

/// The type of a table; sizes in elements.
struct TableType {
  ValType element = ValType::funcref();
  uint32_t min = 0;
  std::optional<uint32_t> max = {};
  bool operator==(const TableType&) const = default;
};

/// The type of a memory; sizes in pages.
struct MemoryType {
  uint64_t min = 0;
  std::optional<uint64_t> max = {};
  bool is_64 = false;
  bool is_shared = false;
  uint8_t page_size_log2 = 16;
  bool operator==(const MemoryType&) const = default;
};

/// The type of the exceptions with a tag: what they carry.
struct TagType {
  std::vector<ValType> params = {};
  bool operator==(const TagType&) const = default;
};

/// The type of something that can be imported or exported.
using ExternType = std::variant<FuncType, GlobalType, TableType, MemoryType, TagType>;

/// What a module needs.
struct ImportType {
  std::string module, name;
  ExternType type;
};

/// What an instance of a module offers.
struct ExportType {
  std::string name;
  ExternType type;
};

// Text --------------------------------------------------------------------------------------------

inline std::string ValType::name() const {
  switch (kind) {
    case ValKind::kI32: return "i32";
    case ValKind::kI64: return "i64";
    case ValKind::kF32: return "f32";
    case ValKind::kF64: return "f64";
    case ValKind::kV128: return "v128";
    case ValKind::kRef: break;
  }
  static constexpr const char* kNames[] = {"extern",
                                           "noextern",
                                           "func",
                                           "(concrete func)",
                                           "nofunc",
                                           "any",
                                           "none",
                                           "eq",
                                           "i31",
                                           "array",
                                           "(concrete array)",
                                           "struct",
                                           "(concrete struct)",
                                           "exn",
                                           "(concrete exn)",
                                           "noexn"};
  const auto number = static_cast<size_t>(heap);
  const std::string what = number < std::size(kNames) ? kNames[number] : "unknown";
  const bool has_short_name = heap == HeapKind::kFunc || heap == HeapKind::kExtern ||
                              heap == HeapKind::kAny || heap == HeapKind::kEq ||
                              heap == HeapKind::kI31 || heap == HeapKind::kStruct ||
                              heap == HeapKind::kArray || heap == HeapKind::kExn;
  if (nullable && has_short_name) return what + "ref";
  return (nullable ? "(ref null " : "(ref ") + what + ")";
}

namespace detail {

inline std::string names_of(std::span<const ValType> types) {
  std::string text = "(";
  for (const ValType& t : types) {
    if (text.size() > 1) text += ", ";
    text += t.name();
  }
  return text + ")";
}

}  // namespace detail

inline std::string FuncType::name() const {
  return detail::names_of(params) + " -> " + detail::names_of(results);
}

}  // namespace v1
}  // namespace wazuka
