// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions: calls in both directions.
#include <algorithm>

#include "capi/objects.h"
#include "runtime/type_match.h"

using namespace wazuka;
using namespace wazuka::capi;

namespace {

/// Room for the values of one call: on the stack unless there are many.
template <class T, size_t kInline>
class Buffer {
 public:
  explicit Buffer(size_t size) {
    if (size > kInline) heap_ = std::make_unique<T[]>(size);
  }
  T* data() { return heap_ != nullptr ? heap_.get() : reinterpret_cast<T*>(inline_); }

 private:
  alignas(T) unsigned char inline_[sizeof(T) * kInline];
  std::unique_ptr<T[]> heap_;
};

/// Numbers of one cell each, few of them: what compilers do for long loops costs more than these
/// take.
#if defined(__clang__)
#define SHORT_LOOP _Pragma("clang loop vectorize(disable) unroll(disable)")
#else
#define SHORT_LOOP _Pragma("GCC unroll 1")
#endif

void numbers_to_raw(const Cell* cells, u32 count, wasmtime_val_raw_t* raw) {
  SHORT_LOOP
  for (u32 i = 0; i < count; ++i) raw[i].i64 = static_cast<i64>(cells[i]);
}

void numbers_from_raw(const wasmtime_val_raw_t* raw, u32 count, Cell* cells) {
  SHORT_LOOP
  for (u32 i = 0; i < count; ++i) cells[i] = static_cast<Cell>(raw[i].i64);
}

// The host is called ------------------------------------------------------------------------------

TrapOr finish(wasmtime_context* context, wasm_trap_t* trap) {
  return trap == nullptr ? kNoTrap : context->raise(take_failure(trap));
}

Result<void> results_to_cells(wasmtime_context* c, const FuncType& type,
                              const wasmtime_val_t* results, Cell* cells) {
  for (ValType t : type.results) {
    if (auto converted = to_cells(c, *results, t, cells); !converted) {
      return std::unexpected(std::move(converted).error().context(
          "function attempted to return an incompatible value"));
    }
    cells += cell_count(t);
    ++results;
  }
  return {};
}

/// Lets the asynchronous call that runs be suspended until the host function's work is done.
TrapOr wait_for(wasmtime_context* context, wasmtime_async_continuation_t& work) {
  TrapOr outcome = kNoTrap;
  if (work.callback == nullptr) {
    outcome = context->store.raise(
        Error{"the asynchronous host function has not set a continuation", Error::kNoOffset, {}});
  }
  while (outcome == kNoTrap && !work.callback(work.env)) outcome = context->yield();
  if (work.finalizer != nullptr) work.finalizer(work.env);
  return outcome;
}

TrapOr call_async(const HostFuncDef& def, wasmtime_caller_t* caller,
                  std::span<const wasmtime_val_t> args, std::span<wasmtime_val_t> results) {
  wasm_trap_t* trap = nullptr;
  wasmtime_async_continuation_t work = {};
  def.async(def.foreign.data(), caller, args.data(), args.size(), results.data(), results.size(),
            &trap, &work);
  // It may set the trap later.
  if (trap == nullptr || work.callback != nullptr) {
    if (const TrapOr t = wait_for(caller->context, work); t != kNoTrap) {
      if (trap != nullptr) wasm_trap_delete(trap);
      return t;
    }
  }
  return finish(caller->context, trap);
}

/// The values that the callback gets belong to the call; what it leaves as results, too.
[[gnu::noinline]] TrapOr call_checked_any(const HostFunc& func, VMContext* vm, Cell* cells) {
  wasmtime_context* const context = func.context;
  const FuncType& type = *func.type;
  const size_t nparams = type.params.size(), nresults = type.results.size();
  Buffer<wasmtime_val_t, CallShape::kMaxInline> values(nparams + nresults);
  wasmtime_val_t* const args = values.data();
  wasmtime_val_t* const results = args + nparams;
  const Cell* from = cells;
  for (size_t i = 0; i < nparams; ++i) {
    from_cells(context, type.params[i], from, &args[i]);
    from += cell_count(type.params[i]);
  }
  for (size_t i = 0; i < nresults; ++i) {
    results[i].kind = WASMTIME_I32;
    results[i].of.i32 = 0;
  }
  wasmtime_caller_t caller{context, vm};
  const HostFuncDef& def = *func.def;
  TrapOr outcome = def.async != nullptr
                       ? call_async(def, &caller, {args, nparams}, {results, nresults})
                       : finish(context, def.checked(def.foreign.data(), &caller, args, nparams,
                                                     results, nresults));
  if (outcome == kNoTrap && nresults != 0) {
    if (auto done = results_to_cells(context, type, results, cells); !done) {
      outcome = context->store.raise(std::move(done).error());
    }
  }
  for (size_t i = 0; i < nparams + nresults; ++i) wasmtime_val_unroot(&args[i]);
  return outcome;
}

[[gnu::cold, gnu::noinline]] TrapOr wrong_results(const HostFunc& func,
                                                  const wasmtime_val_t* results, Cell* cells) {
  auto done = results_to_cells(func.context, *func.type, results, cells);
  return func.context->store.raise(std::move(done).error());
}

/// Written at once: whoever copies the value reads it at once, and a processor hands on to a load
/// only what one store has written.
void set_number(wasmtime_val_t* value, u8 kind, Cell bits) {
  using Pair [[gnu::vector_size(16)]] = u64;
  const Pair pair = {kind, bits};
  std::memcpy(value, &pair, sizeof pair);
}

TrapOr call_checked(void* env, VMContext* vm, Cell* cells) {
  const HostFunc& func = *static_cast<const HostFunc*>(env);
  const CallShape& shape = *func.shape;
  if (!shape.plain) return call_checked_any(func, vm, cells);
  wasmtime_val_t args[CallShape::kMaxInline], results[CallShape::kMaxInline];
  for (u32 i = 0; i < shape.params; ++i) {
    set_number(&args[i], shape.kinds[i], cells[i]);
  }
  const u8* const kinds = shape.kinds + shape.params;
  for (u32 i = 0; i < shape.results; ++i) {
    set_number(&results[i], WASMTIME_I32, 0);
  }
  wasmtime_caller_t caller{func.context, vm};
  const HostFuncDef& def = *func.def;
  wasm_trap_t* const trap =
      def.checked(def.foreign.data(), &caller, args, shape.params, results, shape.results);
  if (trap != nullptr) [[unlikely]]
    return finish(func.context, trap);
  for (u32 i = 0; i < shape.results; ++i) {
    if (results[i].kind != kinds[i]) [[unlikely]]
      return wrong_results(func, results, cells);
    cells[i] = static_cast<Cell>(results[i].of.i64);
  }
  return kNoTrap;
}

void to_raw(std::span<const ValType> types, const Cell* cells, wasmtime_val_raw_t* raw,
            bool has_v128) {
  if (!has_v128) {
    for (size_t i = 0; i < types.size(); ++i) raw[i].i64 = static_cast<i64>(cells[i]);
    return;
  }
  for (ValType t : types) {
    const u32 n = cell_count(t);
    std::memcpy(raw++, cells, n * sizeof(Cell));
    cells += n;
  }
}

void from_raw(std::span<const ValType> types, const wasmtime_val_raw_t* raw, Cell* cells,
              bool has_v128) {
  if (!has_v128) {
    for (size_t i = 0; i < types.size(); ++i) cells[i] = static_cast<Cell>(raw[i].i64);
    return;
  }
  for (ValType t : types) {
    const u32 n = cell_count(t);
    std::memcpy(cells, raw++, n * sizeof(Cell));
    cells += n;
  }
}

/// References of the collector's heap are 32 bits of a raw value; the rest of it may be anything.
void narrow_refs(const TypeRegistry& registry, std::span<const ValType> types, Cell* cells) {
  for (ValType t : types) {
    if (t.is_ref() && gc_is_traced(t, registry)) *cells = static_cast<u32>(*cells);
    cells += cell_count(t);
  }
}

[[gnu::noinline]] TrapOr call_unchecked_any(const HostFunc& func, VMContext* vm, Cell* cells) {
  const FuncType& type = *func.type;
  const CallShape& shape = *func.shape;
  const size_t count = std::max(shape.params, shape.results);
  Buffer<wasmtime_val_raw_t, CallShape::kMaxInline> raw(count);
  to_raw(type.params, cells, raw.data(), shape.has_v128);
  wasmtime_caller_t caller{func.context, vm};
  const HostFuncDef& def = *func.def;
  wasm_trap_t* const trap = def.unchecked(def.foreign.data(), &caller, raw.data(), count);
  if (trap != nullptr) return finish(func.context, trap);
  from_raw(type.results, raw.data(), cells, shape.has_v128);
  if (shape.has_traced_results) narrow_refs(*func.context->engine->types(), type.results, cells);
  return kNoTrap;
}

TrapOr call_unchecked(void* env, VMContext* vm, Cell* cells) {
  const HostFunc& func = *static_cast<const HostFunc*>(env);
  const CallShape& shape = *func.shape;
  if (!shape.plain) return call_unchecked_any(func, vm, cells);
  wasmtime_val_raw_t raw[CallShape::kMaxInline];
  numbers_to_raw(cells, shape.params, raw);
  wasmtime_caller_t caller{func.context, vm};
  const HostFuncDef& def = *func.def;
  wasm_trap_t* const trap =
      def.unchecked(def.foreign.data(), &caller, raw, std::max(shape.params, shape.results));
  if (trap != nullptr) [[unlikely]]
    return finish(func.context, trap);
  numbers_from_raw(raw, shape.results, cells);
  return kNoTrap;
}

/// A callback of wasm.h: all values in vectors.
TrapOr call_plain(void* env, VMContext*, Cell* cells) {
  const HostFunc& func = *static_cast<const HostFunc*>(env);
  const FuncType& type = *func.type;
  wasmtime_context* const context = func.context;
  if (auto known = check_forms(*context->engine->types(), type.params); !known) {
    return context->store.raise(std::move(known).error());
  }
  wasm_val_vec_t args, results;
  wasm_val_vec_new_uninitialized(&args, type.params.size());
  wasm_val_vec_new_uninitialized(&results, type.results.size());
  const std::shared_ptr<wasmtime_store> store = context->owner->shared_from_this();
  const Cell* from = cells;
  for (size_t i = 0; i < args.size; ++i) {
    args.data[i] = to_wasm_val(store, type.params[i], from);
    from += cell_count(type.params[i]);
  }
  const HostFuncDef& def = *func.def;
  wasm_trap_t* const trap = def.plain != nullptr
                                ? def.plain(&args, &results)
                                : def.with_env(def.foreign.data(), &args, &results);
  TrapOr outcome = finish(context, trap);
  Cell* to = cells;
  for (size_t i = 0; trap == nullptr && i < results.size; ++i) {
    if (auto done = from_wasm_val(context, results.data[i], type.results[i], to); !done) {
      outcome = context->store.raise(std::move(done).error());
      break;
    }
    to += cell_count(type.results[i]);
  }
  wasm_val_vec_delete(&args);
  wasm_val_vec_delete(&results);
  return outcome;
}

TrapOr call_checked_slowly(void* env, VMContext* vm, Cell* cells) {
  return call_checked_any(*static_cast<const HostFunc*>(env), vm, cells);
}

TrapOr call_failing(void* env, VMContext*, Cell*) {
  const HostFunc& func = *static_cast<const HostFunc*>(env);
  return func.context->store.raise(*func.def->failure);
}

HostCallback callback_of(const HostFuncDef& def) {
  if (def.failure) return call_failing;
  if (def.async != nullptr) return call_checked_slowly;
  if (def.checked != nullptr) return call_checked;
  return def.unchecked != nullptr ? call_unchecked : call_plain;
}

}  // namespace

CallShape::CallShape(const FuncType& type, const TypeRegistry& registry)
    : params(static_cast<u32>(type.params.size())), results(static_cast<u32>(type.results.size())) {
  plain = params <= kMaxInline && results <= kMaxInline;
  u8* kind = kinds;
  auto add = [&](std::span<const ValType> types, bool& has_traced) {
    for (ValType t : types) {
      plain &= t.is_num();
      has_v128 |= t.is_v128();
      has_traced |= t.is_ref() && gc_is_traced(t, registry);
      if (plain) *kind++ = static_cast<u8>(static_cast<u8>(t.kind()) - u8{1});
    }
  };
  add(type.params, has_traced_params);
  add(type.results, has_traced_results);
}
static_assert(static_cast<u8>(ValKind::kI32) - 1 == WASMTIME_I32 &&
              static_cast<u8>(ValKind::kF64) - 1 == WASMTIME_F64);

const CallShape& wasmtime_context::new_shape(u32 type_id) {
  const TypeRegistry& registry = *engine->types();
  if (type_id >= shapes_.size()) shapes_.resize(type_id + 1);
  shapes_[type_id] = std::make_unique<CallShape>(registry.get(type_id).func, registry);
  return *shapes_[type_id];
}

namespace {

static_assert(sizeof(wasmtime_caller_t) == sizeof(HostCaller) &&
              offsetof(wasmtime_caller_t, context) == offsetof(HostCaller, context) &&
              offsetof(wasmtime_caller_t, vm) == offsetof(HostCaller, vm));
static_assert(sizeof(wasmtime_val_raw_t) == DirectHostFunc::kRawBytes);
static_assert(sizeof(wasmtime_val_t) == DirectHostFunc::kTaggedBytes &&
              offsetof(wasmtime_val_t, of) == DirectHostFunc::kTaggedValue &&
              DirectHostFunc::kind_of(kI32) == WASMTIME_I32 &&
              DirectHostFunc::kind_of(kF64) == WASMTIME_F64);

TrapOr direct_call_failed(void* context, void* trap) {
  auto& c = *static_cast<wasmtime_context*>(context);
  interp::end_trap(c.store.context);
  return finish(&c, static_cast<wasm_trap_t*>(trap));
}

TrapOr direct_results_rejected(DirectHostFunc* self, void* results) {
  const HostFunc& func = *reinterpret_cast<HostFunc*>(self);
  Cell cells[CallShape::kMaxInline];
  return wrong_results(func, static_cast<const wasmtime_val_t*>(results), cells);
}

void forget_trap(VMStoreContext* store) {
  interp::end_trap(*store);
}

/// Lets machine code call the function itself, if it needs no care.
void call_directly(HostFunc& func, FuncCode& code) {
  Thunks* const thunks = func.context->engine->thunks();
  const HostFuncDef& def = *func.def;
  const bool raw = def.unchecked != nullptr && !func.shape->has_traced_results;
  const bool tagged = def.checked != nullptr && func.shape->plain;
  if (thunks == nullptr || (!raw && !tagged)) return;
  using Function = decltype(func.direct.call);
  func.direct.call =
      raw ? reinterpret_cast<Function>(def.unchecked) : reinterpret_cast<Function>(def.checked);
  func.direct.data = def.foreign.data();
  func.direct.context = func.context;
  func.direct.fail = direct_call_failed;
  func.direct.reject = direct_results_rejected;
  func.direct.end_trap = forget_trap;
  const u8* const at =
      thunks->leave_to_host(*func.type, raw ? HostFormat::kRaw : HostFormat::kTagged);
  if (at != nullptr) code.native.store(at, std::memory_order_release);
}

}  // namespace

VMFuncRef* wasmtime_context::func_of(const std::shared_ptr<const HostFuncDef>& def) {
  VMFuncRef*& known = func_of_def[def.get()];
  if (known != nullptr) return known;
  auto func = std::make_unique<HostFunc>();
  func->def = def;
  func->context = this;
  func->type = &def->type.get().func;
  func->shape = &shape_of(def->type.id());
  known = store.new_host_func_of_id(def->type.id(), callback_of(*def), func.get());
  call_directly(*func, *known->code);
  host_funcs.push_back(std::move(func));
  return known;
}

namespace {

VMFuncRef* new_func(wasmtime_context_t* context, const wasm_functype_t* type, HostFuncDef def) {
  auto id = type->intern(context->engine->types());
  if (!id) abort_misuse("function type used with the wrong engine");
  def.type = *std::move(id);
  return context->func_of(std::make_shared<HostFuncDef>(std::move(def)));
}

}  // namespace

void wasmtime_func_new(wasmtime_context_t* context, const wasm_functype_t* type,
                       wasmtime_func_callback_t callback, void* env, void (*finalizer)(void*),
                       wasmtime_func_t* ret) {
  HostFuncDef def;
  def.checked = callback;
  def.foreign = Foreign(env, finalizer);
  *ret = handle_of(context, new_func(context, type, std::move(def)));
}

void wasmtime_func_new_unchecked(wasmtime_context_t* context, const wasm_functype_t* type,
                                 wasmtime_func_unchecked_callback_t callback, void* env,
                                 void (*finalizer)(void*), wasmtime_func_t* ret) {
  HostFuncDef def;
  def.unchecked = callback;
  def.foreign = Foreign(env, finalizer);
  *ret = handle_of(context, new_func(context, type, std::move(def)));
}

wasm_functype_t* wasmtime_func_type(const wasmtime_context_t* context,
                                    const wasmtime_func_t* func) {
  return func_type(context->engine->types(), get(context, *func)->type_id);
}

// Wasm is called ---------------------------------------------------------------------------------

namespace {

[[gnu::cold]] wasmtime_error_t* wrong_count(const char* what, size_t expected, size_t got) {
  return new_error("expected " + std::to_string(expected) + " " + what + ", got " +
                   std::to_string(got));
}

[[gnu::cold]] wasmtime_error_t* wrong_store() {
  return new_error("object used with the wrong store");
}

}  // namespace

namespace {

[[gnu::cold, gnu::noinline]] wasmtime_error_t* failed(wasmtime_context* context, ExecError error,
                                                      wasm_trap_t** trap) {
  return report(context->failure_of(std::move(error)), trap);
}

/// With checks of everything: values of any type, and calls that are wrong.
[[gnu::noinline]] wasmtime_error_t* call_any(wasmtime_context* context, const VMFuncRef& func,
                                             const wasmtime_val_t* args, size_t nargs,
                                             wasmtime_val_t* results, size_t nresults,
                                             wasm_trap_t** trap) {
  const FuncType& type = context->store.type_of(func);
  if (nargs != type.params.size()) return wrong_count("arguments", type.params.size(), nargs);
  if (nresults != type.results.size()) {
    return wrong_count("results", type.results.size(), nresults);
  }
  Buffer<Cell, 2 * CallShape::kMaxInline> buffer(2 * std::max(nargs, nresults));
  Cell* const cells = buffer.data();
  Cell* to = cells;
  for (size_t i = 0; i < nargs; ++i) {
    if (auto converted = to_cells(context, args[i], type.params[i], to); !converted) {
      return new_error(std::move(converted).error().context("argument type mismatch"));
    }
    to += cell_count(type.params[i]);
  }
  auto outcome = context->store.call_raw(func, cells);
  if (!outcome) return failed(context, std::move(outcome).error(), trap);
  const Cell* from = cells;
  for (size_t i = 0; i < nresults; ++i) {
    from_cells(context, type.results[i], from, &results[i]);
    from += cell_count(type.results[i]);
  }
  return nullptr;
}

}  // namespace

wasmtime_error_t* wasmtime_func_call(wasmtime_context_t* context, const wasmtime_func_t* handle,
                                     const wasmtime_val_t* args, size_t nargs,
                                     wasmtime_val_t* results, size_t nresults, wasm_trap_t** trap) {
  if (handle->store_id != context->id) [[unlikely]]
    return wrong_store();
  const VMFuncRef& func = *get(context, *handle);
  const CallShape& shape = context->shape_of(func.type_id);
  if (!shape.plain || nargs != shape.params || nresults != shape.results) [[unlikely]]
    return call_any(context, func, args, nargs, results, nresults, trap);
  Cell cells[CallShape::kMaxInline];
  for (u32 i = 0; i < shape.params; ++i) {
    if (args[i].kind != shape.kinds[i]) [[unlikely]]
      return call_any(context, func, args, nargs, results, nresults, trap);
    cells[i] = static_cast<Cell>(args[i].of.i64);
  }
  auto outcome = context->store.call_raw(func, cells);
  if (!outcome) [[unlikely]]
    return failed(context, std::move(outcome).error(), trap);
  const u8* const kinds = shape.kinds + shape.params;
  for (u32 i = 0; i < shape.results; ++i) {
    set_number(&results[i], kinds[i], cells[i]);
  }
  return nullptr;
}

namespace {

[[gnu::noinline]] wasmtime_error_t* call_any_raw(wasmtime_context* context, const VMFuncRef& func,
                                                 wasmtime_val_raw_t* values, wasm_trap_t** trap) {
  const FuncType& type = context->store.type_of(func);
  const CallShape& shape = context->shape_of(func.type_id);
  Buffer<Cell, 2 * CallShape::kMaxInline> buffer(2 * std::max(shape.params, shape.results));
  Cell* const cells = buffer.data();
  from_raw(type.params, values, cells, shape.has_v128);
  if (shape.has_traced_params) narrow_refs(*context->engine->types(), type.params, cells);
  auto outcome = context->store.call_raw(func, cells);
  if (!outcome) return failed(context, std::move(outcome).error(), trap);
  to_raw(type.results, cells, values, shape.has_v128);
  return nullptr;
}

}  // namespace

wasmtime_error_t* wasmtime_func_call_unchecked(wasmtime_context_t* context,
                                               const wasmtime_func_t* handle,
                                               wasmtime_val_raw_t* values, size_t length,
                                               wasm_trap_t** trap) {
  if (handle->store_id != context->id) [[unlikely]]
    return wrong_store();
  const VMFuncRef& func = *get(context, *handle);
  const CallShape& shape = context->shape_of(func.type_id);
  if (length < std::max(shape.params, shape.results)) [[unlikely]]
    return wrong_count("values", std::max(shape.params, shape.results), length);
  if (!shape.plain) return call_any_raw(context, func, values, trap);
  Cell cells[CallShape::kMaxInline];
  numbers_from_raw(values, shape.params, cells);
  auto outcome = context->store.call_raw(func, cells);
  if (!outcome) [[unlikely]]
    return failed(context, std::move(outcome).error(), trap);
  numbers_to_raw(cells, shape.results, values);
  return nullptr;
}

void wasmtime_func_from_raw(wasmtime_context_t* context, void* raw, wasmtime_func_t* ret) {
  *ret = {};
  if (raw != nullptr) *ret = handle_of(context, static_cast<VMFuncRef*>(raw));
}
void* wasmtime_func_to_raw(wasmtime_context_t* context, const wasmtime_func_t* func) {
  return func->store_id == 0 ? nullptr : get(context, *func);
}

// What a callback may ask ------------------------------------------------------------------------

wasmtime_context_t* wasmtime_caller_context(wasmtime_caller_t* caller) {
  return caller->context;
}

bool wasmtime_caller_export_get(wasmtime_caller_t* caller, const char* name, size_t name_len,
                                wasmtime_extern_t* item) {
  if (caller->vm == nullptr) return false;
  auto found = caller->vm->instance->find_export({name, name_len});
  if (!found) return false;
  *item = from_extern(caller->context, *found);
  return true;
}
