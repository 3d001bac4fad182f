// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A store (spec 4.2.3): the instances, memories, tables, globals, host functions and host values of
// one program, its VM stack, and its limits. Everything in it lives until the store dies, so that
// Externs and references can be plain pointers. A store is used by one thread at a time; only
// shared memories are reached from others.
#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "abi/vm.h"
#include "os/virtual_memory.h"
#include "runtime/engine.h"
#include "runtime/exec_error.h"
#include "runtime/extern.h"
#include "runtime/gc/heap.h"
#include "runtime/memory.h"
#include "runtime/table.h"
#include "runtime/value.h"

namespace wazuka {

class AsyncCall;
class Continuations;
class Instance;

/// What the embedder allows the code of one store.
struct StoreLimits {
  u64 memory_bytes = ~u64{0};    // of each memory
  u64 table_elements = ~u64{0};  // of each table
  u64 instances = 10'000;
  u64 tables = 10'000;
  u64 memories = 10'000;
  bool trap_on_grow_failure = false;
};

class Store : RootSource {
 public:
  explicit Store(std::shared_ptr<Engine> engine, const StoreLimits& limits = {});
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  Engine& engine() const { return *engine_; }
  const std::shared_ptr<Engine>& shared_engine() const { return engine_; }
  const StoreLimits& limits() const { return limits_; }
  /// From now on: what exists already stays.
  void set_limits(const StoreLimits& limits);
  /// `context.fault_memory_size` when the last trap was no access of an address.
  static constexpr u64 kNoFaultAddress = ~u64{0};
  static Store& of(VMContext* vm) { return *static_cast<Store*>(vm->store_context->store); }

  VMStoreContext context;

  /// Creates entities that live as long as the store; counted against the limits.
  Result<Memory*> new_memory(const MemoryType& type, ContentsId contents = kZeroContents);
  Result<Table*> new_table(const TableType& canonical_type);
  Global new_global(const GlobalType& canonical_type, const Value& value);
  VMTag* new_tag(u32 type_id);
  /// A host function. `env` must live as long as the store; `type` is canonical.
  VMFuncRef* new_host_func(const FuncType& type, HostCallback callback, void* env);
  /// The same with an exact type, which may be of a recursion group or have supertypes.
  VMFuncRef* new_host_func_of_id(u32 type_id, HostCallback callback, void* env);
  /// A memory that other stores have too.
  Memory* adopt(std::shared_ptr<Memory> memory);

  /// The type of a function of this store (canonical).
  const FuncType& type_of(const VMFuncRef& func) const;

  /// Calls a function. `args` must match its parameters; on success `results` holds the results.
  ExecResult<void> call(const VMFuncRef& func, std::span<const Value> args,
                        std::vector<Value>& results);
  /// The same on raw cells: max(parameter cells, result cells) of them, arguments in, results out.
  ExecResult<void> call_raw(const VMFuncRef& func, Cell* cells);

  /// Calls a function that must have type [] → [] (`_initialize`).
  ExecResult<void> call_initializer(const VMFuncRef& func);

  /// For host callbacks: leaves the error for whoever called into wasm. An uncaught exception stays
  /// one: wasm may catch it.
  TrapOr raise(ExecError error);
  /// Wasm has caught the exception that was in flight.
  void end_exception() {
    context.exception = 0;
    pending_error_.reset();
    trace_.reset();
  }
  /// Machine code is about to end an activation with an error: its frames are gone afterwards, so
  /// the stack is noted, unless that happened further inside.
  void capture_trace();
  /// The frames of the last error, all of them. Valid until the next call.
  std::vector<interp::StackFrame> last_trace() const;
  /// The error that was raised last, outside of a call.
  ExecError take_error();

  /// Fuel that code of this store may still use: any number of units.
  void set_fuel(u64 fuel);
  u64 fuel_left() const;
  /// At most so much of it is in the counter that code looks at; what is left is a reserve, which
  /// a limit hook takes from. 0: no such bound.
  void set_fuel_interval(u64 interval);
  /// Fills the counter from the reserve; false if there is nothing.
  bool refill_fuel();
  /// The same for an instruction that is to do this much at once.
  void refill_fuel_for(u64 units);

  /// Decides what happens when code reaches a limit: kNoTrap lets it go on. Without a hook the code
  /// traps. Machine code asks only in engines with EngineConfig::limits_resume.
  using LimitHook = TrapOr (*)(void* env, Limit limit);
  void set_limit_hook(LimitHook hook, void* env) {
    limit_hook_ = hook;
    limit_env_ = env;
  }
  TrapOr limit_reached(Limit limit);

  /// The innermost asynchronous call that runs; or null.
  AsyncCall* async_call() const { return async_call_; }
  /// Ends all that have not ended yet. None runs.
  void cancel_async_calls();
  /// Before the interpreter is entered: it needs a stack.
  Result<void> ensure_stack() {
    if (stack_) [[likely]]
      return {};
    return prepare_stack();
  }

  /// The garbage-collected heap, made when first asked for: programs without one pay nothing. Null
  /// if that failed; the error has been raised.
  GcHeap* gc_heap() { return gc_heap_ != nullptr ? gc_heap_.get() : create_gc_heap(); }

  bool has_gc_heap() const { return gc_heap_ != nullptr; }

  /// The store's continuations, made when first asked for. Null as above.
  Continuations* continuations() {
    return continuations_ != nullptr ? continuations_.get() : create_continuations();
  }

  /// The reference (extern family) of a host value, and back. 0 if there is no room for it.
  Cell new_host_ref(u64 value);
  std::optional<u64> host_value(Cell ref) const;

  /// Takes ownership of an instance and counts it.
  Result<void> check_new_instance(const struct Module& module) const;
  Instance* add_instance(std::unique_ptr<Instance> instance);
  /// Takes room in the engine's pools, for good.
  Result<void> take_pooled(const struct Module& module) {
    return engine_->pools().take_instance(module, pool_use_);
  }
  const std::vector<std::unique_ptr<Instance>>& instances() const { return instances_; }
  /// Keeps something alive that functions of this store refer to.
  void keep(std::shared_ptr<void> object) { kept_.push_back(std::move(object)); }

 private:
  friend class AsyncCall;
  struct HostFunc;

  void add_async_call(AsyncCall& call);
  void remove_async_call(AsyncCall& call);

  GcHeap* create_gc_heap();
  Continuations* create_continuations();
  void visit_roots(RootVisitor& visitor) override;
  bool knows_roots() const override { return held_at_limit_ == 0; }
  Result<void> prepare_stack();
  ExecError finish_error(TrapOr code);
  void attach_backtrace(ExecError& error);

  std::shared_ptr<Engine> engine_;
  StoreLimits limits_;
  os::Reservation stack_;  // the interpreter's
  AsyncCall* async_call_ = nullptr;
  AsyncCall* async_calls_ = nullptr;  // that have not ended
  PoolUse pool_use_;
  std::optional<ExecError> pending_error_;
  // Of the error that is on its way, and of the last one that arrived.
  std::optional<std::vector<interp::StackFrame>> trace_, last_trace_;
  u32 call_depth_ = 0;
  bool has_run_ = false;  // any code: memories may have been written to
  u64 fuel_reserve_ = 0;  // besides the counter of the context
  u64 fuel_interval_ = std::numeric_limits<i64>::max();  // what that may hold
  LimitHook limit_hook_ = nullptr;
  void* limit_env_ = nullptr;
  u32 held_at_limit_ = 0;  // activations whose frames cannot be walked for roots
  std::vector<std::unique_ptr<Instance>> instances_;
  std::vector<std::shared_ptr<Memory>> memories_;
  std::vector<std::unique_ptr<Table>> tables_;
  std::vector<std::unique_ptr<VMGlobal>> globals_;
  std::vector<std::unique_ptr<VMTag>> tags_;
  std::vector<std::unique_ptr<HostFunc>> host_funcs_;
  std::vector<VMGlobal*> traced_globals_;  // of globals_
  std::unique_ptr<GcHeap> gc_heap_;
  std::unique_ptr<Continuations> continuations_;
  std::vector<std::shared_ptr<void>> kept_;
};

}  // namespace wazuka
