// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/engine.h"

#include <algorithm>

#include "baseline/compiler.h"
#include "opt/pipeline.h"
#include "os/virtual_memory.h"
#include "runtime/memory_pool.h"
#include "runtime/native_call.h"
#include "tier/trap_signals.h"

namespace wazuka {

namespace {

constexpr u64 kAddressSpace32 = u64{1} << 32;
constexpr u64 kMaxGuard = u64{1} << 31;

/// What may lie behind a memory without being compared with its size; 0: nothing.
u32 usable_guard(const EngineConfig& config) {
  const u64 page = os::page_size();
  if (config.memory_reservation < kAddressSpace32 || page > 65536) return 0;
  if (os::address_space_is_limited() || config.memory_creator) return 0;
  return static_cast<u32>(std::min(config.memory_guard, kMaxGuard) / page * page);
}

bool wants_machine_code(const EngineConfig& config) {
  return config.strategy != Strategy::kInterpreter || config.compile != nullptr;
}

}  // namespace

Engine::Engine(const EngineConfig& config)
    : config_(config),
      types_(std::make_shared<TypeRegistry>()),
      memory_pool_(std::make_shared<MemoryPool>(
          config.pools ? std::min<size_t>(config.pools->memories, MemoryPool::kMost)
                       : MemoryPool::kDefaultMost)),
      vm_stacks_(vm_stack_bytes(), StackPool::Guard::kHigh),
      async_stacks_(config.async_stack, StackPool::Guard::kLow),
      pools_(config.pools) {
  if (!wants_machine_code(config)) return;
  thunks_ = native_thunks();
  if (thunks_ == nullptr) return;
  choose_compilers();
  cpu_ = config.cpu.value_or(assembly::CpuFeatures::host());
  signals_ = config.signals_based_traps && install_trap_handlers(is_guest_address);
  if (signals_) guard_bytes_ = usable_guard(config);
  if (tiers_up()) compile_queue_ = std::make_unique<CompileQueue>();
}

void Engine::choose_compilers() {
  compile_ = config_.compile;
  optimize_ = config_.optimize;
  if (compile_ != nullptr) return;
  compile_ = baseline::compile;
  if (config_.strategy == Strategy::kOptimizing) {
    compile_ = opt::compile;
    second_compile_ = baseline::compile;
  } else if (config_.strategy == Strategy::kAuto && config_.tier_up && optimize_ == nullptr) {
    optimize_ = opt::optimize;
  }
}

CompileEnv Engine::compile_env(const Module& module, const VMLayout& layout) const {
  CompileEnv env{module, layout, cpu_};
  env.signals = signals_;
  env.guard_bytes = guard_bytes_;
  env.fuel = config_.fuel;
  env.epoch = config_.epoch;
  env.limits_resume = config_.limits_resume;
  env.tier_up = tiers_up();
  env.canonical_nans = config_.canonical_nans;
  env.positions = config_.observer != nullptr && config_.observer->wants_positions();
  env.opt_level = config_.opt_level;
  env.inlining = config_.inlining;
  env.small_code = config_.small_code;
  env.check = config_.check_compiler;
  return env;
}

}  // namespace wazuka
