// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Files that appear as a whole or not at all, whoever reads, writes or interrupts meanwhile;
// whoever has the old file open or mapped keeps it.
#pragma once

#include <span>
#include <string>

#include "base/ints.h"
#include "os/files.h"

namespace wazuka::os {

/// Writes a new file beside `path`, named `path` + kTemporary + …, and renames it. A failure leaves
/// nothing behind.
inline constexpr const char* kTemporary = ".new-";
HostResult<void> replace_file(const std::string& path, std::span<const u8> bytes);

}  // namespace wazuka::os
