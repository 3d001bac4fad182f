// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which operation implements a WebAssembly opcode with a plain signature, and the relations between
// operations that the lowering uses: exchanging operands, negating, branching.
#pragma once

#include <array>

#include "interp/isa.h"
#include "wasm/opcode.h"

namespace wazuka::interp {

struct OpMapping {
  Base base{};
  bool known = false;
  bool exchange = false;  // operands the other way round
};

inline constexpr std::array<OpMapping, kOpCount> kOpMap = [] {
  std::array<OpMapping, kOpCount> map{};
#define MAP(op, b) map[static_cast<u32>(Op::k##op)] = {Base::k##b, true, false};
#define MAP_X(op, b) map[static_cast<u32>(Op::k##op)] = {Base::k##b, true, true};
#include "interp/lowering/op_map.def"
  // SIMD operations are called like their opcodes.
#define OP(name, ...) MAP(name, name)
#define OP_OF_OURS(...)
#include "interp/ops/simd.def"
#include "interp/ops/simd_memory.def"
#undef OP
#undef MAP
#undef MAP_X
  return map;
}();

constexpr const OpMapping& mapping(Op op) {
  return kOpMap[static_cast<u32>(op)];
}

constexpr u32 index_of(Base b) {
  return static_cast<u32>(b);
}
constexpr Base base_at(u32 i) {
  return static_cast<Base>(i);
}
constexpr bool in_range(Base b, Base first, Base last) {
  return b >= first && b <= last;
}

constexpr bool is_int_compare(Base b) {
  return in_range(b, Base::kEq32, Base::kGeU64);
}
constexpr bool is_float_compare(Base b) {
  return in_range(b, Base::kF32Eq, Base::kF64Nle);
}

/// The i-th of the ten integer compares (eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u) and its
/// group's first.
struct CompareIndex {
  u32 first, index;
};
constexpr CompareIndex int_compare_index(Base b) {
  const u32 i = index_of(b) - index_of(Base::kEq32);
  return {index_of(Base::kEq32) + i / 10 * 10, i % 10};
}
constexpr CompareIndex float_compare_index(Base b) {
  const u32 i = index_of(b) - index_of(Base::kF32Eq);
  return {index_of(Base::kF32Eq) + i / 6 * 6, i % 6};
}

/// The operation o' with o(a, b) = o'(b, a), for commutative operations and integer compares.
constexpr Base exchanged(Base b) {
  if (!is_int_compare(b)) return b;
  constexpr u32 kTo[] = {0, 1, 4, 5, 2, 3, 8, 9, 6, 7};
  const CompareIndex c = int_compare_index(b);
  return base_at(c.first + kTo[c.index]);
}

/// The compare with the opposite result.
constexpr Base negated(Base b) {
  if (is_int_compare(b)) {
    constexpr u32 kTo[] = {1, 0, 8, 9, 6, 7, 4, 5, 2, 3};
    const CompareIndex c = int_compare_index(b);
    return base_at(c.first + kTo[c.index]);
  }
  constexpr u32 kTo[] = {1, 0, 4, 5, 2, 3};
  const CompareIndex c = float_compare_index(b);
  return base_at(c.first + kTo[c.index]);
}

/// The branch on a compare.
constexpr Base branch_on(Base compare) {
  if (is_int_compare(compare)) {
    return base_at(index_of(compare) - index_of(Base::kEq32) + index_of(Base::kBrEq32));
  }
  return base_at(index_of(compare) - index_of(Base::kF32Eq) + index_of(Base::kBrF32Eq));
}

static_assert(exchanged(Base::kLtS32) == Base::kGtS32 && exchanged(Base::kGeU64) == Base::kLeU64);
static_assert(negated(Base::kLtS32) == Base::kGeS32 && negated(Base::kLeU64) == Base::kGtU64);
static_assert(negated(Base::kF64Lt) == Base::kF64Nlt && negated(Base::kF32Ne) == Base::kF32Eq);
static_assert(branch_on(Base::kGtU32) == Base::kBrGtU32);
static_assert(branch_on(Base::kF64Nle) == Base::kBrF64Nle);

}  // namespace wazuka::interp
