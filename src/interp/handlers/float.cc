// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Handlers of ops/float.def and ops/convert.def.
#include "interp/handlers/arith.h"
#include "interp/handlers/tables.h"
#include "interp/semantics.h"

namespace wazuka::interp {

#define OP(name, shape, words, text, R, T, expr)                                     \
  template <>                                                                        \
  struct Expr<Base::k##name> {                                                       \
    using Operand = T;                                                               \
    [[gnu::always_inline]] static R eval([[maybe_unused]] T a, [[maybe_unused]] T b, \
                                         [[maybe_unused]] TrapOr& trap) {            \
      return expr;                                                                   \
    }                                                                                \
  };
#include "interp/ops/convert.def"
#include "interp/ops/float.def"
#undef OP

constinit const std::array<Handler, kFloatForms> kFloatHandlers =
    make_handlers<Base::kF32Add, Base::kTruncF32S32>();
constinit const std::array<Handler, kConvertForms> kConvertHandlers =
    make_handlers<Base::kTruncF32S32, Base::kShlAdd32>();

}  // namespace wazuka::interp
