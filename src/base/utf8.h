// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// UTF-8 well-formedness (Unicode table 3-7): no surrogates, no overlong forms, at most U+10FFFF.
#pragma once

#include <span>

#include "base/ints.h"

namespace wazuka {

bool is_valid_utf8(std::span<const u8> bytes);

}  // namespace wazuka
