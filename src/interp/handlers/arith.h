// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Bodies of the operations that are given by an expression: unary, binary, and branches on a
// condition. `Expr<base>` (generated in each handler file from its .def) holds the expression.
#pragma once

#include "interp/dispatch.h"

namespace wazuka::interp {

/// using Result, Operand; static Result eval(Operand a, Operand b, TrapOr& trap)
template <Base kBase>
struct Expr;

constexpr bool is_arith(Shape s) {
  return s == Shape::kUn || s == Shape::kBinC || s == Shape::kBinN || s == Shape::kBin3;
}
constexpr bool is_branch(Shape s) {
  return s == Shape::kBrUn || s == Shape::kBrInt || s == Shape::kBrFloat;
}

template <Base kBase, u32 kForm>
  requires(is_arith(base_info(kBase).shape))
struct Exec<kBase, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    constexpr Form form{kBase, kForm};
    constexpr Combo c = form.combo();
    using T = typename Expr<kBase>::Operand;
    TrapOr trap = kContinue;
    const T a = operand<c.a, T>(s, 1);
    T b{};
    if constexpr (c.b != Kind::kNone) {
      // A second slot is named by f2, but the only slot of a form by f1.
      b = operand<c.b, T>(s, c.a == Kind::kS ? 2 : 1);
    }
    const auto r = Expr<kBase>::eval(a, b, trap);
    if (trap != kContinue) [[unlikely]]
      return trap;
    result<form.stores()>(s, r);
    s.pc += words_with<T>(c);
    return kContinue;
  }
};

template <Base kBase, u32 kForm>
  requires(is_branch(base_info(kBase).shape))
struct Exec<kBase, kForm> {
  static constexpr bool kBranches = true;
  static constexpr Combo kCombo = Form{kBase, kForm}.combo();
  using T = typename Expr<kBase>::Operand;
  static constexpr u32 kWords =
      std::is_floating_point_v<T> && (kCombo.a == Kind::kI || kCombo.b == Kind::kI) ? 3 : 2;

  // Fields: the first slot in f0, the second in f1; an integer immediate in f1, a float in word 2.
  template <Kind K>
  [[gnu::always_inline]] static T branch_operand(State& s, u32 f) {
    if constexpr (K == Kind::kNone) {
      return T{};
    } else if constexpr (K != Kind::kI) {
      return operand<K, T>(s, f);
    } else if constexpr (std::is_floating_point_v<T>) {
      T v;
      std::memcpy(&v, s.pc + 2, sizeof v);
      return v;
    } else {
      return static_cast<T>(static_cast<i64>(static_cast<i16>(field(s, 1))));
    }
  }
  [[gnu::always_inline]] static bool condition(State& s) {
    TrapOr trap = kContinue;
    const T a = branch_operand<kCombo.a>(s, 0);
    const T b = branch_operand<kCombo.b>(s, kCombo.a == Kind::kS ? 1 : 0);
    return Expr<kBase>::eval(a, b, trap);
  }
};

}  // namespace wazuka::interp
