// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/const_expr.h"

#include "wasm/binary_reader.h"

namespace wazuka {

bool is_ref_func(const Module& module, ByteRange expr, u32* func) {
  BinaryReader reader(module.bytes, expr);
  if (reader.read_u8() != op_info(Op::kRefFunc).code) return false;
  *func = reader.read_u32();
  return reader.read_u8() == op_info(Op::kEnd).code && reader.at_end() && !reader.failed();
}

}  // namespace wazuka
