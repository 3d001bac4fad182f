// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/common.h"

#include <cstdlib>
#include <unistd.h>

#include "asm/cpu_features.h"
#include "cli/code_tools.h"
#include "cli/config_file.h"
#include "cli/cranelift_settings.h"
#include "cli/option_values.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/target.h"
#include "cli/text_modules.h"
#include "os/file_bytes.h"

namespace wazuka::cli {
namespace {

bool is_group(FlagId id) {
  return static_cast<u32>(id) < kGroupCount;
}

}  // namespace

OptionsOutcome read_options(const ParsedArguments& arguments) {
  OptionsOutcome outcome;
  const ParsedFlag* target = arguments.find(FlagId::kTarget);
  if (target != nullptr) outcome.options.set_target(target->value);
  auto failed = [&](const Error& error) {
    print_error(error);
    outcome.exit_code = kExitFailure;
    return std::move(outcome);
  };
  if (const ParsedFlag* config = arguments.find(FlagId::kConfig)) {
    auto read = read_config_file(std::string(config->value), outcome.options);
    if (!read) return failed(read.error());
  }
  if (auto parsed = outcome.options.parse_environment(environ); !parsed) {
    return failed(parsed.error());
  }
  for (const ParsedFlag& flag : arguments.flags) {
    if (!is_group(flag.id)) continue;
    Group group = static_cast<Group>(flag.id);
    if (flag.value == "help" || flag.value == "help-long") {
      print_out(group_help(group, flag.value == "help-long"));
      outcome.exit_code = 0;
      return outcome;
    }
    (void)outcome.options.parse(group, flag.value);  // the parser of arguments has tried it
  }
  return outcome;
}

namespace {

Strategy strategy_of(std::string_view compiler) {
  if (compiler == "interpreter") return Strategy::kInterpreter;
  if (compiler == "optimizing" || compiler == "cranelift") return Strategy::kOptimizing;
  return compiler.empty() || compiler == "auto" ? Strategy::kAuto : Strategy::kBaseline;
}

/// How code is run, and what it may rely on.
void set_execution(EngineConfig& config, const Options& options) {
  config.strategy = strategy_of(options.text(OptionId::kCodegenCompiler));
  const std::string_view level = options.text(OptionId::kOptimizeOptLevel);
  if (level == "0" || level == "1") config.opt_level = static_cast<u8>(level[0] - '0');
  config.small_code = level == "s";
  const std::string_view inlining = options.text(OptionId::kCodegenInlining);
  config.inlining = inlining != "n" && inlining != "no" && inlining != "false";
  config.tier_up = options.is_on(OptionId::kCodegenTierUp, true);
  if (auto n = options.number(OptionId::kCodegenTierUpBudget)) {
    config.tier_up_budget = static_cast<u32>(*n);
  }
  config.background_compilation = options.is_on(OptionId::kCodegenTierUpInBackground, true);
  config.check_compiler = options.is_on(OptionId::kCodegenCraneliftDebugVerifier);
  // Of slow code that is asked for by name, all is made at once, as Wasmtime does.
  const bool lazy = config.strategy != Strategy::kOptimizing;
  config.lazy_compilation = options.is_on(OptionId::kCodegenLazy, lazy);
  config.parallel_compilation = options.is_on(OptionId::kCodegenParallelCompilation, true);
  config.signals_based_traps = options.is_on(OptionId::kOptimizeSignalsBasedTraps, true);
  config.memory_images = options.is_on(OptionId::kOptimizeMemoryInitCow, true);
  config.guard_before_memory = options.is_on(OptionId::kOptimizeGuardBeforeLinearMemory, true);
  if (auto n = options.number(OptionId::kOptimizeMemoryReservation)) config.memory_reservation = *n;
  if (auto n = options.number(OptionId::kOptimizeMemoryGuardSize)) config.memory_guard = *n;
}

/// "host", "x86-64" or "x86-64-v2" to "x86-64-v4".
Result<assembly::CpuFeatures> cpu_named(std::string_view name) {
  constexpr std::string_view kBase = "x86-64";
  const assembly::CpuFeatures host = assembly::CpuFeatures::host();
  if (name == "host") return host;
  const std::string_view level = name.starts_with(kBase) ? name.substr(kBase.size()) : "?";
  if (level.empty()) return assembly::CpuFeatures::level(1);
  if (level.size() == 3 && level.starts_with("-v") && level[2] >= '2' && level[2] <= '4') {
    return assembly::CpuFeatures::level(static_cast<unsigned>(level[2] - '0'));
  }
  return fail("unknown processor `" + std::string(name) +
              "`, only host,x86-64,x86-64-v2,x86-64-v3,x86-64-v4 accepted");
}

#ifdef NDEBUG
constexpr bool kDebugBuild = false;
#else
constexpr bool kDebugBuild = true;
#endif

/// The code that is made, and whether it is checked.
Result<void> set_code(EngineConfig& config, const Options& options, CodeUse use) {
  if (options.has(OptionId::kCodegenCpu)) {
    auto cpu = cpu_named(options.text(OptionId::kCodegenCpu));
    if (!cpu) return std::unexpected(std::move(cpu).error());
    if (use == CodeUse::kRun && !assembly::CpuFeatures::host().covers(*cpu)) {
      return fail("this processor cannot run code for " +
                  std::string(options.text(OptionId::kCodegenCpu)));
    }
    config.cpu = *cpu;
  }
  const std::optional<bool> wanted = options.flag(OptionId::kCodegenVerifyCode);
  if (!wanted.value_or(kDebugBuild)) return {};
  auto tools = code_tools("the option `-C verify-code`");
  if (tools) config.verify = tools->verify;
  if (tools || !wanted) return {};
  return std::unexpected(std::move(tools).error());
}

Result<void> check_compiler_settings(const Options& options) {
  for (std::string_view setting : options.texts(OptionId::kCodegenCranelift)) {
    const size_t equals = setting.find('=');
    std::optional<std::string_view> value;
    if (equals != std::string_view::npos) value = setting.substr(equals + 1);
    WAZUKA_TRY(check_cranelift_setting(setting.substr(0, equals), value));
  }
  return {};
}

}  // namespace

Result<EngineConfig> engine_config(const Options& options, CodeUse use) {
  if (!options.target().empty()) WAZUKA_TRY(check_target(options.target()));
  WAZUKA_TRY(options.check_supported());
  if (options.has(OptionId::kCodegenCacheConfig)) {
    CacheSettings ignored;
    const std::string path(options.text(OptionId::kCodegenCacheConfig));
    WAZUKA_TRY(read_cache_config(path, ignored));
  }
  EngineConfig config;
  config.features = options.features();
  if (auto n = options.number(OptionId::kWasmMaxWasmStack)) {
    if (*n == 0) return fail("max_wasm_stack size cannot be zero");
    config.max_wasm_stack = *n;
    config.async_stack = *n + (u64{512} << 10);
  }
  if (auto n = options.number(OptionId::kWasmAsyncStackSize)) config.async_stack = *n;
  if (config.max_wasm_stack > config.async_stack) {
    return fail("max_wasm_stack size cannot exceed the async_stack_size");
  }
  // 0 is no number to Wasmtime, which shows the usual frames then.
  if (auto n = options.number(OptionId::kDebugMaxBacktrace); n && *n != 0) {
    config.max_backtrace = static_cast<u32>(std::min<u64>(*n, 100'000));
  }
  const char* details = std::getenv("WAZUKA_BACKTRACE_DETAILS");
  if (details == nullptr) details = std::getenv("WASMTIME_BACKTRACE_DETAILS");
  config.backtrace_details = details != nullptr && std::string_view(details) == "1";
  config.gc.stress_interval =
      static_cast<u32>(options.number(OptionId::kOptimizeGcZealAllocCounter).value_or(0));
  if (auto n = options.number(OptionId::kOptimizeGcHeapInitialSize)) config.gc.initial_bytes = *n;
  // A heap that may not move has to stay in its reservation.
  auto reservation = options.number(OptionId::kOptimizeGcHeapReservation);
  if (reservation && !options.is_on(OptionId::kOptimizeGcHeapMayMove, true)) {
    config.gc.max_bytes = std::min(config.gc.max_bytes, *reservation);
  }
  if (options.text(OptionId::kCodegenCollector) == "null") {
    config.gc.collector = GcCollector::kNull;
  }
  config.address_map = options.is_on(OptionId::kDebugAddressMap, true);
  set_execution(config, options);
  WAZUKA_TRY(set_code(config, options, use));
  config.fuel = options.has(OptionId::kWasmFuel);
  config.canonical_nans = options.is_on(OptionId::kWasmNanCanonicalization);
  config.epoch = options.has(OptionId::kWasmTimeout);
  WAZUKA_TRY(check_compiler_settings(options));
  return config;
}

StoreLimits store_limits(const Options& options) {
  StoreLimits limits;
  auto set = [&](u64& limit, OptionId id) { limit = options.number(id).value_or(limit); };
  set(limits.memory_bytes, OptionId::kWasmMaxMemorySize);
  set(limits.table_elements, OptionId::kWasmMaxTableElements);
  set(limits.instances, OptionId::kWasmMaxInstances);
  set(limits.tables, OptionId::kWasmMaxTables);
  set(limits.memories, OptionId::kWasmMaxMemories);
  limits.trap_on_grow_failure = options.is_on(OptionId::kWasmTrapOnGrowFailure);
  return limits;
}

namespace {

/// The bytes of a file, as a module keeps them.
class FileModuleBytes : public ModuleBytes {
 public:
  explicit FileModuleBytes(os::FileBytes file) : file_(std::move(file)) {}
  std::span<const u8> bytes() const override { return file_.bytes(); }

 private:
  os::FileBytes file_;
};

bool starts_with(std::span<const u8> bytes, std::string_view magic) {
  return bytes.size() >= magic.size() &&
         std::string_view(reinterpret_cast<const char*>(bytes.data()), magic.size()) == magic;
}

constexpr std::string_view kWasmMagic("\0asm", 4);
constexpr std::string_view kElfMagic(
    "\x7f"
    "ELF",
    4);
constexpr const char* kNoComponents = "components are not supported yet by this build";

bool is_component(std::span<const u8> bytes) {
  // The layer field of the version tells components from modules.
  return bytes.size() >= 8 && starts_with(bytes, kWasmMagic) && bytes[6] == 1 && bytes[7] == 0;
}

}  // namespace

Result<std::shared_ptr<const ModuleBytes>> load_binary(const std::string& given_path,
                                                       bool allow_precompiled) {
  const std::string path = given_path == "-" ? "/dev/stdin" : given_path;
  auto file = os::FileBytes::read(path.c_str());
  if (!file) {
    const auto& [step, number] = file.error();
    std::string outer = step == os::FileBytes::Step::kOpen
                            ? "failed to open wasm module " + debug_string(path)
                            : "failed to read file: " + path;
    return fail_with_cause(std::move(outer), os::error_text(number));
  }
  std::span<const u8> bytes = file->bytes();
  if (starts_with(bytes, kElfMagic)) {
    if (allow_precompiled) return std::make_shared<FileModuleBytes>(*std::move(file));
    return fail("running a precompiled module requires the `--allow-precompiled` flag");
  }
  if (is_component(bytes)) return fail(kNoComponents);
  if (starts_with(bytes, kWasmMagic)) return std::make_shared<FileModuleBytes>(*std::move(file));
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (is_component_text(text)) return fail(kNoComponents);
  Progress progress("Reading " + path, text.size());
  auto binary = binary_of_text(text, path);
  if (!binary) return std::unexpected(std::move(binary).error());
  return std::make_shared<OwnedModuleBytes>(*std::move(binary));
}

Result<std::shared_ptr<ModuleCode>> compile(const std::shared_ptr<Engine>& engine,
                                            std::shared_ptr<const ModuleBytes> bytes) {
  Progress progress("Compiling", bytes->bytes().size());
  auto code = ModuleCode::from_binary(engine, bytes);
  if (code) return code;
  return std::unexpected(module_error(std::move(code).error(), bytes->bytes()));
}

}  // namespace wazuka::cli
