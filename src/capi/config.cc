// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Engines and their settings.
//
// Settings that choose between ways to the same result (optimisation levels, the layout of memory,
// caches) are accepted and have no effect where this engine knows only one way.
#include <cstdlib>

#include "capi/handle.h"
#include "os/file_bytes.h"

using namespace wazuka;
using namespace wazuka::capi;

namespace {

/// Wasmtime's defaults where the engine's are those of the command.
EngineConfig default_config() {
  EngineConfig config;
  const char* const details = std::getenv("WASMTIME_BACKTRACE_DETAILS");
  config.limits_resume = true;
  config.backtrace_details = details != nullptr && std::string_view(details) == "1";
  return config;
}

}  // namespace

wasm_config_t* wasm_config_new() {
  return new wasm_config_t{default_config()};
}
void wasm_config_delete(wasm_config_t* config) {
  delete config;
}

wasm_engine_t* wasm_engine_new() {
  return new wasm_engine_t{std::make_shared<Engine>(default_config())};
}
wasm_engine_t* wasm_engine_new_with_config(wasm_config_t* config) {
  auto* engine = new wasm_engine_t{std::make_shared<Engine>(config->engine)};
  delete config;
  return engine;
}
void wasm_engine_delete(wasm_engine_t* engine) {
  delete engine;
}

wasm_engine_t* wasmtime_engine_clone(const wasm_engine_t* engine) {
  return new wasm_engine_t(*engine);
}
void wasmtime_engine_increment_epoch(const wasm_engine_t* engine) {
  engine->engine->increment_epoch();
}
bool wasmtime_engine_is_pulley(const wasm_engine_t* engine) {
  return engine->engine->thunks() == nullptr;  // interpreted
}

// Features ---------------------------------------------------------------------------------------

#define FEATURE_SETTING(name, feature)                                \
  void wasmtime_config_##name##_set(wasm_config_t* config, bool on) { \
    config->engine.features.set(Feature::k##feature, on);             \
  }
FEATURE_SETTING(wasm_threads, Threads)
FEATURE_SETTING(shared_memory, SharedMemory)
FEATURE_SETTING(wasm_tail_call, TailCall)
FEATURE_SETTING(wasm_reference_types, ReferenceTypes)
FEATURE_SETTING(wasm_function_references, FunctionReferences)
FEATURE_SETTING(wasm_gc, Gc)
FEATURE_SETTING(wasm_simd, Simd)
FEATURE_SETTING(wasm_relaxed_simd, RelaxedSimd)
FEATURE_SETTING(wasm_bulk_memory, BulkMemory)
FEATURE_SETTING(wasm_multi_value, MultiValue)
FEATURE_SETTING(wasm_multi_memory, MultiMemory)
FEATURE_SETTING(wasm_memory64, Memory64)
FEATURE_SETTING(wasm_wide_arithmetic, WideArithmetic)
FEATURE_SETTING(wasm_branch_hinting, BranchHinting)
FEATURE_SETTING(wasm_exceptions, Exceptions)
FEATURE_SETTING(wasm_custom_page_sizes, CustomPageSizes)
FEATURE_SETTING(wasm_compact_imports, CompactImports)
FEATURE_SETTING(wasm_stack_switching, StackSwitching)

// Execution --------------------------------------------------------------------------------------

void wasmtime_config_consume_fuel_set(wasm_config_t* config, bool on) {
  config->engine.fuel = on;
}
void wasmtime_config_epoch_interruption_set(wasm_config_t* config, bool on) {
  config->engine.epoch = on;
}
void wasmtime_config_max_wasm_stack_set(wasm_config_t* config, size_t size) {
  if (size == 0) abort_misuse("wasmtime_config_max_wasm_stack_set: the size cannot be zero");
  config->engine.max_wasm_stack = size;
}
void wasmtime_config_async_stack_size_set(wasm_config_t* config, size_t size) {
  config->engine.async_stack = size;
}
void wasmtime_config_strategy_set(wasm_config_t* config, wasmtime_strategy_t strategy) {
  switch (strategy) {
    case WASMTIME_STRATEGY_AUTO:
    case WASMTIME_STRATEGY_CRANELIFT: config->engine.strategy = Strategy::kAuto; return;
    case WASMTIME_STRATEGY_WINCH: config->engine.strategy = Strategy::kBaseline; return;
    default: abort_misuse("wasmtime_config_strategy_set: unknown strategy");
  }
}
void wasmtime_config_parallel_compilation_set(wasm_config_t* config, bool on) {
  config->engine.parallel_compilation = on;
}
void wasmtime_config_cranelift_nan_canonicalization_set(wasm_config_t* config, bool on) {
  config->engine.canonical_nans = on;
}
void wasmtime_config_memory_reservation_set(wasm_config_t* config, uint64_t size) {
  config->engine.memory_reservation = size;
}
void wasmtime_config_memory_guard_size_set(wasm_config_t* config, uint64_t size) {
  config->engine.memory_guard = size;
}
void wasmtime_config_signals_based_traps_set(wasm_config_t* config, bool on) {
  config->engine.signals_based_traps = on;
}

// What this engine has one way of ----------------------------------------------------------------

#define IGNORED_SETTING(name, type) \
  void wasmtime_config_##name##_set(wasm_config_t*, type) {}
IGNORED_SETTING(debug_info, bool)
IGNORED_SETTING(gc_support, bool)
IGNORED_SETTING(wasm_relaxed_simd_deterministic, bool)
IGNORED_SETTING(cranelift_debug_verifier, bool)
IGNORED_SETTING(cranelift_opt_level, wasmtime_opt_level_t)
IGNORED_SETTING(cranelift_regalloc_algorithm, wasmtime_regalloc_algorithm_t)
IGNORED_SETTING(profiler, wasmtime_profiling_strategy_t)
IGNORED_SETTING(memory_may_move, bool)
IGNORED_SETTING(memory_reservation_for_growth, uint64_t)
IGNORED_SETTING(memory_init_cow, bool)
IGNORED_SETTING(native_unwind_info, bool)
IGNORED_SETTING(macos_use_mach_ports, bool)
IGNORED_SETTING(wasm_component_model, bool)
IGNORED_SETTING(concurrency_support, bool)
IGNORED_SETTING(wasm_component_model_map, bool)
IGNORED_SETTING(wasm_component_model_implements, bool)
IGNORED_SETTING(wasm_component_model_canonical_names, bool)
IGNORED_SETTING(wasm_component_model_accessors, bool)
IGNORED_SETTING(wasm_component_model_async, bool)
IGNORED_SETTING(wasm_component_model_more_async_builtins, bool)
IGNORED_SETTING(wasm_component_model_async_stackful, bool)
void wasmtime_config_cranelift_flag_enable(wasm_config_t*, const char*) {}
void wasmtime_config_cranelift_flag_set(wasm_config_t*, const char*, const char*) {}

wasmtime_error_t* wasmtime_config_cache_config_load(wasm_config_t*, const char* path) {
  if (path == nullptr) return nullptr;
  auto file = os::FileBytes::read(path);
  if (file) return nullptr;
  return new_error(Error{"failed to read config file: " + std::string(path),
                         Error::kNoOffset,
                         {os::error_text(file.error().number)}});
}

wasmtime_error_t* wasmtime_config_target_set(wasm_config_t*, const char* target) {
#if defined(__x86_64__)
  constexpr std::string_view kArchitecture = "x86_64-";
#elif defined(__aarch64__)
  constexpr std::string_view kArchitecture = "aarch64-";
#else
  constexpr std::string_view kArchitecture = "unknown-";
#endif
  const std::string_view text(target);
  if (text.starts_with(kArchitecture) && text.find("linux") != text.npos) return nullptr;
  return new_error("compiling for the target `" + std::string(text) + "` is not supported");
}

namespace {

struct HostMemory final : EmbedderMemory {
  HostMemory(const wasmtime_linear_memory_t& m) : memory(m), foreign(m.env, m.finalizer) {}
  Bytes bytes() override {
    size_t size = 0, capacity = 0;
    u8* const base = memory.get_memory(memory.env, &size, &capacity);
    return {base, size, capacity};
  }
  bool grow(u64 size) override {
    wasmtime_error_t* const error = memory.grow_memory(memory.env, size);
    if (error != nullptr) wasmtime_error_delete(error);
    return error == nullptr;
  }
  wasmtime_linear_memory_t memory;
  Foreign foreign;
};

}  // namespace

void wasmtime_config_host_memory_creator_set(wasm_config_t* config,
                                             wasmtime_memory_creator_t* creator) {
  // Owned by the function, which is copied with the configuration.
  auto env = std::make_shared<Foreign>(creator->env, creator->finalizer);
  config->engine.memory_creator = [env, make = creator->new_memory](
                                      const MemoryType& type, u64 min, std::optional<u64> max,
                                      u64 reserved,
                                      u64 guard) -> Result<std::unique_ptr<EmbedderMemory>> {
    const wasm_memorytype_t shown(type);
    wasmtime_linear_memory_t memory = {};
    if (wasmtime_error_t* error =
            make(env->data(), &shown, min, max.value_or(~u64{0}), reserved, guard, &memory)) {
      return std::unexpected(take_failure(error).error.error);
    }
    if (memory.get_memory == nullptr || memory.grow_memory == nullptr) {
      return fail("the memory creator has made no memory");
    }
    return std::make_unique<HostMemory>(memory);
  };
}

// Pools ------------------------------------------------------------------------------------------

struct wasmtime_pooling_allocation_config_t {
  PoolLimits limits;
};

wasmtime_pooling_allocation_config_t* wasmtime_pooling_allocation_config_new() {
  return new wasmtime_pooling_allocation_config_t;
}
void wasmtime_pooling_allocation_config_delete(wasmtime_pooling_allocation_config_t* config) {
  delete config;
}
void wasmtime_pooling_allocation_strategy_set(wasm_config_t* config,
                                              const wasmtime_pooling_allocation_config_t* pool) {
  config->engine.pools = pool->limits;
}

#define POOL_LIMIT(name, type, limit)                             \
  void wasmtime_pooling_allocation_config_##name##_set(           \
      wasmtime_pooling_allocation_config_t* config, type value) { \
    config->limits.limit = value;                                 \
  }
POOL_LIMIT(total_core_instances, uint32_t, core_instances)
POOL_LIMIT(total_memories, uint32_t, memories)
POOL_LIMIT(total_tables, uint32_t, tables)
POOL_LIMIT(total_stacks, uint32_t, stacks)
POOL_LIMIT(total_gc_heaps, uint32_t, gc_heaps)
POOL_LIMIT(max_core_instance_size, size_t, core_instance_bytes)
POOL_LIMIT(max_memories_per_module, uint32_t, memories_per_module)
POOL_LIMIT(max_tables_per_module, uint32_t, tables_per_module)
POOL_LIMIT(max_memory_size, size_t, memory_bytes)
POOL_LIMIT(table_elements, size_t, table_elements)

// How much of what is free stays resident: this engine decides by what measures best. Components
// are not there yet.
#define IGNORED_POOL_SETTING(name, type)                                                      \
  void wasmtime_pooling_allocation_config_##name##_set(wasmtime_pooling_allocation_config_t*, \
                                                       type) {}
IGNORED_POOL_SETTING(max_unused_warm_slots, uint32_t)
IGNORED_POOL_SETTING(decommit_batch_size, size_t)
IGNORED_POOL_SETTING(async_stack_keep_resident, size_t)
IGNORED_POOL_SETTING(linear_memory_keep_resident, size_t)
IGNORED_POOL_SETTING(table_keep_resident, size_t)
IGNORED_POOL_SETTING(total_component_instances, uint32_t)
IGNORED_POOL_SETTING(max_component_instance_size, size_t)
IGNORED_POOL_SETTING(max_core_instances_per_component, uint32_t)
IGNORED_POOL_SETTING(max_memories_per_component, uint32_t)
IGNORED_POOL_SETTING(max_tables_per_component, uint32_t)
