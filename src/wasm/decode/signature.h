// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The signature column of opcodes.def, parsed at compile time.
#pragma once

#include <array>
#include <span>

#include "wasm/opcode.h"
#include "wasm/types.h"

namespace wazuka {

/// At most 4 parameters and 2 results. An address operand ("a") comes first and is bottom here: its
/// type depends on the memory.
struct OpSignature {
  std::array<ValType, 4> param_types{};
  std::array<ValType, 2> result_types{};
  u8 num_params = 0;
  u8 num_results = 0;

  constexpr std::span<const ValType> params() const { return {param_types.data(), num_params}; }
  constexpr std::span<const ValType> results() const { return {result_types.data(), num_results}; }
};

constexpr ValType signature_type(char c) {
  switch (c) {
    case 'i': return kI32;
    case 'I': return kI64;
    case 'f': return kF32;
    case 'd': return kF64;
    case 'v': return kV128;
    default: return {};
  }
}

constexpr OpSignature parse_signature(std::string_view text) {
  OpSignature signature;
  bool results = false;
  for (char c : text) {
    if (c == ':') {
      results = true;
    } else if (results) {
      signature.result_types[signature.num_results++] = signature_type(c);
    } else {
      signature.param_types[signature.num_params++] = signature_type(c);
    }
  }
  return signature;
}

inline constexpr std::array<OpSignature, kOpCount> kOpSignature = [] {
  std::array<OpSignature, kOpCount> signatures{};
  for (u32 i = 0; i < kOpCount; ++i) {
    if (!kOpInfo[i].typed_by_hand()) signatures[i] = parse_signature(kOpInfo[i].signature);
  }
  return signatures;
}();

constexpr const OpSignature& op_signature(Op op) {
  return kOpSignature[static_cast<u32>(op)];
}

}  // namespace wazuka
