// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Handlers of ops/fused.def.
#include <bit>

#include "interp/dispatch.h"
#include "interp/handlers/tables.h"

namespace wazuka::interp {

template <Base kBase>
struct Fused;  // using Type; static Type eval(x, a, b)

#define OP(name, shape, words, text, T, expr)                            \
  template <>                                                            \
  struct Fused<Base::k##name> {                                          \
    using Type = T;                                                      \
    [[gnu::always_inline]] static T eval(T x, T a, T b) { return expr; } \
  };
#include "interp/ops/fused.def"
#undef OP

template <Base kBase, u32 kForm>
  requires requires { typename Fused<kBase>::Type; }
struct Exec<kBase, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    constexpr Form form{kBase, kForm};
    constexpr Combo c = form.combo();
    using T = typename Fused<kBase>::Type;
    T b;
    if constexpr (base_info(kBase).shape == Shape::kFuseI) {
      b = static_cast<T>(i64{static_cast<i16>(field(s, 3))});
    } else {
      b = slot<T>(s, field(s, 3));
    }
    result<form.stores()>(s, Fused<kBase>::eval(operand<c.a, T>(s, 1), operand<c.b, T>(s, 2), b));
    s.pc += 2;
    return kContinue;
  }
};

constinit const std::array<Handler, kFusedForms> kFusedHandlers =
    make_handlers<Base::kShlAdd32, Base::kLoad8S>();

}  // namespace wazuka::interp
