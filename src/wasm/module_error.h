// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Errors of binaries in Wasmtime's words.
#pragma once

#include <span>
#include <string>

#include "base/error.h"

namespace wazuka {

/// The error of read_module in Wasmtime's words.
Error module_error(Error error, std::span<const u8> binary);
/// "function[3]::name", if the offset is inside of a body; else empty.
std::string function_place(std::span<const u8> binary, u64 offset);

}  // namespace wazuka
