// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the commands share: option groups → configuration, files → modules.
#pragma once

#include <memory>
#include <string>

#include "cli/arguments.h"
#include "cli/options.h"
#include "runtime/module_code.h"
#include "runtime/store.h"
#include "wasm/module_error.h"

namespace wazuka::cli {

/// Reads the file of `--config`, the environment and the group flags. Prints what is wrong; the
/// exit code is set then, and also after `-X help`.
struct OptionsOutcome {
  Options options;
  int exit_code = -1;  // ≥ 0: the command is done
};
OptionsOutcome read_options(const ParsedArguments& arguments);

/// The engine's configuration; an error for what this build cannot do. Code that is only looked at
/// may be for other processors than the host's.
enum class CodeUse : u8 { kRun, kShow };
Result<EngineConfig> engine_config(const Options& options, CodeUse use = CodeUse::kRun);
StoreLimits store_limits(const Options& options);

/// Reads a file ("-": standard input) and gives the binary in it, converted from text if it is not
/// one, or, if that is allowed, an ELF file. Errors are worded as Wasmtime's.
Result<std::shared_ptr<const ModuleBytes>> load_binary(const std::string& path,
                                                       bool allow_precompiled);

/// Validates and prepares a binary; the error says whether parsing or a function's body failed.
Result<std::shared_ptr<ModuleCode>> compile(const std::shared_ptr<Engine>& engine,
                                            std::shared_ptr<const ModuleBytes> bytes);

}  // namespace wazuka::cli
