// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What pure scalar operations give: for folding constants, and for interpreting graphs in tests.
#pragma once

#include <optional>
#include <variant>

#include "opt/ir/inst.h"

namespace wazuka::opt {

/// The result's bits of an operation whose operands have these bits (unused ones 0). `from` is the
/// type of the first operand. A TrapCode if it traps; nothing if the operation is none of these.
using Evaluated = std::variant<std::monostate, u64, TrapCode>;
Evaluated evaluate(const Inst& inst, Type from, u64 a, u64 b, u64 c);

}  // namespace wazuka::opt
