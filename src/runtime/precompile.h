// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Images of modules (docs/images.md): all code of a module, compiled ahead of time, in one file.
#pragma once

#include <vector>

#include "base/error.h"
#include "image/format.h"
#include "runtime/engine.h"
#include "wasm/module.h"

namespace wazuka {

class ModuleCode;

/// What code of this engine relies on.
image::Settings image_settings(const Engine& engine);

/// Bytes from the first FuncCode of a module to its code.
u64 code_distance(const Module& module);

/// Compiles a validated module as the engine would, on all cores if it may, but optimising where it
/// would decide that later; the image has the same bytes every time. An error if the code of a
/// function is refused (EngineConfig::verify). What no compiler takes is not in the image, and will
/// be interpreted.
Result<std::vector<u8>> precompile(const Engine& engine, const Module& module);

/// An image with what code the module has now, for later runs with the same settings: they compile
/// what is missing. The engine's configuration says that it may be asked for (capture_code).
Result<std::vector<u8>> capture(const ModuleCode& code);

/// Bytes of code that this process has compiled for the module, and that its image does not have.
u64 bytes_to_capture(const ModuleCode& code);

}  // namespace wazuka
