// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The lines of a backtrace, as Wasmtime writes them.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "debug/dwarf.h"

namespace wazuka::debug {

/// What follows "    0:    0x28e - " in a backtrace when positions are known: functions, innermost
/// first, each with its position on a line of its own. No line end after the last.
///
///     inner
///                         at /src/t.c:5:9
///                     - outer
///                         at /src/t.c:14:36
///
/// `function` is shown for the first frame when the debug information has no name for it: the name
/// of the wasm function as printed elsewhere, without that of the module. `frames` must not be
/// empty.
std::string frame_text(std::span<const SourceFrame> frames, std::string_view function);

}  // namespace wazuka::debug
