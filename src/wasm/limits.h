// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Implementation limits (spec appendix A.2), the values of the other engines, so that what one
// accepts all accept.
#pragma once

#include "base/ints.h"

namespace wazuka::limits {

inline constexpr u32 kMaxTypes = 1'000'000;
inline constexpr u32 kMaxFunctions = 1'000'000;
inline constexpr u32 kMaxImports = 1'000'000;
inline constexpr u32 kMaxExports = 1'000'000;
inline constexpr u32 kMaxGlobals = 1'000'000;
inline constexpr u32 kMaxTags = 1'000'000;
inline constexpr u32 kMaxDataSegments = 100'000;
inline constexpr u32 kMaxElemSegments = 100'000;
inline constexpr u32 kMaxTables = 100;
inline constexpr u32 kMaxMemories = 100;
inline constexpr u32 kMaxTableElements = 10'000'000;
inline constexpr u32 kMaxElemSegmentItems = 10'000'000;
inline constexpr u32 kMaxNameBytes = 100'000;
inline constexpr u32 kMaxFunctionBytes = 7'654'321;
inline constexpr u32 kMaxLocals = 50'000;
inline constexpr u32 kMaxParams = 1'000;
inline constexpr u32 kMaxResults = 1'000;
inline constexpr u32 kMaxBrTableTargets = kMaxFunctionBytes;
inline constexpr u32 kMaxStructFields = 10'000;
inline constexpr u32 kMaxArrayNewFixed = 10'000;
inline constexpr u32 kMaxCatches = 10'000;
inline constexpr u32 kMaxHandlers = 10'000;
/// Operands of one function. More than single pushes can reach in kMaxFunctionBytes; bounds the
/// memory that calls with many results can ask for.
inline constexpr u32 kMaxOperands = 1 << 22;
inline constexpr u32 kMaxSubtypingDepth = 63;
inline constexpr u32 kMaxRecGroupTypes = 1'000'000;
inline constexpr u64 kMaxModuleBytes = u64{1} << 30;
inline constexpr u64 kWasmPageSize = 65536;
inline constexpr u64 kMaxMemory32Pages = u64{1} << 16;
inline constexpr u64 kMaxMemory64Pages = u64{1} << 48;

}  // namespace wazuka::limits
