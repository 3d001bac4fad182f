// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `compile`: a module → an image of it (docs/images.md).
#include <sys/stat.h>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/images.h"
#include "cli/output.h"
#include "cli/output_file.h"
#include "cli/progress.h"
#include "os/atomic_file.h"
#include "os/file_bytes.h"
#include "runtime/precompile.h"
#include "wasm/module_reader.h"

namespace wazuka::cli {
namespace {

Result<EngineConfig> config_for(const Options& options) {
  auto config = engine_config(options, CodeUse::kShow);
  if (!config) return config;
  // A target is any machine of its kind.
  if (!options.target().empty() && !options.has(OptionId::kCodegenCpu)) {
    config->cpu = assembly::CpuFeatures::level(1);
  }
  return config;
}

Result<std::vector<u8>> image_of(const std::string& path, const Options& options) {
  auto config = config_for(options);
  if (!config) return std::unexpected(std::move(config).error());
  auto bytes = load_binary(path, false);
  if (!bytes) return std::unexpected(std::move(bytes).error());
  const Engine engine(*config);
  ReadOptions read;
  read.features = config->features;
  Progress progress("Compiling", (*bytes)->bytes().size());
  auto module = read_module(*bytes, engine.types(), read);
  if (!module) {
    return std::unexpected(module_error(std::move(module).error(), (*bytes)->bytes()));
  }
  return precompile(engine, **module);
}

/// A file is replaced as a whole: programs that run from it go on.
Result<void> write_output(const std::string& path, std::span<const u8> image) {
  struct stat info;
  const bool special = path == "-" || (stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode));
  if (!special) {
    auto replaced = os::replace_file(path, image);
    if (replaced) return {};
    return fail_with_cause("failed to write output: " + path, os::error_text(replaced.error()));
  }
  auto out = OutputFile::open(path);
  if (!out) return std::unexpected(std::move(out).error());
  out->write(image);
  return out->close();
}

Result<void> compile_file(const ParsedArguments& parsed, const Options& options) {
  for (FlagId id : {FlagId::kEmitClif, FlagId::kEmit}) {
    const ParsedFlag* flag = parsed.find(id);
    if (flag == nullptr || (id == FlagId::kEmit && flag->value == "cwasm")) continue;
    return fail("the option `" + std::string(id == FlagId::kEmit ? "--emit " : "--emit-clif ") +
                std::string(flag->value) + "` is not supported yet by this build");
  }
  const std::string path(parsed.positionals[0]);
  auto image = image_of(path, options);
  if (!image) return std::unexpected(std::move(image).error());
  const ParsedFlag* output = parsed.find(FlagId::kOutput);
  return write_output(output == nullptr ? stem(path) + ".cwasm" : std::string(output->value),
                      *image);
}

}  // namespace

int compile_command(Arguments arguments) {
  ParsedArguments parsed;
  if (int code = start_command(CommandId::kCompile, arguments, parsed); code >= 0) return code;
  OptionsOutcome outcome = read_options(parsed);
  if (outcome.exit_code >= 0) return outcome.exit_code;
  auto compiled = compile_file(parsed, outcome.options);
  if (compiled) return 0;
  print_error(compiled.error());
  return kExitFailure;
}

}  // namespace wazuka::cli
