// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Core dumps of a store: its instances, memories, globals and the stack of the last trap.
#pragma once

#include <string>

#include "debug/coredump.h"
#include "runtime/store.h"

namespace wazuka {

/// Describes the store as it is; call it before anything else runs after a trap. `program` names
/// the main module. The dump refers to the store's memories.
debug::CoreDump core_dump_of(Store& store, std::string program);

}  // namespace wazuka
