// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A wasm value with its type, as the embedder sees it, and the packing of values into cells.
#pragma once

#include <bit>
#include <span>

#include "abi/vm.h"
#include "wasm/types.h"

namespace wazuka {

/// Cells that a value of this type takes.
constexpr u32 cell_count(ValType type) {
  return type.is_v128() ? 2 : 1;
}
constexpr u32 cell_count(std::span<const ValType> types) {
  u32 n = 0;
  for (ValType t : types) n += cell_count(t);
  return n;
}

struct Value {
  ValType type = kI32;
  Cell cells[2] = {};  // as abi/vm.h says; the second one only for v128

  static Value i32(u32 v) { return {kI32, {v, 0}}; }
  static Value i64(u64 v) { return {kI64, {v, 0}}; }
  static Value f32_bits(u32 v) { return {kF32, {v, 0}}; }
  static Value f64_bits(u64 v) { return {kF64, {v, 0}}; }
  static Value v128(u64 low, u64 high) { return {kV128, {low, high}}; }
  static Value ref(ValType type, Cell cell) { return {type, {cell, 0}}; }

  u32 as_u32() const { return static_cast<u32>(cells[0]); }
  u64 as_u64() const { return cells[0]; }
  bool is_null_ref() const { return type.is_ref() && cells[0] == 0; }
};

}  // namespace wazuka
