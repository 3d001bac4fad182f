// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The section `dylink.0` of shared libraries (tool conventions, DynamicLinking.md), as both
// directions of the text format know it.
#pragma once

#include <string_view>

#include "base/ints.h"

namespace wazuka::wat {

/// Subsections.
inline constexpr u8 kDylinkMemInfo = 1, kDylinkNeeded = 2, kDylinkExportInfo = 3,
                    kDylinkImportInfo = 4, kDylinkRuntimePath = 5;

struct DylinkFlag {
  std::string_view name;
  u32 bit;
};
/// Of symbols.
inline constexpr DylinkFlag kDylinkFlags[] = {
    {"binding-weak", 1 << 0}, {"binding-local", 1 << 1}, {"visibility-hidden", 1 << 2},
    {"undefined", 1 << 4},    {"exported", 1 << 5},      {"explicit-name", 1 << 6},
    {"no-strip", 1 << 7},     {"tls", 1 << 8},           {"absolute", 1 << 9},
};

}  // namespace wazuka::wat
