// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/store.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "runtime/async_call.h"
#include "runtime/backtrace.h"
#include "runtime/builtins.h"
#include "runtime/continuations.h"
#include "runtime/instance.h"
#include "runtime/native_call.h"
#include "runtime/native_code.h"
#include "runtime/stack_walk.h"

namespace wazuka {
namespace {

// Activations that may nest through host functions: each takes some native stack.
constexpr u32 kMaxCallDepth = 1000;

// Frames that are noted of a stack that ends with an error.
constexpr size_t kMaxTrace = 100'000;

}  // namespace

struct Store::HostFunc {
  HostCode code;
  VMFuncRef ref;
  TypeRegistry* registry = nullptr;

  ~HostFunc() { registry->release(ref.type_id); }
};

Store::Store(std::shared_ptr<Engine> engine, const StoreLimits& limits)
    : engine_(std::move(engine)) {
  set_limits(limits);
  context.builtins = &vm_builtins();
  if (const Thunks* thunks = engine_->thunks()) context.limit_stub = thunks->limit();
  context.epoch = &engine_->epoch();
  context.store = this;
  if (engine_->thunks() != nullptr) context.call_native = wazuka::call_native;
}

/// A pool's memories and tables cannot grow beyond their places.
void Store::set_limits(const StoreLimits& limits) {
  limits_ = limits;
  if (const auto& pools = engine_->config().pools) {
    limits_.memory_bytes = std::min(limits.memory_bytes, pools->memory_bytes);
    limits_.table_elements = std::min(limits.table_elements, pools->table_elements);
  }
}

void Store::cancel_async_calls() {
  while (async_calls_ != nullptr) async_calls_->cancel();
}

Store::~Store() {
  cancel_async_calls();
  if (has_run_) {
    for (const auto& memory : memories_) memory->set_exposed(true);
  }
  if (stack_) engine_->vm_stacks().give(std::move(stack_));
  engine_->pools().give(pool_use_);
}

void Store::add_async_call(AsyncCall& call) {
  call.next_ = async_calls_;
  if (async_calls_ != nullptr) async_calls_->previous_ = &call;
  async_calls_ = &call;
}

void Store::remove_async_call(AsyncCall& call) {
  (call.previous_ != nullptr ? call.previous_->next_ : async_calls_) = call.next_;
  if (call.next_ != nullptr) call.next_->previous_ = call.previous_;
}

Result<Memory*> Store::new_memory(const MemoryType& type, ContentsId contents) {
  if (type.shared && !engine_->config().features.has(Feature::kSharedMemory)) {
    return fail("shared memory support is disabled for this engine -- see `Config::shared_memory`");
  }
  // Shared memories belong to several stores: the limits of one do not apply.
  u64 limit = type.shared ? ~u64{0} : limits_.memory_bytes;
  auto memory = Memory::create(type, *engine_, limit, contents);
  if (!memory) return std::unexpected(std::move(memory).error());
  return adopt(*std::move(memory));
}

Memory* Store::adopt(std::shared_ptr<Memory> memory) {
  memories_.push_back(std::move(memory));
  return memories_.back().get();
}

Result<Table*> Store::new_table(const TableType& canonical_type) {
  auto table = Table::create(canonical_type, limits_.table_elements);
  if (!table) return std::unexpected(std::move(table).error());
  tables_.push_back(*std::move(table));
  return tables_.back().get();
}

Global Store::new_global(const GlobalType& canonical_type, const Value& value) {
  VMGlobal& g = *globals_.emplace_back(std::make_unique<VMGlobal>());
  g.cells[0] = value.cells[0];
  g.cells[1] = value.cells[1];
  if (gc_is_traced(canonical_type.type, *engine_->types())) traced_globals_.push_back(&g);
  return {&g, canonical_type};
}

VMTag* Store::new_tag(u32 type_id) {
  tags_.push_back(std::make_unique<VMTag>(VMTag{type_id}));
  return tags_.back().get();
}

VMFuncRef* Store::new_host_func(const FuncType& type, HostCallback callback, void* env) {
  const u32 type_id = engine_->types()->intern_func(type);
  VMFuncRef* func = new_host_func_of_id(type_id, callback, env);
  engine_->types()->release(type_id);
  return func;
}

VMFuncRef* Store::new_host_func_of_id(u32 type_id, HostCallback callback, void* env) {
  auto func = std::make_unique<HostFunc>();
  func->registry = engine_->types().get();
  func->registry->retain(type_id);
  func->ref.type_id = type_id;
  func->ref.code = &func->code;
  const FuncType& type = type_of(func->ref);
  func->code.type = &type;
  if (engine_->thunks() != nullptr) func->code.native = engine_->thunks()->lazy();
  interp::init_host_code(func->code, cell_count(type.params), cell_count(type.results), callback,
                         env);
  host_funcs_.push_back(std::move(func));
  return &host_funcs_.back()->ref;
}

const FuncType& Store::type_of(const VMFuncRef& func) const {
  return engine_->types()->get(func.type_id).func;
}

Result<void> Store::prepare_stack() {
  stack_ = engine_->vm_stacks().take();
  if (!stack_) {
    return fail("failed to allocate a stack of " + std::to_string(engine_->vm_stack_bytes()) +
                " bytes");
  }
  const os::StackBounds usable = engine_->vm_stacks().usable(stack_);
  context.stack_top = reinterpret_cast<Cell*>(usable.low);
  context.stack_limit = reinterpret_cast<Cell*>(usable.high);
  return {};
}

namespace {

/// Host values take no room in the heap, so their number makes a collection due as well. Before
/// wasm is entered nothing but the arguments is held in raw cells.
bool collect_host_values(GcHeap& heap, const TypeRegistry& registry, const FuncType& type,
                         Cell* args) {
  std::vector<u32> refs;
  u32 cell = 0;
  for (ValType t : type.params) {
    if (gc_is_traced(t, registry)) refs.push_back(cell);
    cell += cell_count(t);
  }
  return heap.collect({args, refs});
}

}  // namespace

ExecResult<void> Store::call_raw(const VMFuncRef& func, Cell* cells) {
  if (gc_heap_ != nullptr && call_depth_ == 0 && gc_heap_->host_values().wants_collection() &&
      !collect_host_values(*gc_heap_, *engine_->types(), type_of(func), cells)) {
    return std::unexpected(ExecError(gc_heap_->error()));
  }
  if (call_depth_ >= kMaxCallDepth) [[unlikely]]
    return std::unexpected(ExecError::of_trap(TrapCode::kStackOverflow));
  // Functions of modules that are interpreted as a whole have no machine code to be called by.
  const bool interpreted =
      func.code->native.load(std::memory_order_relaxed) == nullptr || func.code->module == nullptr;
  if (interpreted && func.code->module != nullptr) WAZUKA_TRY(ensure_stack());
  context.fault_memory_size = kNoFaultAddress;
  has_run_ = true;
  ++call_depth_;
  if (last_trace_) last_trace_.reset();
  TrapOr outcome = kNoTrap;
  if (interpreted) {
    outcome = interp::call(context, func, cells);
  } else {
    if (context.trapped_activation != nullptr || context.overflowed != nullptr) [[unlikely]]
      interp::end_trap(context);
    outcome = call_native(&context, &func, cells);
  }
  --call_depth_;
  if (outcome == kNoTrap) [[likely]]
    return {};
  return std::unexpected(finish_error(outcome));
}

ExecResult<void> Store::call(const VMFuncRef& func, std::span<const Value> args,
                             std::vector<Value>& results) {
  const FuncType& type = type_of(func);
  u32 params = cell_count(type.params);
  u32 count = std::max(params, cell_count(type.results));
  std::vector<Cell> cells(count);
  size_t at = 0;
  for (const Value& v : args) {
    for (u32 i = 0; i < cell_count(v.type) && at < params; ++i) cells[at++] = v.cells[i];
  }
  WAZUKA_TRY(call_raw(func, cells.data()));
  results.clear();
  at = 0;
  for (ValType t : type.results) {
    Value& v = results.emplace_back(Value{t, {}});
    for (u32 i = 0; i < cell_count(t); ++i) v.cells[i] = cells[at++];
    if (t == kI32 || t == kF32) v.cells[0] = static_cast<u32>(v.cells[0]);
  }
  return {};
}

ExecResult<void> Store::call_initializer(const VMFuncRef& func) {
  const FuncType& type = type_of(func);
  auto wrong = [](const char* what, size_t found) {
    return std::unexpected(ExecError(Error{std::string("type mismatch with ") + what,
                                           Error::kNoOffset,
                                           {"expected 0 types, found " + std::to_string(found)}}));
  };
  if (!type.params.empty()) return wrong("parameters", type.params.size());
  if (!type.results.empty()) return wrong("results", type.results.size());
  return call_raw(func, nullptr);
}

TrapOr Store::raise(ExecError error) {
  const bool passes_on = error.uncaught_exception && context.exception != 0;
  pending_error_ = std::move(error);
  return passes_on ? kException : kHostError;
}

ExecError Store::take_error() {
  ExecError error = std::move(*pending_error_);
  pending_error_.reset();
  return error;
}

void Store::set_fuel(u64 fuel) {
  context.fuel = std::min(fuel, fuel_interval_);
  fuel_reserve_ = fuel - context.fuel;
}

void Store::set_fuel_interval(u64 interval) {
  const u64 fuel = fuel_left();
  constexpr u64 kMost = std::numeric_limits<i64>::max();
  fuel_interval_ = interval == 0 ? kMost : std::min(interval, kMost);
  set_fuel(fuel);
}

bool Store::refill_fuel() {
  const u64 left = fuel_left();
  set_fuel(left);
  return left != 0;
}

void Store::refill_fuel_for(u64 units) {
  const i64 have = static_cast<i64>(context.fuel);
  if (fuel_reserve_ == 0 || (have > 0 && static_cast<u64>(have) > units)) return;
  constexpr u64 kMost = std::numeric_limits<i64>::max();
  const u64 fuel = fuel_left();
  context.fuel = std::min({fuel, units < kMost ? units + 1 : kMost, kMost});
  fuel_reserve_ = fuel - context.fuel;
}

TrapOr Store::limit_reached(Limit limit) {
  if (limit_hook_ == nullptr) return trap_or(trap_of(limit));
  ++held_at_limit_;
  const TrapOr t = limit_hook_(limit_env_, limit);
  --held_at_limit_;
  return t;
}

u64 Store::fuel_left() const {
  const i64 counter = static_cast<i64>(context.fuel);
  if (counter >= 0) return fuel_reserve_ + context.fuel;
  // Code pays before it looks.
  return fuel_reserve_ - std::min(fuel_reserve_, u64{0} - context.fuel);
}

[[gnu::cold]] ExecError Store::finish_error(TrapOr code) {
  ExecError error;
  if (code == kHostError && pending_error_) {
    error = std::move(*pending_error_);
    pending_error_.reset();
  } else if (code == kHostError) {
    const char* kNoRoom = "no room for the machine code of another function type";
    error = take_refusal().value_or(Error{kNoRoom, Error::kNoOffset, {}});
  } else if (code == kException) {
    // A host function that let the exception pass has left the error with the whole backtrace.
    if (pending_error_ && pending_error_->uncaught_exception) {
      error = std::move(*pending_error_);
      pending_error_.reset();
    } else {
      error = ExecError::of_exception();
    }
  } else {
    TrapCode trap = static_cast<TrapCode>(code);
    error = ExecError::of_trap(trap);
    if (trap == TrapCode::kMemoryOutOfBounds && context.fault_memory_size != kNoFaultAddress) {
      // An access that begins inside of the memory faults at the first byte behind it.
      const u64 size = context.fault_memory_size;
      error = std::move(error).context(
          fault_message(context.fault_address < size ? size : context.fault_address, size));
    }
  }
  if (trace_) last_trace_ = std::exchange(trace_, std::nullopt);
  attach_backtrace(error);
  return error;
}

void Store::capture_trace() {
  if (!trace_) trace_ = walk_stack(context, kMaxTrace);
}

std::vector<interp::StackFrame> Store::last_trace() const {
  return last_trace_ ? *last_trace_ : walk_stack(context, ~size_t{0});
}

void Store::attach_backtrace(ExecError& error) {
  const EngineConfig& config = engine_->config();
  if (error.has_backtrace || error.exit_code || config.max_backtrace == 0) return;
  std::vector<interp::StackFrame> frames =
      last_trace_ ? *last_trace_ : walk_stack(context, config.max_backtrace);
  if (frames.size() > config.max_backtrace) frames.resize(config.max_backtrace);
  std::string text = backtrace_text(frames, {config.address_map, config.backtrace_details});
  if (text.empty()) return;
  error = std::move(error).context(std::move(text));
  error.has_backtrace = true;
}

GcHeap* Store::create_gc_heap() {
  if (auto room = engine_->pools().take_gc_heap(pool_use_); !room) {
    raise(ExecError(std::move(room).error()));
    return nullptr;
  }
  auto heap = GcHeap::create(context.gc, *engine_->types(), engine_->config().gc);
  if (!heap) {
    raise(ExecError(std::move(heap).error()));
    return nullptr;
  }
  gc_heap_ = *std::move(heap);
  gc_heap_->add_root_source(this);
  return gc_heap_.get();
}

Continuations* Store::create_continuations() {
  GcHeap* const heap = gc_heap();
  if (heap == nullptr) return nullptr;
  continuations_ = std::make_unique<Continuations>(*heap, engine_->continuation_stack_bytes());
  heap->set_stack_source(continuations_.get());
  return continuations_.get();
}

void Store::visit_roots(RootVisitor& visitor) {
  auto show = [](void* env, Cell* frame, std::span<const u16> cells) {
    for (u16 cell : cells) static_cast<RootVisitor*>(env)->visit(frame[cell]);
  };
  if (!visit_stack(context, show, &visitor)) std::abort();
  for (AsyncCall* call = async_calls_; call != nullptr; call = call->next_) {
    if (!visit_stack(call->activations_, show, &visitor)) std::abort();
  }
  visitor.visit(context.exception);
  for (const auto& instance : instances_) instance->visit_roots(visitor);
  for (const auto& table : tables_) {
    if (!gc_is_traced(table->type().element, *engine_->types())) continue;
    visitor.visit({table->vm.elements, table->vm.size});
  }
  for (VMGlobal* g : traced_globals_) visitor.visit(g->cells[0]);
}

Cell Store::new_host_ref(u64 value) {
  GcHeap* heap = gc_heap();
  return heap == nullptr ? 0 : heap->host_values().add(value, {});
}

std::optional<u64> Store::host_value(Cell ref) const {
  if (gc_heap_ == nullptr) return std::nullopt;
  return gc_heap_->host_values().get(ref);
}

namespace {

Result<void> check_count(const char* what, u64 count, u64 limit) {
  if (count <= limit) return {};
  return fail(std::string("resource limit exceeded: ") + what + " count too high at " +
              std::to_string(count));
}

}  // namespace

Result<void> Store::check_new_instance(const Module& m) const {
  WAZUKA_TRY(check_count("instance", instances_.size() + 1, limits_.instances));
  u64 memories = m.memories.size() - m.imported_memories;
  WAZUKA_TRY(check_count("memory", memories_.size() + memories, limits_.memories));
  u64 tables = m.tables.size() - m.imported_tables;
  return check_count("table", tables_.size() + tables, limits_.tables);
}

Instance* Store::add_instance(std::unique_ptr<Instance> instance) {
  instances_.push_back(std::move(instance));
  return instances_.back().get();
}

}  // namespace wazuka
