// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Helpers for the bodies that have one form, cannot trap and do not jump: Simple<base> gives the
// effect and the length.
#pragma once

#include "interp/dispatch.h"

namespace wazuka::interp {

template <u32 kCount>
struct Words {
  static constexpr u32 kWords = kCount;
};

template <Base kBase>
struct Simple;

template <Base kBase, u32 kForm>
  requires requires { Simple<kBase>::kWords; }
struct Exec<kBase, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    Simple<kBase>::run(s);
    s.pc += Simple<kBase>::kWords;
    return kContinue;
  }
};

[[gnu::always_inline]] inline void copy_v128(Cell* to, const Cell* from) {
  u8 bytes[16];
  std::memcpy(bytes, from, sizeof bytes);
  std::memcpy(to, bytes, sizeof bytes);
}

/// An integer operand of 64 bits: the accumulator, or a slot or i16 in field f.
template <Kind K>
[[gnu::always_inline]] inline u64 small_operand(const State& s, u32 f) {
  if constexpr (K == Kind::kI) {
    return static_cast<u64>(static_cast<i64>(static_cast<i16>(field(s, f))));
  } else {
    return operand<K, u64>(s, f);
  }
}

}  // namespace wazuka::interp
