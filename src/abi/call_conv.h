// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The calling convention of machine code for WebAssembly functions, the same for every compiled
// tier: where each parameter and result is (docs/abi.md). A pure function of the signature.
//
//   integers, references   rdi rsi rdx rcx r8 r9; results rax rdx rcx rsi rdi r8
//   floats, vectors        xmm0 … xmm7
//   the rest               on the stack: 8 bytes each, vectors 16, in order
//
// What does not fit into registers lies above the return address: first the parameters, which the
// callee pops, then the room for results, which the caller made and the callee fills. Both areas
// are multiples of 16 bytes, so that the stack pointer keeps its alignment.
#pragma once

#include <span>
#include <vector>

#include "base/ints.h"
#include "wasm/types.h"

namespace wazuka {

struct ValueLocation {
  enum class Kind : u8 { kGpr, kXmm, kStack };
  Kind kind = Kind::kStack;
  u8 number = 0;   // of the register
  u32 offset = 0;  // kStack: bytes from the start of its area
  ValType type;

  friend bool operator==(const ValueLocation&, const ValueLocation&) = default;
};

struct CallConv {
  std::vector<ValueLocation> params, results;
  u32 param_bytes = 0;   // of the stack area; a multiple of 16
  u32 result_bytes = 0;  // likewise

  explicit CallConv(const FuncType& type) : CallConv(type.params, type.results) {}
  CallConv(std::span<const ValType> param_types, std::span<const ValType> result_types);
};

}  // namespace wazuka
