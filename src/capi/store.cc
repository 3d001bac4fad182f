// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <algorithm>
#include <new>
#include <utility>

#include "capi/objects.h"
#include "interp/interp.h"
#include "runtime/async_call.h"

using namespace wazuka;
using namespace wazuka::capi;

namespace {

std::atomic<u64> next_store_id = 1;

Frame frame_of(wasmtime_store& store, const interp::StackFrame& f) {
  ModuleCode& code = *f.module;
  const Module& module = code.module();
  Frame frame;
  frame.func_index = f.func_index;
  if (f.offset != ~u32{0} && code.engine().config().address_map) {
    frame.module_offset = f.offset;
    frame.func_offset = f.offset - module.funcs[f.func_index].body.offset;
  }
  const NameSection& names = code.names();
  if (std::string_view name = names.func_name(f.func_index); !name.empty()) frame.func_name = name;
  if (!names.module.empty()) frame.module_name = names.module;
  if (f.vm != nullptr) {
    frame.instance = f.vm->instance;
    frame.store = store.weak_from_this();
  }
  return frame;
}

}  // namespace

wasmtime_context::wasmtime_context(std::shared_ptr<Engine> e, Foreign d)
    : id(next_store_id.fetch_add(1, std::memory_order_relaxed)),
      engine(std::move(e)),
      data(std::move(d)),
      wasi_provider(&wasi_slot, /*preview0=*/false),
      store(engine) {
  // A deadline that has passed: code runs only once the embedder has set another one.
  if (engine->config().epoch) store.context.epoch_deadline = 0;
}

wasmtime_context::~wasmtime_context() {
  store.cancel_async_calls();
  while (roots_ != nullptr) std::exchange(roots_, roots_->next)->drop();
}

void wasmtime_context::prune_roots() {
  for (Root** at = &roots_; *at != nullptr;) {
    Root* const root = *at;
    if (root->owners.load(std::memory_order_acquire) > 1) {
      at = &root->next;
      continue;
    }
    *at = root->next;
    root->drop();
    --root_count_;
  }
  prune_at_ = std::max<size_t>(1024, root_count_ * 2);
}

Root* wasmtime_context::new_root(Cell ref) {
  if (!shows_roots_) {
    GcHeap* const heap = store.gc_heap();
    if (heap == nullptr) {
      (void)store.take_error();
      return nullptr;
    }
    heap->add_root_source(this);
    shows_roots_ = true;
  }
  if (root_count_ >= prune_at_) prune_roots();
  Root* const root = new Root;
  root->ref = static_cast<u32>(ref);
  root->next = roots_;
  roots_ = root;
  ++root_count_;
  return root;
}

void wasmtime_context::visit_roots(RootVisitor& visitor) {
  prune_roots();
  for (Root* root = roots_; root != nullptr; root = root->next) visitor.visit(root->ref);
}

Failure wasmtime_context::failure_of(ExecError error) {
  Failure failure{std::move(error), {}};
  if (!failure.error.has_backtrace) return failure;
  failure.frames = std::exchange(pending_frames, {});
  if (!failure.frames.empty()) return failure;
  std::vector<interp::StackFrame> trace = store.last_trace();
  if (const size_t most = engine->config().max_backtrace; trace.size() > most) trace.resize(most);
  for (const interp::StackFrame& f : trace) failure.frames.push_back(frame_of(*owner, f));
  return failure;
}

TrapOr wasmtime_context::raise(Failure failure) {
  pending_frames = std::move(failure.frames);
  return store.raise(std::move(failure.error));
}

// Limits -----------------------------------------------------------------------------------------

void wasmtime_context::watch_limits() {
  auto ask = [](void* env, Limit limit) {
    auto& context = *static_cast<wasmtime_context*>(env);
    return limit == Limit::kEpoch ? context.at_deadline() : context.out_of_fuel();
  };
  store.set_limit_hook(ask, this);
}

void wasmtime_context::set_epoch_deadline(u64 ticks) {
  const u64 now = engine->epoch().load(std::memory_order_relaxed);
  store.context.epoch_deadline = ticks > ~u64{0} - now ? ~u64{0} : now + ticks;
}

TrapOr wasmtime_context::yield() {
  AsyncCall* const call = store.async_call();
  if (call == nullptr) {
    return store.raise(
        Error{"cannot yield: the code was not called asynchronously", Error::kNoOffset, {}});
  }
  if (call->suspend()) return kNoTrap;
  return store.raise(Error{"the asynchronous call was cancelled", Error::kNoOffset, {}});
}

TrapOr wasmtime_context::at_deadline() {
  using Kind = EpochBehaviour::Kind;
  // Code that does not stop must not keep a call from being cancelled.
  const AsyncCall* const call = store.async_call();
  if (call != nullptr && call->is_cancelled()) return yield();
  if (at_epoch.kind == Kind::kTrap) return trap_or(TrapCode::kInterrupt);
  u64 delta = at_epoch.delta;
  bool yields = true;
  if (at_epoch.kind == Kind::kCallback) {
    wasmtime_update_deadline_kind_t kind = WASMTIME_UPDATE_DEADLINE_CONTINUE;
    delta = 0;
    wasmtime_error_t* const error = at_epoch.callback(this, at_epoch.foreign.data(), &delta, &kind);
    if (error != nullptr) return raise(take_failure(error));
    if (kind > WASMTIME_UPDATE_DEADLINE_YIELD) {
      abort_misuse("epoch deadline callback: unknown wasmtime_update_deadline_kind_t");
    }
    yields = kind == WASMTIME_UPDATE_DEADLINE_YIELD;
  }
  if (yields) {
    if (const TrapOr t = yield(); t != kNoTrap) return t;
  }
  set_epoch_deadline(delta);
  return kNoTrap;
}

TrapOr wasmtime_context::out_of_fuel() {
  const AsyncCall* const call = store.async_call();
  if (call != nullptr && call->is_cancelled()) return yield();
  if (!store.refill_fuel()) return trap_or(TrapCode::kOutOfFuel);
  return yields_for_fuel ? yield() : kNoTrap;
}

// Stores -----------------------------------------------------------------------------------------

namespace {

/// The memory of a thread's last store, for its next one: allocators take more time for a block of
/// that size than for all the small ones of an instance.
struct SpareStore {
  void* block = nullptr;
  ~SpareStore() { ::operator delete(block); }

  void* take() {
    return block != nullptr ? std::exchange(block, nullptr)
                            : ::operator new(sizeof(wasmtime_store));
  }
  void give(void* other) {
    if (block == nullptr) std::swap(block, other);
    ::operator delete(other);
  }
};
thread_local SpareStore spare_store;

}  // namespace

wasmtime_store_t* wasmtime_store_new(wasm_engine_t* engine, void* data, void (*finalizer)(void*)) {
  return new (spare_store.take()) wasmtime_store(engine->engine, Foreign(data, finalizer));
}
void wasmtime_store_delete(wasmtime_store_t* store) {
  if (store == nullptr) return;
  store->~wasmtime_store();
  spare_store.give(store);
}
wasmtime_context_t* wasmtime_store_context(wasmtime_store_t* store) {
  return &store->context;
}

void wasmtime_store_limiter(wasmtime_store_t* store, int64_t memory_size, int64_t table_elements,
                            int64_t instances, int64_t tables, int64_t memories) {
  StoreLimits limits;
  auto set = [](u64& limit, int64_t value) {
    if (value >= 0) limit = static_cast<u64>(value);
  };
  set(limits.memory_bytes, memory_size);
  set(limits.table_elements, table_elements);
  set(limits.instances, instances);
  set(limits.tables, tables);
  set(limits.memories, memories);
  store->context.store.set_limits(limits);
}

void* wasmtime_context_get_data(const wasmtime_context_t* context) {
  return context->data.data();
}
void wasmtime_context_set_data(wasmtime_context_t* context, void* data) {
  context->data.set_data(data);
}

wasmtime_error_t* wasmtime_context_gc(wasmtime_context_t* context) {
  if (!context->store.has_gc_heap()) return nullptr;
  GcHeap* const heap = context->store.gc_heap();
  return heap->collect() ? nullptr : new_error(heap->error());
}

namespace {

wasmtime_error_t* no_fuel() {
  return new_error("fuel is not configured in this store");
}

}  // namespace

wasmtime_error_t* wasmtime_context_set_fuel(wasmtime_context_t* context, uint64_t fuel) {
  if (!context->engine->config().fuel) return no_fuel();
  context->store.set_fuel(fuel);
  return nullptr;
}
wasmtime_error_t* wasmtime_context_get_fuel(const wasmtime_context_t* context, uint64_t* fuel) {
  if (!context->engine->config().fuel) return no_fuel();
  *fuel = context->store.fuel_left();
  return nullptr;
}

void wasmtime_store_epoch_deadline_callback(
    wasmtime_store_t* store,
    wasmtime_error_t* (*func)(const wasmtime_context_t*, void*, uint64_t*,
                              wasmtime_update_deadline_kind_t*),
    void* data, void (*finalizer)(void*)) {
  EpochBehaviour& b = store->context.at_epoch;
  b.kind = EpochBehaviour::Kind::kCallback;
  b.callback = func;
  b.foreign = Foreign(data, finalizer);
  store->context.watch_limits();
}

void wasmtime_context_set_epoch_deadline(wasmtime_context_t* context, uint64_t ticks) {
  context->set_epoch_deadline(ticks);
}

wasm_store_t* wasm_store_new(wasm_engine_t* engine) {
  auto store = std::make_shared<wasmtime_store>(engine->engine, Foreign());
  // wasm.h has no way to choose limits, and programs of it expect none.
  StoreLimits limits;
  limits.instances = limits.tables = limits.memories = ~u64{0};
  store->context.store.set_limits(limits);
  return new wasm_store_t{std::move(store)};
}
void wasm_store_delete(wasm_store_t* store) {
  delete store;
}
