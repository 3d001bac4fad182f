// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `run`: one main module, preloaded modules, WASI; what is called and which exit code results.
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <mutex>
#include <thread>
#include <unistd.h>

#include "cli/cache.h"
#include "cli/commands.h"
#include "cli/common.h"
#include "cli/core_dump.h"
#include "cli/flag_values.h"
#include "cli/images.h"
#include "cli/invoke.h"
#include "cli/listeners.h"
#include "cli/logging.h"
#include "cli/option_values.h"
#include "cli/output.h"
#include "cli/wasi_options.h"
#include "runtime/linker.h"
#include "runtime/profile/profiles.h"
#include "wasi/core/utf8.h"
#include "wasi/link.h"
#include "wasi/threads.h"

namespace wazuka::cli {
namespace {

struct Preload {
  std::string name, path;
};

/// What the command line asks for.
struct RunRequest {
  Options options;
  bool allow_precompiled = false;
  bool deterministic = false;
  std::vector<wasi::Preopen> dirs;
  std::vector<std::string_view> env;
  std::vector<Preload> preloads;
  std::optional<std::string_view> invoke;
  std::optional<std::string_view> argv0;
  std::string_view profile;  // empty: none
  std::vector<std::string_view> module_and_args;

  std::unique_ptr<Log> log;  // null: nothing is logged

  std::string module_path() const { return std::string(module_and_args[0]); }
};

constexpr std::string_view kPerfMap = "perfmap", kJitDump = "jitdump";

/// Flags that this build knows but cannot obey.
Result<void> check_flags(const ParsedArguments& arguments) {
  if (const ParsedFlag* gdbstub = arguments.find(FlagId::kGdbstub)) {
    WAZUKA_TRY(check_gdbstub(gdbstub->value));
  }
  struct Later {
    FlagId id;
    const char* name;
  };
  static constexpr Later kLater[] = {{FlagId::kGdbstub, "--gdbstub"}};
  for (const Later& l : kLater) {
    if (arguments.find(l.id) != nullptr) {
      return fail(std::string("the option `") + l.name + "` is not supported yet by this build");
    }
  }
  const ParsedFlag* profile = arguments.find(FlagId::kProfile);
  if (profile == nullptr || profile->value == kPerfMap || profile->value == kJitDump) return {};
  return fail("the option `--profile " +
              std::string(profile->value.substr(0, profile->value.find(','))) +
              "` is not supported yet by this build");
}

/// Who is told of machine code.
Result<void> set_profile(EngineConfig& config, std::string_view profile) {
  if (profile.empty()) return {};
  if (config.strategy == Strategy::kInterpreter) {
    return fail("the option `--profile` needs a compiler, and `-C compiler=interpreter` has none");
  }
  auto observer =
      profile == kPerfMap ? make_perf_map(perf_map_path()) : make_jit_dump(jit_dump_path());
  if (!observer) return std::unexpected(std::move(observer).error());
  config.observer = *std::move(observer);
  return {};
}

/// Fills in the request from the flags, whose values have been checked (value_error).
void read_flags(const ParsedArguments& arguments, RunRequest& request) {
  for (const ParsedFlag& flag : arguments.flags) {
    if (flag.id == FlagId::kAllowPrecompiled) {
      request.allow_precompiled = true;
    } else if (flag.id == FlagId::kDir) {
      request.dirs.push_back(*parse_dir(flag.value));
    } else if (flag.id == FlagId::kDeterministic) {
      request.deterministic = true;
    } else if (flag.id == FlagId::kProfile) {
      request.profile = flag.value;
    } else if (flag.id == FlagId::kEnv) {
      request.env.push_back(flag.value);
    } else if (flag.id == FlagId::kInvoke) {
      request.invoke = flag.value;
    } else if (flag.id == FlagId::kArgv0) {
      request.argv0 = flag.value;
    } else if (flag.id == FlagId::kPreload) {
      const size_t equals = flag.value.find('=');
      request.preloads.push_back(
          {std::string(flag.value.substr(0, equals)), std::string(flag.value.substr(equals + 1))});
    }
  }
  request.module_and_args = arguments.positionals;
}

/// The last component of a path, as Rust's Path::components sees it.
std::string_view base_name(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  if (path.ends_with("/.")) return base_name(path.substr(0, path.size() - 2));
  size_t slash = path.rfind('/');
  return slash == std::string_view::npos || path.size() == 1 ? path : path.substr(slash + 1);
}

/// For tests: which of the two ways to open files to take.
Result<wasi::Resolver::Method> resolver_method() {
  const char* text = getenv("WAZUKA_RESOLVER");
  if (text == nullptr) return wasi::Resolver::Method::kAutomatic;
  if (std::string_view(text) == "openat2") return wasi::Resolver::Method::kKernel;
  if (std::string_view(text) == "walk") return wasi::Resolver::Method::kWalk;
  return fail("the environment variable WAZUKA_RESOLVER is neither `openat2` nor `walk`");
}

Result<std::unique_ptr<wasi::Context>> make_wasi(const RunRequest& request) {
  wasi::ContextOptions wasi;
  const Options& options = request.options;
  for (size_t i = 0; i < request.module_and_args.size(); ++i) {
    std::string_view argument = request.module_and_args[i];
    if (i == 0) argument = request.argv0.value_or(base_name(argument));
    if (!wasi::is_utf8(argument)) {
      return fail("failed to convert " + debug_string(argument) + " to utf-8");
    }
    wasi.arguments.emplace_back(argument);
  }
  auto add_variable = [&](std::string_view name, std::string_view value) {
    wasi.environment.emplace_back(name, value);
  };
  if (options.is_on(OptionId::kWasiInheritEnv)) {
    for (char** entry = environ; *entry != nullptr; ++entry) {
      std::string_view text = *entry;
      size_t equals = text.find('=');
      if (equals != std::string_view::npos) {
        add_variable(text.substr(0, equals), text.substr(equals + 1));
      }
    }
  }
  for (std::string_view text : request.env) {
    size_t equals = text.find('=');
    if (equals != std::string_view::npos) {
      add_variable(text.substr(0, equals), text.substr(equals + 1));
    } else if (const char* value = getenv(std::string(text).c_str())) {
      add_variable(text, value);
    }
  }
  wasi.preopens = request.dirs;
  set_sources(options, request.deterministic, wasi);
  if (request.log != nullptr) wasi.tracer = request.log->wasi_tracer();
  WAZUKA_TRY(add_listeners(options, wasi));
  auto method = resolver_method();
  if (!method) return std::unexpected(std::move(method).error());
  wasi.resolver = *method;
  if (options.is_on(OptionId::kWasiInheritStdin, true)) wasi.stdin_fd = STDIN_FILENO;
  if (options.is_on(OptionId::kWasiInheritStdout, true)) wasi.stdout_fd = STDOUT_FILENO;
  if (options.is_on(OptionId::kWasiInheritStderr, true)) wasi.stderr_fd = STDERR_FILENO;
  return wasi::Context::create(std::move(wasi));
}

/// Options that Wasmtime rejects when it makes the store.
Result<void> check_options(const Options& options) {
  if (options.text(OptionId::kDebugCoredump).find('%') != std::string_view::npos) {
    return fail("the coredump-on-trap path does not support patterns yet.");
  }
  if (options.flag(OptionId::kWasiPreview2) == false) {
    return fail("the `-Spreview2=n` flag is no longer supported");
  }
  if (options.has(OptionId::kWasiCommon) && options.has(OptionId::kWasiCli)) {
    return fail("The -Scommon option should not be use with -Scli as it is a deprecated alias");
  }
  struct ForComponents {
    OptionId id;
    const char* name;
  };
  for (ForComponents proposal : {ForComponents{OptionId::kWasiHttp, "http"},
                                 {OptionId::kWasiConfig, "config"},
                                 {OptionId::kWasiKeyvalue, "keyvalue"},
                                 {OptionId::kWasiTls, "tls"}}) {
    if (!options.is_on(proposal.id)) continue;
    return fail(std::string("Cannot enable wasi-") + proposal.name + " for core wasm modules");
  }
  return {};
}

/// Reports how the run ended and gives the exit code.
int report(const ExecError& error) {
  if (error.exit_code) return static_cast<int>(*error.exit_code);
  print_error(error.error);
  return error.trap ? kExitTrap : kExitFailure;
}

/// Stops the program after a time: code is interrupted at its next check, and if it is not
/// executing then (a host call that blocks), the process ends.
void start_watchdog(const std::shared_ptr<Engine>& engine, u64 nanoseconds) {
  std::thread([engine, nanoseconds] {
    std::this_thread::sleep_for(std::chrono::nanoseconds(nanoseconds));
    engine->increment_epoch();
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    print_error(
        Error{"timed out after deadline has elapsed", Error::kNoOffset, {"wasm trap: interrupt"}});
    exit_process(kExitTrap);
  }).detach();
}

/// What `-S threads` cannot be combined with.
Result<void> check_threads(const RunRequest& request, bool cli) {
  const Options& options = request.options;
  const char* obstacle = nullptr;
  if (!cli) obstacle = "requires `-S cli`";
  if (!options.features().has(Feature::kSharedMemory)) obstacle = "requires `-W shared-memory`";
  if (!request.preloads.empty()) obstacle = "cannot be combined with `--preload`";
  if (options.has(OptionId::kWasmFuel)) obstacle = "cannot be combined with `-W fuel`";
  if (obstacle == nullptr) return {};
  return fail(std::string("the option `-S threads` ") + obstacle);
}

class Runner : wasi::ThreadHost {
 public:
  Runner(const RunRequest& request, std::shared_ptr<Engine> engine)
      : request_(request),
        engine_(std::move(engine)),
        store_(engine_, store_limits(request.options)),
        linker_(store_) {}

  /// Everything before the main module runs.
  Result<void> prepare() {
    const Options& options = request_.options;
    auto main = load_main(request_.module_path());
    if (!main) return std::unexpected(std::move(main).error());
    main_ = *std::move(main);
    linker_.allow_unknown_exports(options.is_on(OptionId::kWasmUnknownExportsAllow));
    WAZUKA_TRY(check_options(options));
    bool cli = options.is_on(OptionId::kWasiCli, options.is_on(OptionId::kWasiCommon, true));
    if (cli) {
      auto context = make_wasi(request_);
      if (!context) return std::unexpected(std::move(context).error());
      wasi_ = *std::move(context);
      provider_ = std::make_unique<wasi::WasiProvider>(
          *wasi_, options.is_on(OptionId::kWasiPreview0, true));
      linker_.add_provider(*provider_);
    }
    if (options.is_on(OptionId::kWasiThreads)) WAZUKA_TRY(allow_threads(cli));
    if (auto fuel = options.number(OptionId::kWasmFuel)) store_.set_fuel(*fuel);
    return {};
  }

  /// At the end: what has been compiled may be of use to the next run.
  void keep_code() const {
    if (cache_) cache_->store(*main_);
  }

  ExecResult<void> run() {
    if (auto timeout = request_.options.number(OptionId::kWasmTimeout)) {
      epoch_deadline_ = engine_->epoch().load() + 1;
      store_.context.epoch_deadline = epoch_deadline_;
      start_watchdog(engine_, *timeout);
    }
    for (const Preload& preload : request_.preloads) WAZUKA_TRY(add_preload(preload));
    auto result = run_main();
    if (result) return result;
    return std::unexpected(std::move(result).error().context("failed to run main module `" +
                                                             request_.module_path() + "`"));
  }

 private:
  Result<std::shared_ptr<ModuleCode>> load_main(const std::string& path) {
    if (engine_->config().capture_code) cache_.emplace(request_.options, request_.log.get());
    return load(path, cache_ ? &*cache_ : nullptr);
  }

  Result<std::shared_ptr<ModuleCode>> load(const std::string& path, ModuleCache* cache = nullptr) {
    if (request_.allow_precompiled) {
      auto code = load_image(engine_, path);
      if (!code || *code != nullptr) return code;
    }
    auto bytes = load_binary(path, request_.allow_precompiled);
    if (!bytes) return std::unexpected(std::move(bytes).error());
    if (image::is_elf((*bytes)->bytes())) return load_image(engine_, path, (*bytes)->bytes());
    if (cache != nullptr) {
      auto code = cache->find(engine_, (*bytes)->bytes());
      if (!code || *code != nullptr) return code;
    }
    return compile(engine_, *std::move(bytes));
  }

  ExecResult<void> add_preload(const Preload& preload) {
    auto code = load(preload.path);
    if (!code) return std::unexpected(std::move(code).error());
    auto result = linker_.define_module(preload.name, *std::move(code));
    if (result) return result;
    return std::unexpected(std::move(result).error().context(
        "failed to process preload `" + preload.name + "` at `" + preload.path + "`"));
  }

  Result<void> define_unknown_imports(Linker& linker) const {
    const Options& options = request_.options;
    if (options.is_on(OptionId::kWasmUnknownImportsTrap)) {
      WAZUKA_TRY(linker.define_unknown_imports_as_traps(main_->module()));
    }
    if (options.is_on(OptionId::kWasmUnknownImportsDefault)) {
      WAZUKA_TRY(linker.define_unknown_imports_as_defaults(main_->module()));
    }
    return {};
  }

  Result<void> allow_threads(bool cli) {
    WAZUKA_TRY(check_threads(request_, cli));
    bool preview0 = request_.options.is_on(OptionId::kWasiPreview0, true);
    auto threads = wasi::Threads::create(*this, store_, main_,
                                         {wasi_.get(), preview0, store_limits(request_.options)});
    if (!threads) return std::unexpected(std::move(threads).error());
    threads_ = *std::move(threads);
    linker_.add_provider(*threads_);
    return {};
  }

  Result<void> prepare_thread(Store& store, Linker& linker) override {
    store.context.epoch_deadline = epoch_deadline_;
    return define_unknown_imports(linker);
  }

  void thread_failed(u32 id, ExecError error) override {
    std::lock_guard once(ending_);  // never given back: the first one ends the process
    exit_process(
        report(std::move(error).context("failed to run thread " + std::to_string(id) +
                                        " of main module `" + request_.module_path() + "`")));
  }

  ExecResult<void> run_main() {
    const Options& options = request_.options;
    WAZUKA_TRY(define_unknown_imports(linker_));
    auto instance = linker_.instantiate(main_);
    if (!instance) {
      return std::unexpected(std::move(instance).error().context(
          "failed to instantiate " + debug_string(request_.module_path())));
    }
    if (VMFuncRef* initialize = find_func(**instance, "_initialize")) {
      WAZUKA_TRY(store_.call_initializer(*initialize));
    }
    auto func = choose_func(**instance);
    if (!func) return std::unexpected(std::move(func).error());
    if (*func == nullptr) return {};
    std::span<const std::string_view> arguments(request_.module_and_args);
    auto result = invoke_func(store_, **func, request_.invoke, arguments.subspan(1));
    if (result || !options.has(OptionId::kDebugCoredump) || !result.error().trap) return result;
    std::string path(options.text(OptionId::kDebugCoredump));
    describe_store(store_, result.error().error);
    auto written = write_core_file(store_, request_.module_path(), path);
    if (written) {
      return std::unexpected(std::move(result).error().context("core dumped at " + path));
    }
    print_err("warning: coredump failed to generate: " + written.error().message + "\n");
    return result;
  }

  static VMFuncRef* find_func(Instance& instance, std::string_view name) {
    std::optional<Extern> item = instance.find_export(name);
    return as_func(item ? &*item : nullptr);
  }

  /// What to call; null if there is nothing.
  Result<VMFuncRef*> choose_func(Instance& instance) {
    if (request_.invoke) {
      VMFuncRef* func = find_func(instance, *request_.invoke);
      if (func != nullptr) return func;
      return fail("no func export named `" + std::string(*request_.invoke) + "` found");
    }
    VMFuncRef* func = find_func(instance, "");
    return func != nullptr ? func : find_func(instance, "_start");
  }

  const RunRequest& request_;
  std::shared_ptr<Engine> engine_;
  std::unique_ptr<wasi::Context> wasi_;
  std::unique_ptr<wasi::WasiProvider> provider_;
  std::optional<ModuleCache> cache_;
  std::shared_ptr<ModuleCode> main_;
  Store store_;
  Linker linker_;
  u64 epoch_deadline_ = ~u64{0};
  std::mutex ending_;
  std::unique_ptr<wasi::Threads> threads_;
};

int run(const RunRequest& request) {
  auto config = engine_config(request.options);
  if (!config) {
    print_error(config.error());
    return kExitFailure;
  }
  config->canonical_nans |= request.deterministic;
  // How deep a recursion goes depends on the tier of each frame.
  config->background_compilation &= !request.deterministic;
  if (request.log != nullptr) config->compile_log = request.log->compile_log();
  if (auto set = set_profile(*config, request.profile); !set) {
    print_error(set.error());
    return kExitFailure;
  }
  // With --deterministic, what earlier runs have compiled must make no difference.
  config->capture_code = ModuleCache::is_for(request.options, *config) && !request.deterministic;
  Runner runner(request, std::make_shared<Engine>(*config));
  if (auto prepared = runner.prepare(); !prepared) {
    print_error(prepared.error());
    return kExitFailure;
  }
  auto result = runner.run();
  if (!result) {
    const int code = report(result.error());
    runner.keep_code();
    exit_process(code);
  }
  runner.keep_code();
  // The process ends here: freeing the program's memory first would only take time.
  exit_process(0);
}

}  // namespace

namespace {

int start_and_run(CommandId command, Arguments arguments) {
  ParsedArguments parsed;
  if (int code = start_command(command, arguments, parsed); code >= 0) return code;
  OptionsOutcome outcome = read_options(parsed);
  if (outcome.exit_code >= 0) return outcome.exit_code;
  RunRequest request;
  request.options = std::move(outcome.options);
  read_flags(parsed, request);
  if (auto checked = check_flags(parsed); !checked) {
    print_error(checked.error());
    return kExitFailure;
  }
  if (request.deterministic && request.options.is_on(OptionId::kWasiThreads)) {
    // Which of them comes first differs from run to run.
    print_error(Error{"`--deterministic` cannot be used with `-S threads`", Error::kNoOffset, {}});
    return kExitFailure;
  }
  auto log = Log::from_environment(request.options);
  if (!log) {
    print_error(log.error());
    return kExitFailure;
  }
  request.log = *std::move(log);
  return run(request);
}

}  // namespace

int run_by_default(Arguments arguments) {
  return start_and_run(CommandId::kTop, arguments);
}

int run_command(Arguments arguments) {
  return start_and_run(CommandId::kRun, arguments);
}

}  // namespace wazuka::cli
