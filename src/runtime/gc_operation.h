// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The instructions of the GC page (prefix 0xfb) on cells: what the builtin `gc_operation` does and
// what constant expressions use.
#pragma once

#include "abi/vm.h"
#include "runtime/gc/heap.h"

namespace wazuka {

class Instance;

/// See abi/builtins.def. kHostError has been raised in the store.
TrapOr gc_operation(Instance& instance, u32 opcode, u32 type_id, u32 index, Cell* cells);

}  // namespace wazuka
