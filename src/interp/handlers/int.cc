// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Handlers of ops/int.def.
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
#include "interp/ops/int.def"
#undef OP

constinit const std::array<Handler, kIntForms> kIntHandlers =
    make_handlers<Base::kAdd, Base::kF32Add>();

}  // namespace wazuka::interp
