// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a call needs to know of a function's type, made once for each type that a store uses.
#pragma once

#include <vector>

#include "base/ints.h"
#include "wasm/types.h"

namespace wazuka {
class TypeRegistry;
}

namespace wazuka::capi {

struct CallShape {
  /// Values that a call keeps on the stack of the host.
  static constexpr u32 kMaxInline = 16;

  u32 params = 0, results = 0;
  /// Only numbers of one cell each, and few of them: `kinds` says which, and cells and values have
  /// the same bits.
  bool plain = false;
  bool has_v128 = false;
  bool has_traced_params = false, has_traced_results = false;
  u8 kinds[2 * kMaxInline] = {};  // wasmtime_valkind_t: parameters, then results

  CallShape(const FuncType& type, const TypeRegistry& registry);
};

}  // namespace wazuka::capi
