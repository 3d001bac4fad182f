// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Trap codes derived from traps.def.
#pragma once

#include <string_view>

#include "base/ints.h"

namespace wazuka {

enum class TrapCode : u8 {
#define TRAP(name, code, message) k##name = code,
#include "abi/traps.def"
#undef TRAP
};

constexpr std::string_view trap_message(TrapCode code) {
  switch (code) {
#define TRAP(name, code, message) \
  case TrapCode::k##name: return message;
#include "abi/traps.def"
#undef TRAP
  }
  return "unknown trap";
}

/// Result of operations that may trap: a TrapCode, or kNoTrap.
using TrapOr = i32;
inline constexpr TrapOr kNoTrap = -1;
constexpr TrapOr trap_or(TrapCode code) {
  return static_cast<TrapOr>(code);
}

}  // namespace wazuka
