// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `-D coredump=FILE`: the file, and what the error says about it.
#pragma once

#include <string>

#include "base/error.h"
#include "runtime/store.h"

namespace wazuka::cli {

/// Writes what the store holds after a trap.
Result<void> write_core_file(Store& store, const std::string& program, const std::string& path);

/// Puts a summary of the store into an error's causes, before the backtrace. Its words are those of
/// Wasmtime's CLI, with the numbers that it happens to give to the first store and its instances.
void describe_store(Store& store, Error& error);

}  // namespace wazuka::cli
