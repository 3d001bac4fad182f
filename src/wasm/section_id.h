// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Section ids (spec 5.5.2).
#pragma once

#include "base/ints.h"

namespace wazuka {

enum class SectionId : u8 {
  kCustom = 0,
  kType = 1,
  kImport = 2,
  kFunction = 3,
  kTable = 4,
  kMemory = 5,
  kGlobal = 6,
  kExport = 7,
  kStart = 8,
  kElement = 9,
  kCode = 10,
  kData = 11,
  kDataCount = 12,
  kTag = 13,
};

}  // namespace wazuka
