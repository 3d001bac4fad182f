// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A fast hash of many bytes: against accidents and for tables, not against forgers.
#pragma once

#include <span>

#include "base/ints.h"

namespace wazuka {

/// Inputs of the same length that differ in one 64-bit word have different hashes. About as fast as
/// memory is read.
u64 hash_bytes(std::span<const u8> bytes, u64 seed = 0);

}  // namespace wazuka
