// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The objects of wasm.h.
#include "capi/objects.h"

#include <cstring>

#include "capi/module.h"
#include "runtime/type_match.h"

using namespace wazuka;
using namespace wazuka::capi;

namespace {

/// The address that makes an item what it is.
const void* identity_of(const Extern& item) {
  switch (kind_of(item)) {
    case ExternKind::kFunc: return std::get<VMFuncRef*>(item);
    case ExternKind::kTable: return std::get<Table*>(item);
    case ExternKind::kMemory: return std::get<Memory*>(item);
    case ExternKind::kGlobal: return std::get<Global>(item).vm;
    case ExternKind::kTag: return std::get<VMTag*>(item);
  }
  return nullptr;
}

}  // namespace

bool wasm_extern_t::same(const wasm_ref_t& other) const {
  return identity_of(item) == identity_of(static_cast<const wasm_extern_t&>(other).item);
}

namespace wazuka::capi {

wasm_extern_t* new_extern(const std::shared_ptr<wasmtime_store>& store, const Extern& item) {
  switch (kind_of(item)) {
    case ExternKind::kFunc: return new wasm_func_t(store, std::get<VMFuncRef*>(item));
    case ExternKind::kTable: return new wasm_table_t(store, std::get<Table*>(item));
    case ExternKind::kMemory: return new wasm_memory_t(store, std::get<Memory*>(item));
    case ExternKind::kGlobal: return new wasm_global_t(store, std::get<Global>(item));
    case ExternKind::kTag: return new wasm_tag_t(store, std::get<VMTag*>(item));
  }
  return nullptr;
}

namespace {

// In stores of wasm.h every host value is a handle of this API, owned by the store.

void delete_ref(void*, u64 value) {
  delete reinterpret_cast<wasm_ref_t*>(value);
}

/// A new reference for wasm. What it refers to must not keep the store alive from inside.
Result<Cell> extern_cell(wasmtime_context* c, const wasm_ref_t& ref) {
  GcHeap* const heap = c->store.gc_heap();
  if (heap == nullptr) return std::unexpected(c->store.take_error().error);
  wasm_ref_t* const copy = ref.copy();
  copy->store.reset();
  const Cell cell = heap->host_values().add(reinterpret_cast<u64>(copy), {delete_ref, nullptr});
  if (cell == 0) {
    delete copy;
    return fail("too many references to values of the host");
  }
  return cell;
}

wasm_ref_t* extern_ref(const std::shared_ptr<wasmtime_store>& store, Cell cell) {
  const auto value = store->context.store.host_value(cell);
  if (!value) return nullptr;
  wasm_ref_t* const copy = reinterpret_cast<const wasm_ref_t*>(*value)->copy();
  copy->store = store;
  return copy;
}

wasm_ref_t* ref_of_cell(const std::shared_ptr<wasmtime_store>& store, ValType type, Cell cell) {
  if (cell == 0) return nullptr;
  switch (family_of(*store->context.engine->types(), type)) {
    case Family::kFunc: return new wasm_func_t(store, reinterpret_cast<VMFuncRef*>(cell));
    case Family::kExtern: return extern_ref(store, cell);
    case Family::kAny:
    case Family::kExn:
    case Family::kCont: break;
  }
  abort_misuse("wasm.h has no references of this type");
}

Result<Cell> cell_of_ref(wasmtime_context* c, const wasm_ref_t* ref, ValType type) {
  const auto& registry = *c->engine->types();
  if (ref == nullptr) {
    if (type.nullable()) return Cell{0};
    return fail("type mismatch: expected " + type_name(registry, type) + ", found null");
  }
  if (ref->store != nullptr && ref->context() != c) return fail("reference used with wrong store");
  switch (family_of(registry, type)) {
    case Family::kFunc: {
      if (ref->kind != RefKind::kFunc) break;
      VMFuncRef* const func = static_cast<const wasm_func_t*>(ref)->get();
      const ValType exact = ValType::ref(HeapType::index(func->type_id), false, true);
      if (!is_subtype(registry, exact, type)) break;
      return reinterpret_cast<Cell>(func);
    }
    case Family::kExtern: return extern_cell(c, *ref);
    case Family::kAny:
    case Family::kExn:
    case Family::kCont: break;
  }
  return fail("type mismatch: expected " + type_name(registry, type));
}

}  // namespace

Result<void> check_forms(const TypeRegistry& registry, std::span<const ValType> types) {
  for (const ValType type : types) {
    if (type.is_ref()) {
      const Family family = family_of(registry, type);
      if (family == Family::kFunc || family == Family::kExtern) continue;
    } else if (type.kind() != ValKind::kV128) {
      continue;
    }
    return fail("wasm.h has no values of type " + type_name(registry, type));
  }
  return {};
}

wasm_val_t to_wasm_val(const std::shared_ptr<wasmtime_store>& store, ValType type,
                       const Cell* cells) {
  wasm_val_t v = {};
  switch (type.kind()) {
    case ValKind::kI32:
      v.kind = WASM_I32;
      v.of.i32 = static_cast<i32>(*cells);
      return v;
    case ValKind::kI64:
      v.kind = WASM_I64;
      v.of.i64 = static_cast<i64>(*cells);
      return v;
    case ValKind::kF32:
      v.kind = WASM_F32;
      v.of.f32 = std::bit_cast<float>(static_cast<u32>(*cells));
      return v;
    case ValKind::kF64:
      v.kind = WASM_F64;
      v.of.f64 = std::bit_cast<double>(*cells);
      return v;
    case ValKind::kRef:
      v.kind = family_of(*store->context.engine->types(), type) == Family::kFunc ? WASM_FUNCREF
                                                                                 : WASM_EXTERNREF;
      v.of.ref = ref_of_cell(store, type, *cells);
      return v;
    case ValKind::kV128:
    case ValKind::kBottom: break;
  }
  abort_misuse("wasm.h has no values of type v128");
}

Result<void> from_wasm_val(wasmtime_context* c, const wasm_val_t& value, ValType type,
                           Cell* cells) {
  const bool is_ref = value.kind == WASM_FUNCREF || value.kind == WASM_EXTERNREF;
  if (is_ref && type.is_ref()) {
    auto cell = cell_of_ref(c, value.of.ref, type);
    if (!cell) return std::unexpected(std::move(cell).error());
    *cells = *cell;
    return {};
  }
  wasmtime_val_t v = {};
  v.kind = is_ref ? WASMTIME_FUNCREF : value.kind;  // the kinds of numbers are the same
  if (!is_ref) v.of.i64 = value.of.i64;
  return to_cells(c, v, type, cells);
}

}  // namespace wazuka::capi

// All references ---------------------------------------------------------------------------------

#define REFERENCE_BASE(name)                                                              \
  void wasm_##name##_delete(wasm_##name##_t* ref) {                                       \
    delete ref;                                                                           \
  }                                                                                       \
  wasm_##name##_t* wasm_##name##_copy(const wasm_##name##_t* ref) {                       \
    return static_cast<wasm_##name##_t*>(ref->copy());                                    \
  }                                                                                       \
  bool wasm_##name##_same(const wasm_##name##_t* a, const wasm_##name##_t* b) {           \
    return a == b || (a != nullptr && b != nullptr && a->kind == b->kind && a->same(*b)); \
  }                                                                                       \
  void* wasm_##name##_get_host_info(const wasm_##name##_t* ref) {                         \
    return ref->host_info.data();                                                         \
  }                                                                                       \
  void wasm_##name##_set_host_info(wasm_##name##_t* ref, void* info) {                    \
    ref->host_info = Foreign(info, nullptr);                                              \
  }                                                                                       \
  void wasm_##name##_set_host_info_with_finalizer(wasm_##name##_t* ref, void* info,       \
                                                  void (*finalizer)(void*)) {             \
    ref->host_info = Foreign(info, finalizer);                                            \
  }

#define REFERENCE_CASTS(name, fits)                                                 \
  REFERENCE_BASE(name)                                                              \
  wasm_ref_t* wasm_##name##_as_ref(wasm_##name##_t* ref) {                          \
    return ref;                                                                     \
  }                                                                                 \
  const wasm_ref_t* wasm_##name##_as_ref_const(const wasm_##name##_t* ref) {        \
    return ref;                                                                     \
  }                                                                                 \
  wasm_##name##_t* wasm_ref_as_##name(wasm_ref_t* ref) {                            \
    return ref != nullptr && (fits) ? static_cast<wasm_##name##_t*>(ref) : nullptr; \
  }                                                                                 \
  const wasm_##name##_t* wasm_ref_as_##name##_const(const wasm_ref_t* ref) {        \
    return wasm_ref_as_##name(const_cast<wasm_ref_t*>(ref));                        \
  }
#define REFERENCE(name) REFERENCE_CASTS(name, ref->kind == wasm_##name##_t::kKind)

REFERENCE_BASE(ref)
REFERENCE(trap)
REFERENCE(foreign)
REFERENCE(module)
REFERENCE(instance)
REFERENCE(func)
REFERENCE(global)
REFERENCE(table)
REFERENCE(memory)
REFERENCE_CASTS(extern, ref->kind >= RefKind::kFunc)

wasm_foreign_t* wasm_foreign_new(wasm_store_t* store) {
  return new wasm_foreign_t(store->store);
}

// Modules ----------------------------------------------------------------------------------------

namespace {

std::span<const u8> bytes_of(const wasm_byte_vec_t* vec) {
  return {reinterpret_cast<const u8*>(vec->data), vec->size};
}

}  // namespace

wasm_module_t* wasm_module_new(wasm_store_t* store, const wasm_byte_vec_t* binary) {
  auto code = compile_module(store->store->context.engine, bytes_of(binary));
  return code ? new wasm_module_t(store->store, *std::move(code)) : nullptr;
}
bool wasm_module_validate(wasm_store_t* store, const wasm_byte_vec_t* binary) {
  return validate_module(*store->store->context.engine, bytes_of(binary)).has_value();
}
void wasm_module_imports(const wasm_module_t* module, wasm_importtype_vec_t* out) {
  module_imports(module->code->module(), out);
}
void wasm_module_exports(const wasm_module_t* module, wasm_exporttype_vec_t* out) {
  module_exports(module->code->module(), out);
}
void wasm_module_serialize(const wasm_module_t* module, wasm_byte_vec_t* out) {
  // The interface has no error: nothing is what cannot be serialized.
  if (!serialize_module(*module->code, out)) wasm_byte_vec_new_empty(out);
}
wasm_module_t* wasm_module_deserialize(wasm_store_t* store, const wasm_byte_vec_t* bytes) {
  auto code = deserialize_module(store->store->context.engine, bytes_of(bytes));
  return code ? new wasm_module_t(store->store, *std::move(code)) : nullptr;
}

void wasm_shared_module_delete(wasm_shared_module_t* shared) {
  delete shared;
}
wasm_shared_module_t* wasm_module_share(const wasm_module_t* module) {
  return new wasm_shared_module_t{module->code};
}
wasm_module_t* wasm_module_obtain(wasm_store_t* store, const wasm_shared_module_t* shared) {
  if (&shared->code->engine() != store->store->context.engine.get()) return nullptr;
  return new wasm_module_t(store->store, shared->code);
}

// Instances --------------------------------------------------------------------------------------

wasm_instance_t* wasm_instance_new(wasm_store_t* store, const wasm_module_t* module,
                                   const wasm_extern_vec_t* imports, wasm_trap_t** trap) {
  wasmtime_context* const context = &store->store->context;
  if (trap != nullptr) *trap = nullptr;
  auto failed = [&](Failure failure) -> wasm_instance_t* {
    if (trap != nullptr) *trap = new_trap(std::move(failure));
    return nullptr;
  };
  std::vector<Extern> items;
  for (size_t i = 0; i < imports->size; ++i) {
    const wasm_extern_t* const import = imports->data[i];
    if (import == nullptr) continue;
    if (import->context() != context) {
      return failed(
          {Error{"cross-`Store` instantiation is not currently supported", Error::kNoOffset, {}},
           {}});
    }
    items.push_back(import->item);
  }
  auto instance = Instance::create(context->store, module->code, items);
  if (!instance) return failed(context->failure_of(std::move(instance).error()));
  return new wasm_instance_t(store->store, *instance);
}

void wasm_instance_exports(const wasm_instance_t* handle, wasm_extern_vec_t* out) {
  Instance* const instance = handle->instance;
  const auto& exports = instance->module().exports;
  wasm_extern_vec_new_uninitialized(out, exports.size());
  for (size_t i = 0; i < exports.size(); ++i) {
    out->data[i] = new_extern(handle->store, instance->entity(exports[i].kind, exports[i].index));
  }
}

// Externs ----------------------------------------------------------------------------------------

wasm_externkind_t wasm_extern_kind(const wasm_extern_t* item) {
  switch (kind_of(item->item)) {
    case ExternKind::kFunc: return WASM_EXTERN_FUNC;
    case ExternKind::kTable: return WASM_EXTERN_TABLE;
    case ExternKind::kMemory: return WASM_EXTERN_MEMORY;
    case ExternKind::kGlobal: return WASM_EXTERN_GLOBAL;
    case ExternKind::kTag: return WASM_EXTERN_TAG;
  }
  return WASM_EXTERN_FUNC;
}
wasm_externtype_t* wasm_extern_type(const wasm_extern_t* item) {
  return type_of_extern(item->context(), item->item);
}

#define EXTERN_CASTS(name)                                                          \
  wasm_extern_t* wasm_##name##_as_extern(wasm_##name##_t* item) {                   \
    return item;                                                                    \
  }                                                                                 \
  const wasm_extern_t* wasm_##name##_as_extern_const(const wasm_##name##_t* item) { \
    return item;                                                                    \
  }                                                                                 \
  wasm_##name##_t* wasm_extern_as_##name(wasm_extern_t* item) {                     \
    return wasm_ref_as_##name(item);                                                \
  }                                                                                 \
  const wasm_##name##_t* wasm_extern_as_##name##_const(const wasm_extern_t* item) { \
    return wasm_ref_as_##name##_const(item);                                        \
  }
EXTERN_CASTS(func)
EXTERN_CASTS(global)
EXTERN_CASTS(table)
EXTERN_CASTS(memory)

namespace {

/// The type of an entity as a handle of its own.
template <class Type>
Type* type_of(const wasm_extern_t* item) {
  return static_cast<Type*>(type_of_extern(item->context(), item->item));
}

}  // namespace

// Functions --------------------------------------------------------------------------------------

namespace {

wasm_func_t* new_func(wasm_store_t* store, const wasm_functype_t* type, HostFuncDef def) {
  wasmtime_context& context = store->store->context;
  auto id = type->intern(context.engine->types());
  if (!id) abort_misuse("function type used with the wrong engine");
  def.type = *std::move(id);
  VMFuncRef* const func = context.func_of(std::make_shared<HostFuncDef>(std::move(def)));
  return new wasm_func_t(store->store, func);
}

}  // namespace

wasm_func_t* wasm_func_new(wasm_store_t* store, const wasm_functype_t* type,
                           wasm_func_callback_t callback) {
  HostFuncDef def;
  def.plain = callback;
  return new_func(store, type, std::move(def));
}
wasm_func_t* wasm_func_new_with_env(wasm_store_t* store, const wasm_functype_t* type,
                                    wasm_func_callback_with_env_t callback, void* env,
                                    void (*finalizer)(void*)) {
  HostFuncDef def;
  def.with_env = callback;
  def.foreign = Foreign(env, finalizer);
  return new_func(store, type, std::move(def));
}

wasm_functype_t* wasm_func_type(const wasm_func_t* func) {
  return type_of<wasm_functype_t>(func);
}
size_t wasm_func_param_arity(const wasm_func_t* func) {
  return func->context()->store.type_of(*func->get()).params.size();
}
size_t wasm_func_result_arity(const wasm_func_t* func) {
  return func->context()->store.type_of(*func->get()).results.size();
}

wasm_trap_t* wasm_func_call(const wasm_func_t* func, const wasm_val_vec_t* args,
                            wasm_val_vec_t* results) {
  wasmtime_context* const context = func->context();
  const FuncType& type = context->store.type_of(*func->get());
  auto failed = [](std::string message) {
    return new_trap({Error{std::move(message), Error::kNoOffset, {}}, {}});
  };
  const size_t nargs = args == nullptr ? 0 : args->size;
  const size_t nresults = results == nullptr ? 0 : results->size;
  if (nargs != type.params.size()) {
    return failed("expected " + std::to_string(type.params.size()) + " arguments, got " +
                  std::to_string(nargs));
  }
  if (nresults < type.results.size()) {
    return failed("expected " + std::to_string(type.results.size()) + " results, got " +
                  std::to_string(nresults));
  }
  if (auto known = check_forms(*context->engine->types(), type.results); !known) {
    return new_trap({std::move(known).error(), {}});
  }
  std::vector<Cell> cells(std::max(cell_count(type.params), cell_count(type.results)) + 1);
  Cell* to = cells.data();
  for (size_t i = 0; i < nargs; ++i) {
    if (auto done = from_wasm_val(context, args->data[i], type.params[i], to); !done) {
      return new_trap({std::move(done).error().context("argument type mismatch"), {}});
    }
    to += cell_count(type.params[i]);
  }
  auto outcome = context->store.call_raw(*func->get(), cells.data());
  if (!outcome) return new_trap(context->failure_of(std::move(outcome).error()));
  const Cell* from = cells.data();
  for (size_t i = 0; i < type.results.size(); ++i) {
    results->data[i] = to_wasm_val(func->store, type.results[i], from);
    from += cell_count(type.results[i]);
  }
  return nullptr;
}

// Globals ----------------------------------------------------------------------------------------

wasm_global_t* wasm_global_new(wasm_store_t* store, const wasm_globaltype_t* type,
                               const wasm_val_t* init) {
  wasmtime_context* const context = &store->store->context;
  Value value{type->content.held.type, {}};
  if (!from_wasm_val(context, *init, value.type, value.cells)) return nullptr;
  context->held_types.push_back(type->content.held.concrete);
  return new wasm_global_t(store->store, context->store.new_global(type->type(), value));
}
wasm_globaltype_t* wasm_global_type(const wasm_global_t* global) {
  return type_of<wasm_globaltype_t>(global);
}
void wasm_global_get(const wasm_global_t* global, wasm_val_t* out) {
  const Global g = global->get();
  *out = to_wasm_val(global->store, g.type.type, g.vm->cells);
}
void wasm_global_set(wasm_global_t* global, const wasm_val_t* value) {
  const Global g = global->get();
  Cell cells[2] = {};
  if (!g.type.mut || !from_wasm_val(global->context(), *value, g.type.type, cells)) return;
  std::memcpy(g.vm->cells, cells, cell_count(g.type.type) * sizeof(Cell));
}

// Tables -----------------------------------------------------------------------------------------

wasm_table_t* wasm_table_new(wasm_store_t* store, const wasm_tabletype_t* type, wasm_ref_t* init) {
  wasmtime_context* const context = &store->store->context;
  auto cell = cell_of_ref(context, init, type->type.element);
  if (!cell) return nullptr;
  auto table = context->store.new_table(type->type);
  if (!table) return nullptr;
  (*table)->fill(0, (*table)->vm.size, *cell);
  return new wasm_table_t(store->store, *table);
}
wasm_tabletype_t* wasm_table_type(const wasm_table_t* table) {
  return type_of<wasm_tabletype_t>(table);
}
wasm_ref_t* wasm_table_get(const wasm_table_t* handle, wasm_table_size_t index) {
  const Table* const table = handle->get();
  if (index >= table->vm.size) return nullptr;
  return ref_of_cell(handle->store, table->type().element, table->vm.elements[index]);
}
bool wasm_table_set(wasm_table_t* handle, wasm_table_size_t index, wasm_ref_t* ref) {
  Table* const table = handle->get();
  if (index >= table->vm.size) return false;
  auto cell = cell_of_ref(handle->context(), ref, table->type().element);
  if (cell) table->vm.elements[index] = *cell;
  return cell.has_value();
}
wasm_table_size_t wasm_table_size(const wasm_table_t* table) {
  return static_cast<wasm_table_size_t>(table->get()->vm.size);
}
bool wasm_table_grow(wasm_table_t* handle, wasm_table_size_t delta, wasm_ref_t* init) {
  Table* const table = handle->get();
  auto cell = cell_of_ref(handle->context(), init, table->type().element);
  if (!cell) return false;
  const u64 limit = handle->context()->store.limits().table_elements;
  return table->grow(delta, *cell, limit) != Table::kGrowFailed;
}

// Memories ---------------------------------------------------------------------------------------

wasm_memory_t* wasm_memory_new(wasm_store_t* store, const wasm_memorytype_t* type) {
  auto memory = store->store->context.store.new_memory(type->type);
  return memory ? new wasm_memory_t(store->store, *memory) : nullptr;
}
wasm_memorytype_t* wasm_memory_type(const wasm_memory_t* memory) {
  return type_of<wasm_memorytype_t>(memory);
}
byte_t* wasm_memory_data(wasm_memory_t* memory) {
  return reinterpret_cast<byte_t*>(memory->get()->vm.base);
}
size_t wasm_memory_data_size(const wasm_memory_t* memory) {
  return memory->get()->vm.size.load(std::memory_order_acquire);
}
wasm_memory_pages_t wasm_memory_size(const wasm_memory_t* memory) {
  return static_cast<wasm_memory_pages_t>(memory->get()->size_in_pages());
}
bool wasm_memory_grow(wasm_memory_t* handle, wasm_memory_pages_t delta) {
  const u64 limit = handle->context()->store.limits().memory_bytes;
  return handle->get()->grow(delta, limit) != Memory::kGrowFailed;
}

// Values -----------------------------------------------------------------------------------------

void wasm_val_delete(wasm_val_t* value) {
  if (value->kind != WASM_FUNCREF && value->kind != WASM_EXTERNREF) return;
  delete std::exchange(value->of.ref, nullptr);
}
void wasm_val_copy(wasm_val_t* out, const wasm_val_t* value) {
  wasm_val_t copy = *value;
  const bool is_ref = value->kind == WASM_FUNCREF || value->kind == WASM_EXTERNREF;
  if (is_ref && value->of.ref != nullptr) copy.of.ref = value->of.ref->copy();
  *out = copy;
}
