// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Handlers of ops/simd.def.
#include "interp/simd.h"

#include "interp/handlers/tables.h"

namespace wazuka::interp {

struct None {};

template <Base kBase>
struct SimdExpr;  // using Result, A, B, C; static auto eval(A, B, C)

#define OP(name, shape, words, text, R, TA, TB, TC, ...)                                  \
  template <>                                                                             \
  struct SimdExpr<Base::k##name> {                                                        \
    using Result = R;                                                                     \
    using A = TA;                                                                         \
    using B = TB;                                                                         \
    using C = TC;                                                                         \
    [[gnu::always_inline]] static auto eval([[maybe_unused]] TA a, [[maybe_unused]] TB b, \
                                            [[maybe_unused]] TC c) {                      \
      return __VA_ARGS__;                                                                 \
    }                                                                                     \
  };
#include "interp/ops/simd.def"
#undef OP

namespace {
template <class T>
[[gnu::always_inline]] inline T simd_operand(const State& s, u32 f) {
  if constexpr (std::is_same_v<T, None>) {
    return {};
  } else {
    return slot<T>(s, field(s, f));
  }
}
}  // namespace

template <Base kBase, u32 kForm>
  requires requires { typename SimdExpr<kBase>::Result; }
struct Exec<kBase, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    using E = SimdExpr<kBase>;
    using R = typename E::Result;
    const auto r = E::eval(simd_operand<typename E::A>(s, 1), simd_operand<typename E::B>(s, 2),
                           simd_operand<typename E::C>(s, 3));
    if constexpr (sizeof(R) == 16) {
      std::memcpy(s.fp + field(s, 0), &r, 16);
    } else {
      result<Form{kBase, kForm}.stores()>(s, static_cast<R>(r));
    }
    s.pc += 2;
    return kContinue;
  }
};

constinit const std::array<Handler, kSimdForms> kSimdHandlers =
    make_handlers<Base::kV128Not, Base::kV128Load>();

}  // namespace wazuka::interp
