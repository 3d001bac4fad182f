// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the interpreter makes of the operations of its simd.def.
#pragma once

#include "unit/baseline/emitted.h"
#include "wasm/opcode.h"

namespace wazuka::baseline {

/// How lanes of a result are compared.
enum class LaneKind : u8 { kBits, kF32, kF64 };

struct SimdReference {
  std::string_view text;
  LaneKind result;
  bool scalar_result;  // u32 in the first bytes
  /// Operands in memory: vectors, or scalars in their first bytes.
  void (*eval)(const u8* a, const u8* b, const u8* c, u8* result);
};

/// Nothing if the interpreter has no such row. Relaxed operations have the row of their strict one.
const SimdReference* simd_reference(Op op);

}  // namespace wazuka::baseline
