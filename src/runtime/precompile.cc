// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/precompile.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>

#include "base/parallel.h"
#include "image/writer.h"
#include "interp/interp.h"
#include "opt/pipeline.h"
#include "runtime/memory_image.h"
#include "runtime/module_code.h"
#include "runtime/native_code.h"
#include "wasm/module_reader.h"

namespace wazuka {

namespace {

CompileEnv env_of(const Engine& engine, const Module& module, const VMLayout& layout) {
  CompileEnv env = engine.compile_env(module, layout);
  env.tier_up = false;
  env.positions = false;
  return env;
}

/// Compiles all functions; threads take them in runs.
class Compilation {
 public:
  Compilation(const Engine& engine, const Module& module)
      : engine_(engine), module_(module), layout_(module) {
    functions_.resize(module.func_infos.size());
  }

  Result<void> run(u32 threads) {
    run_parallel(threads, [this] { work(); });
    if (error_) return std::unexpected(*std::move(error_));
    return {};
  }

  std::vector<image::Function> functions() const {
    std::vector<image::Function> all;
    for (u32 i = 0; i < functions_.size(); ++i) {
      if (!functions_[i]) continue;
      const CompiledCode& code = *functions_[i];
      all.push_back({.func_index = module_.imported_funcs + i,
                     .optimized = true,
                     .bytes = code.bytes,
                     .alignment = code.alignment,
                     .frame_bytes = code.frame_bytes,
                     .tables = code.tables,
                     .relocations = code.relocations,
                     .relocated_at = std::nullopt});
    }
    return all;
  }

 private:
  void work() {
    constexpr u32 kRun = 8;
    const CompileEnv env = env_of(engine_, module_, layout_);
    const u32 count = static_cast<u32>(functions_.size());
    for (;;) {
      const u32 begin = next_.fetch_add(kRun, std::memory_order_relaxed);
      if (begin >= count) return;
      for (u32 i = begin; i < std::min(begin + kRun, count); ++i) compile_one(env, i);
    }
  }

  void compile_one(const CompileEnv& env, u32 i) {
    const u32 func_index = module_.imported_funcs + i;
    auto code = compile_by(env, func_index);
    if (!code && !opt::is_mistake(code.error())) return;  // will be interpreted
    if (!code) return note(i, std::move(code).error());
    if (VerifyFunction verify = engine_.config().verify) {
      if (auto safe = verify(env, func_index, *code, nullptr); !safe) {
        return note(i, std::move(safe).error());
      }
    }
    functions_[i] = *std::move(code);
  }

  /// Where the engine would begin with baseline code, here is time for better code.
  Result<CompiledCode> compile_by(const CompileEnv& env, u32 func_index) const {
    const EngineConfig& config = engine_.config();
    if (config.strategy == Strategy::kAuto && config.compile == nullptr) {
      auto code = opt::compile(env, func_index);
      if (code || opt::is_mistake(code.error())) return code;
    }
    return compile_best(engine_, env, func_index);
  }

  void note(u32 i, Error error) {
    std::lock_guard<std::mutex> guard(lock_);
    if (error_ && first_error_ < i) return;
    first_error_ = i;
    error_ = std::move(error);
  }

  const Engine& engine_;
  const Module& module_;
  VMLayout layout_;
  std::vector<std::optional<CompiledCode>> functions_;
  std::atomic<u32> next_ = 0;
  std::mutex lock_;  // of the error of the first function that has one
  std::optional<Error> error_;
  u32 first_error_ = 0;
};

}  // namespace

image::Settings image_settings(const Engine& engine) {
  const Module none;
  const VMLayout layout(none);
  const CompileEnv env = engine.compile_env(none, layout);
  image::Settings s;
  s.features = engine.config().features.bits();
  s.cpu = env.cpu.bits();
  s.guard_bytes = env.guard_bytes;
  s.signals = env.signals;
  s.fuel = env.fuel;
  s.epoch = env.epoch;
  s.tier_up = env.tier_up;
  s.canonical_nans = env.canonical_nans;
  s.limits_resume = env.limits_resume;
  s.inlining = env.inlining;
  s.small_code = env.small_code;
  s.opt_level = env.opt_level;
  s.optimizing = engine.config().strategy == Strategy::kOptimizing;
  return s;
}

u64 code_distance(const Module& module) {
  const u64 bytes = interp::Code::bytes_for(module);
  return (bytes + image::kPageBytes - 1) / image::kPageBytes * image::kPageBytes;
}

u64 bytes_to_capture(const ModuleCode& code) {
  if (code.native() == nullptr) return 0;
  const CodeSpace& space = code.native()->space();
  return space.used_bytes() - space.stored_bytes();
}

Result<std::vector<u8>> capture(const ModuleCode& code) {
  const Module& module = code.module();
  std::vector<CodeSpace::Copied> all;
  std::vector<std::vector<Relocation>> relocations;
  image::Input input{.module = module,
                     .settings = image_settings(code.engine()),
                     .func_bytes = static_cast<u32>(interp::Code::bytes_per_func()),
                     .code_distance = code_distance(module),
                     .functions = {},
                     .keep_relocations = true,
                     .runs = {},
                     .memory = {}};
  if (NativeCode* const native = code.native()) {
    all = native->space().functions();
    relocations.reserve(all.size());
    for (const CodeSpace::Copied& f : all) {
      const u8* const at = native->space().code() + f.object.begin;
      // Code that was replaced, or is for a loop that was running, is not what calls lead to.
      if (f.object.func->native.load(std::memory_order_acquire) != at) continue;
      auto& list = relocations.emplace_back();
      for (u32 offset : f.relocations) list.push_back({.offset = offset});
      constexpr u32 kMaxAlignment = 64;
      const u32 lowest_bit = f.object.begin & (0 - f.object.begin);
      input.functions.push_back(
          {.func_index = f.object.func->func_index,
           .optimized = native->is_optimized(*f.object.func),
           .bytes = {at, f.object.end - f.object.begin},
           .alignment = lowest_bit == 0 ? kMaxAlignment : std::min(lowest_bit, kMaxAlignment),
           .frame_bytes = f.object.frame_bytes,
           .tables = f.object.tables,
           .relocations = list,
           .relocated_at = f.object.begin});
    }
  }
  MemoryImage::Contents memory;
  if (code.engine().config().memory_images) memory = MemoryImage::contents(module);
  input.runs = std::move(memory.runs);
  input.memory = memory.bytes;
  return image::write(std::move(input));
}

namespace {

Result<std::vector<u8>> precompile_fresh(const Engine& engine, const Module& module) {
  Compilation compilation(engine, module);
  const bool has_code = engine.thunks() != nullptr && !switches_stacks(module);
  if (has_code) {
    WAZUKA_TRY(compilation.run(engine.config().parallel_compilation ? usable_cores() : 1));
  }
  MemoryImage::Contents memory;
  if (engine.config().memory_images) memory = MemoryImage::contents(module);
  image::Input input{.module = module,
                     .settings = image_settings(engine),
                     .func_bytes = static_cast<u32>(interp::Code::bytes_per_func()),
                     .code_distance = code_distance(module),
                     .functions = compilation.functions(),
                     .keep_relocations = false,
                     .runs = std::move(memory.runs),
                     .memory = memory.bytes};
  input.settings.tier_up = 0;
  input.settings.optimizing = engine.config().strategy != Strategy::kBaseline;
  if (!has_code) {
    input.settings.cpu = input.settings.guard_bytes = 0;
    input.settings.signals = 0;
  }
  return image::write(std::move(input));
}

}  // namespace

/// With numbers of types as an engine gives them that has nothing else: they are in the code.
Result<std::vector<u8>> precompile(const Engine& engine, const Module& module) {
  auto fresh = read_validated_module(module.owner, std::make_shared<TypeRegistry>(),
                                     module.features, module.func_infos, module.func_info_pool);
  if (!fresh) return std::unexpected(std::move(fresh).error());
  return precompile_fresh(engine, **fresh);
}

}  // namespace wazuka
