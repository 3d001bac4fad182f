// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/fuel.h"

#include <algorithm>
#include <iterator>

namespace wazuka {

namespace {

template <size_t kN>
bool is_one_of(Op op, const Op (&list)[kN]) {
  return std::find(std::begin(list), std::end(list), op) != std::end(list);
}

}  // namespace

bool is_free_of_fuel(Op op) {
  static constexpr Op kFree[] = {Op::kNop,         Op::kDrop,   Op::kBlock, Op::kLoop,
                                 Op::kUnreachable, Op::kReturn, Op::kElse,  Op::kEnd};
  return is_one_of(op, kFree);
}

bool ends_fuel_block(Op op) {
  const OpCategory category = op_info(op).category;
  if (category == OpCategory::kControl) return op != Op::kNop && op != Op::kBlock;
  return category == OpCategory::kCall || category == OpCategory::kException ||
         category == OpCategory::kContinuation || op_info(op).imm == ImmKind::kLabel ||
         op_info(op).imm == ImmKind::kBrCast;
}

bool is_bulk(Op op) {
  static constexpr Op kBulk[] = {
      Op::kMemoryCopy, Op::kMemoryFill, Op::kMemoryInit,    Op::kTableCopy,    Op::kTableFill,
      Op::kTableInit,  Op::kArrayNew,   Op::kArrayNewData,  Op::kArrayNewElem, Op::kArrayNewDefault,
      Op::kArrayCopy,  Op::kArrayFill,  Op::kArrayInitData, Op::kArrayInitElem};
  return is_one_of(op, kBulk);
}

}  // namespace wazuka
