// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `wast`: runs test scripts.
#include "wat/wast.h"

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/logging.h"
#include "cli/output.h"
#include "cli/wast_runner.h"
#include "os/file_bytes.h"
#include "wat/diagnostic.h"

namespace wazuka::cli {
namespace {

Result<void> run_script(WastRunner& runner, const std::string& path) {
  auto file = os::FileBytes::read(path.c_str());
  if (!file) {
    return fail_with_cause("failed to read `" + path + "`", os::error_text(file.error().number));
  }
  std::string_view text(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
  auto script = wat::parse_wast(text);
  if (!script) return fail(wat::render_error(script.error(), text, path));
  return runner.run(script->commands, path);
}

Result<void> run_scripts(const ParsedArguments& arguments, const Options& options) {
  for (FlagId later : {FlagId::kPrecompileSave, FlagId::kPrecompileLoad}) {
    if (arguments.find(later) != nullptr) {
      return fail("precompiled scripts are not supported yet by this build");
    }
  }
  auto log = Log::from_environment(options);
  if (!log) return std::unexpected(std::move(log).error());
  auto config = engine_config(options);
  if (!config) return std::unexpected(std::move(config).error());
  if (*log != nullptr) config->compile_log = (*log)->compile_log();
  config->features.set(Feature::kSharedMemory, true);
  WastSettings settings;
  settings.ignore_error_messages = arguments.find(FlagId::kIgnoreErrorMessages) != nullptr;
  settings.wasmtime_builtins = arguments.find(FlagId::kWasmtimeBuiltins) != nullptr;
  settings.fuel = options.number(OptionId::kWasmFuel);
  WastRunner runner(std::make_shared<Engine>(*config), settings);
  WAZUKA_TRY(runner.define_host_modules());
  for (std::string_view path : arguments.positionals) {
    auto result = run_script(runner, std::string(path));
    if (result) continue;
    return std::unexpected(
        std::move(result).error().context("failed to run script file '" + std::string(path) + "'"));
  }
  return {};
}

}  // namespace

int wast_command(Arguments arguments) {
  ParsedArguments parsed;
  if (int code = start_command(CommandId::kWast, arguments, parsed); code >= 0) return code;
  OptionsOutcome outcome = read_options(parsed);
  if (outcome.exit_code >= 0) return outcome.exit_code;
  auto result = run_scripts(parsed, outcome.options);
  if (result) return 0;
  print_error(result.error());
  return kExitFailure;
}

}  // namespace wazuka::cli
