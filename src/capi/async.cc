// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls that can be suspended (runtime/async_call.h): a future is one of the synchronous functions,
// run on a stack of its own by whoever polls it.
#include "capi/linker.h"
#include "runtime/async_call.h"

using namespace wazuka;
using namespace wazuka::capi;

wasmtime_error_t* wasmtime_context_fuel_async_yield_interval(wasmtime_context_t* context,
                                                             uint64_t interval) {
  if (!context->engine->config().fuel) return new_error("fuel is not configured in this store");
  context->yields_for_fuel = interval != 0;
  context->store.set_fuel_interval(interval);
  context->watch_limits();
  return nullptr;
}

wasmtime_error_t* wasmtime_context_epoch_deadline_async_yield_and_update(
    wasmtime_context_t* context, uint64_t delta) {
  context->at_epoch = {};
  context->at_epoch.kind = EpochBehaviour::Kind::kYield;
  context->at_epoch.delta = delta;
  context->watch_limits();
  return nullptr;
}

// Futures ----------------------------------------------------------------------------------------

struct wasmtime_call_future {
  wasmtime_call_future(wasmtime_context* context, wasm_trap_t** trap_out,
                       wasmtime_error_t** error_out)
      : trap_ret(trap_out), error_ret(error_out), call(context->store, begin, this) {}
  virtual ~wasmtime_call_future() = default;

  virtual wasmtime_error_t* run(wasm_trap_t** trap) = 0;

  /// What has come out of a call that nobody waits for any more is nobody's.
  static void begin(void* self) {
    auto& future = *static_cast<wasmtime_call_future*>(self);
    wasm_trap_t* trap = nullptr;
    wasmtime_error_t* const error = future.run(&trap);
    if (!future.call.is_cancelled()) {
      if (error != nullptr) *future.error_ret = error;
      if (trap != nullptr) *future.trap_ret = trap;
      return;
    }
    if (error != nullptr) wasmtime_error_delete(error);
    if (trap != nullptr) wasm_trap_delete(trap);
  }

  wasm_trap_t** trap_ret;
  wasmtime_error_t** error_ret;
  AsyncCall call;
};

bool wasmtime_call_future_poll(wasmtime_call_future_t* future) {
  auto ended = future->call.resume();
  if (ended) return *ended;
  *future->error_ret = new_error(std::move(ended).error());
  return true;
}

void wasmtime_call_future_delete(wasmtime_call_future_t* future) {
  if (future->call.is_running()) {
    abort_misuse("wasmtime_call_future_delete: the call is running");
  }
  future->call.cancel();
  delete future;
}

namespace {

struct FuncCall final : wasmtime_call_future {
  using wasmtime_call_future::wasmtime_call_future;
  wasmtime_error_t* run(wasm_trap_t** trap) override {
    return wasmtime_func_call(context, &func, args, nargs, results, nresults, trap);
  }
  wasmtime_context* context = nullptr;
  wasmtime_func_t func = {};
  const wasmtime_val_t* args = nullptr;
  size_t nargs = 0;
  wasmtime_val_t* results = nullptr;
  size_t nresults = 0;
};

struct Instantiation final : wasmtime_call_future {
  using wasmtime_call_future::wasmtime_call_future;
  wasmtime_error_t* run(wasm_trap_t** trap) override {
    return pre != nullptr ? wasmtime_instance_pre_instantiate(pre, context, instance, trap)
                          : wasmtime_linker_instantiate(linker, context, module, instance, trap);
  }
  wasmtime_context* context = nullptr;
  const wasmtime_instance_pre_t* pre = nullptr;
  const wasmtime_linker_t* linker = nullptr;
  const wasmtime_module_t* module = nullptr;
  wasmtime_instance_t* instance = nullptr;
};

}  // namespace

wasmtime_call_future_t* wasmtime_func_call_async(wasmtime_context_t* context,
                                                 const wasmtime_func_t* func,
                                                 const wasmtime_val_t* args, size_t nargs,
                                                 wasmtime_val_t* results, size_t nresults,
                                                 wasm_trap_t** trap_ret,
                                                 wasmtime_error_t** error_ret) {
  auto* const future = new FuncCall(context, trap_ret, error_ret);
  future->context = context;
  future->func = *func;
  future->args = args;
  future->nargs = nargs;
  future->results = results;
  future->nresults = nresults;
  return future;
}

wasmtime_call_future_t* wasmtime_linker_instantiate_async(
    const wasmtime_linker_t* linker, wasmtime_context_t* store, const wasmtime_module_t* module,
    wasmtime_instance_t* instance, wasm_trap_t** trap_ret, wasmtime_error_t** error_ret) {
  auto* const future = new Instantiation(store, trap_ret, error_ret);
  future->context = store;
  future->linker = linker;
  future->module = module;
  future->instance = instance;
  return future;
}

wasmtime_call_future_t* wasmtime_instance_pre_instantiate_async(
    const wasmtime_instance_pre_t* instance_pre, wasmtime_context_t* store,
    wasmtime_instance_t* instance, wasm_trap_t** trap_ret, wasmtime_error_t** error_ret) {
  auto* const future = new Instantiation(store, trap_ret, error_ret);
  future->context = store;
  future->pre = instance_pre;
  future->instance = instance;
  return future;
}

// Stacks of the embedder -------------------------------------------------------------------------

namespace {

struct HostStack final : EmbedderStack {
  explicit HostStack(const wasmtime_stack_memory_t& memory)
      : foreign(memory.env, memory.finalizer) {
    size_t bytes = 0;
    bounds.high = memory.get_stack_memory(memory.env, &bytes);
    bounds.low = bounds.high - bytes;
  }
  Foreign foreign;
};

}  // namespace

void wasmtime_config_host_stack_creator_set(wasm_config_t* config,
                                            wasmtime_stack_creator_t* creator) {
  // Owned by the function, which is copied with the configuration.
  auto env = std::make_shared<Foreign>(creator->env, creator->finalizer);
  config->engine.stack_creator =
      [env, make = creator->new_stack](u64 size) -> Result<std::unique_ptr<EmbedderStack>> {
    wasmtime_stack_memory_t memory = {};
    if (wasmtime_error_t* error = make(env->data(), size, /*zeroed=*/false, &memory)) {
      return std::unexpected(take_failure(error).error.error);
    }
    if (memory.get_stack_memory == nullptr) return fail("the stack creator has made no stack");
    return std::make_unique<HostStack>(memory);
  };
}
