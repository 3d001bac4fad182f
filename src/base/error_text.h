// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An error with its whole chain, as people read it.
#pragma once

#include <string>

#include "base/error.h"

namespace wazuka {

/// The message, and below it "Caused by:" with the chain.
std::string error_text(const Error& error);

}  // namespace wazuka
