// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The engine: configuration and the types shared by everything that runs with it. Immutable after
// construction but for the epoch; used from any thread.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "interp/interp.h"
#include "runtime/code_observer.h"
#include "runtime/embedder_memory.h"
#include "runtime/gc/heap.h"
#include "runtime/pool_limits.h"
#include "runtime/stack_pool.h"
#include "tier/compile_queue.h"
#include "tier/compiler.h"
#include "tier/thunks.h"
#include "wasm/feature.h"
#include "wasm/type_registry.h"

namespace wazuka {

class MemoryPool;

/// How functions are executed.
enum class Strategy : u8 {
  kAuto,         // as kBaseline, and then again, optimising, what runs much
  kBaseline,     // as machine code where the host allows it, else interpreted
  kOptimizing,   // likewise; what the optimising compiler refuses is left to the baseline compiler
  kInterpreter,  // interpreted
};

struct EngineConfig {
  Features features;
  // Bytes of address space for a 32-bit memory. With less than 4 GiB code compares with the size of
  // memories; but since they never move, room for their growth is reserved all the same.
  u64 memory_reservation = u64{4} << 30;
  u64 memory64_reservation = u64{64} << 30;
  u64 memory_guard = u64{32} << 20;     // inaccessible bytes behind each memory
  bool memory_images = true;            // copy-on-write, for later instances of a module
  bool guard_before_memory = true;      // and 2 GiB of them before it
  u64 max_wasm_stack = u64{512} << 10;  // in Wasmtime's measure: bytes of native stack
  u64 async_stack = u64{2} << 20;       // likewise, of a continuation; of an asynchronous call
  u32 max_backtrace = 20;               // frames in a backtrace; 0: none
  bool backtrace_details = false;       // source positions from DWARF in backtraces
  bool address_map = true;              // offsets in backtraces
  bool fuel = false;
  bool epoch = false;
  bool limits_resume = false;  // code at a limit asks its store (Store::set_limit_hook)
  Strategy strategy = Strategy::kAuto;
  bool lazy_compilation = true;       // functions are compiled when first called
  bool parallel_compilation = true;   // otherwise: on all cores
  bool signals_based_traps = true;    // traps by faulting instructions; off: no handlers, no faults
  u8 opt_level = 2;                   // of the optimising compiler: 0 to 2
  bool inlining = true;               // by the optimising compiler
  bool small_code = false;            // it makes nothing larger to make it faster
  bool check_compiler = false;        // compilers check their own work (slow)
  CompileFunction compile = nullptr;  // null: as the strategy says
  CompileLog compile_log;
  bool capture_code = false;  // what has been compiled is to be copied into an image
  // With kAuto: functions that run much are compiled again, beside the program; with what (null: as
  // the strategy says).
  bool tier_up = true;
  OptimizeFunction optimize = nullptr;
  // Bytes of wasm that a function executes until then; 0: as its size suggests.
  u32 tier_up_budget = 0;
  bool background_compilation = true;  // otherwise code waits where it asks for better code
  VerifyFunction verify = nullptr;     // not null: code is only published if this accepts it
  // What code may use of the processor; must not be more than the host has. Nothing: all of that.
  std::optional<assembly::CpuFeatures> cpu;
  std::shared_ptr<CodeObserver> observer;  // told of all machine code; or null
  bool canonical_nans = false;             // arithmetic gives no other NaN
  GcOptions gc;
  MemoryCreator memory_creator;     // of memories that are not shared; or null
  StackCreator stack_creator;       // of asynchronous calls' stacks; or null
  std::optional<PoolLimits> pools;  // what there may be at a time
};

class Engine {
 public:
  explicit Engine(const EngineConfig& config);

  const EngineConfig& config() const { return config_; }
  const std::shared_ptr<TypeRegistry>& types() const { return types_; }
  const std::shared_ptr<MemoryPool>& memory_pool() const { return memory_pool_; }
  StackPool& vm_stacks() { return vm_stacks_; }
  StackPool& async_stacks() { return async_stacks_; }
  PoolCounters& pools() { return pools_; }
  /// Null if this engine only interprets.
  Thunks* thunks() const { return thunks_; }
  CompileFunction compile_function() const { return compile_; }
  /// For what that refuses; null: it will be interpreted.
  CompileFunction second_compile_function() const { return second_compile_; }
  CompileEnv compile_env(const Module& module, const VMLayout& layout) const;
  /// Whether functions are to be compiled again; with what, and by whom.
  bool tiers_up() const { return optimize_ != nullptr; }
  OptimizeFunction optimize_function() const { return optimize_; }
  CompileQueue& compile_queue() const { return *compile_queue_; }
  /// Whether code relies on the faults of accesses outside of memories that can be guarded: these
  /// must then have all their address space.
  bool guards_memories() const { return guard_bytes_ != 0; }

  interp::Options interp_options() const {
    return {config_.fuel, config_.epoch, config_.canonical_nans};
  }

  /// Stores whose deadline is reached trap at their next check. Any thread.
  void increment_epoch() { epoch_.fetch_add(1, std::memory_order_relaxed); }
  std::atomic<u64>& epoch() { return epoch_; }

  /// Bytes of a store's VM stack. A frame of the interpreter keeps each local and operand in a cell
  /// of its own where compiled code uses registers, so that the same depth of calls takes several
  /// times the bytes; pages that no call reaches cost nothing.
  u64 vm_stack_bytes() const { return config_.max_wasm_stack * 12; }
  u64 continuation_stack_bytes() const { return config_.async_stack * 12; }

 private:
  void choose_compilers();

  EngineConfig config_;
  std::shared_ptr<TypeRegistry> types_;
  std::shared_ptr<MemoryPool> memory_pool_;
  StackPool vm_stacks_, async_stacks_;
  PoolCounters pools_;
  std::atomic<u64> epoch_ = 0;
  Thunks* thunks_ = nullptr;
  CompileFunction compile_ = nullptr, second_compile_ = nullptr;
  OptimizeFunction optimize_ = nullptr;
  assembly::CpuFeatures cpu_;
  bool signals_ = false;
  u32 guard_bytes_ = 0;
  std::unique_ptr<CompileQueue> compile_queue_;  // if tiers_up()
};

}  // namespace wazuka
