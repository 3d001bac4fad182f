// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Handles of what modules import and export.
#include "capi/handle.h"

using namespace wazuka;
using namespace wazuka::capi;

namespace wazuka::capi {
namespace {

template <class Handle>
Handle address_handle(const wasmtime_context* c, const void* address) {
  const u64 bits = reinterpret_cast<u64>(address);
  Handle h;
  h.store_id = c->id;
  h.__private1 = static_cast<u32>(bits);
  h.__private2 = static_cast<u32>(bits >> 32);
  return h;
}

}  // namespace

wasmtime_memory_t handle_of(const wasmtime_context* c, Memory* m) {
  return address_handle<wasmtime_memory_t>(c, m);
}
wasmtime_table_t handle_of(const wasmtime_context* c, Table* t) {
  return address_handle<wasmtime_table_t>(c, t);
}
wasmtime_tag_t handle_of(const wasmtime_context* c, VMTag* t) {
  return address_handle<wasmtime_tag_t>(c, t);
}
wasmtime_global_t handle_of(const wasmtime_context* c, const Global& g) {
  static_assert(alignof(VMGlobal) >= 2);
  auto h = address_handle<wasmtime_global_t>(c, g.vm);
  h.__private1 |= u32{g.type.mut};
  h.__private3 = g.type.type.bits();
  return h;
}

Extern to_extern(wasmtime_context* c, const wasmtime_extern_t& item) {
  switch (item.kind) {
    case WASMTIME_EXTERN_FUNC: return get(c, item.of.func);
    case WASMTIME_EXTERN_GLOBAL: return get(c, item.of.global);
    case WASMTIME_EXTERN_TABLE: return get(c, item.of.table);
    case WASMTIME_EXTERN_MEMORY: return get(c, item.of.memory);
    case WASMTIME_EXTERN_TAG: return get(c, item.of.tag);
    case WASMTIME_EXTERN_SHAREDMEMORY: {
      const auto& memory = item.of.sharedmemory->memory;
      for (Memory*& known : c->shared_memories) {
        if (known == memory.get()) return known;
      }
      c->shared_memories.push_back(c->store.adopt(memory));
      return c->shared_memories.back();
    }
    default: abort_misuse("wasmtime_extern_t: unknown kind");
  }
}

wasmtime_extern_t from_extern(const wasmtime_context* c, const Extern& item) {
  wasmtime_extern_t e = {};
  switch (kind_of(item)) {
    case ExternKind::kFunc:
      e.kind = WASMTIME_EXTERN_FUNC;
      e.of.func = handle_of(c, std::get<VMFuncRef*>(item));
      break;
    case ExternKind::kTable:
      e.kind = WASMTIME_EXTERN_TABLE;
      e.of.table = handle_of(c, std::get<Table*>(item));
      break;
    case ExternKind::kMemory: {
      Memory* const memory = std::get<Memory*>(item);
      if (memory->type().shared) {
        e.kind = WASMTIME_EXTERN_SHAREDMEMORY;
        e.of.sharedmemory = new wasmtime_sharedmemory{memory->shared_from_this(), c->engine};
      } else {
        e.kind = WASMTIME_EXTERN_MEMORY;
        e.of.memory = handle_of(c, memory);
      }
      break;
    }
    case ExternKind::kGlobal:
      e.kind = WASMTIME_EXTERN_GLOBAL;
      e.of.global = handle_of(c, std::get<Global>(item));
      break;
    case ExternKind::kTag:
      e.kind = WASMTIME_EXTERN_TAG;
      e.of.tag = handle_of(c, std::get<VMTag*>(item));
      break;
  }
  return e;
}

bool belongs_to(const wasmtime_context* c, const wasmtime_extern_t& item) {
  switch (item.kind) {
    case WASMTIME_EXTERN_FUNC: return item.of.func.store_id == c->id;
    case WASMTIME_EXTERN_GLOBAL: return item.of.global.store_id == c->id;
    case WASMTIME_EXTERN_TABLE: return item.of.table.store_id == c->id;
    case WASMTIME_EXTERN_MEMORY: return item.of.memory.store_id == c->id;
    case WASMTIME_EXTERN_TAG: return item.of.tag.store_id == c->id;
    case WASMTIME_EXTERN_SHAREDMEMORY: return item.of.sharedmemory->engine == c->engine;
    default: return true;
  }
}

namespace {

wasm_tabletype_t* type_of(const wasmtime_context* c, const Table& table) {
  return new wasm_tabletype_t(table.type(), HeldType(table.type().element, c->engine->types()));
}
wasm_globaltype_t* type_of(const wasmtime_context* c, const Global& global) {
  return new wasm_globaltype_t(HeldType(global.type.type, c->engine->types()), global.type.mut);
}
wasm_tagtype_t* type_of(const wasmtime_context* c, const VMTag& tag) {
  return new wasm_tagtype_t(wasm_functype_t(TypeRef(c->engine->types(), tag.type_id)));
}

}  // namespace

wasm_externtype_t* type_of_extern(const wasmtime_context* c, const Extern& item) {
  switch (kind_of(item)) {
    case ExternKind::kFunc:
      return func_type(c->engine->types(), std::get<VMFuncRef*>(item)->type_id);
    case ExternKind::kTable: return type_of(c, *std::get<Table*>(item));
    case ExternKind::kMemory: return new wasm_memorytype_t(std::get<Memory*>(item)->type());
    case ExternKind::kGlobal: return type_of(c, std::get<Global>(item));
    case ExternKind::kTag: return type_of(c, *std::get<VMTag*>(item));
  }
  return nullptr;
}

}  // namespace wazuka::capi

void wasmtime_extern_delete(wasmtime_extern_t* item) {
  if (item->kind == WASMTIME_EXTERN_SHAREDMEMORY) delete item->of.sharedmemory;
}

wasm_externtype_t* wasmtime_extern_type(wasmtime_context_t* context,
                                        const wasmtime_extern_t* item) {
  if (item->kind == WASMTIME_EXTERN_SHAREDMEMORY) {
    return new wasm_memorytype_t(item->of.sharedmemory->memory->type());
  }
  return type_of_extern(context, to_extern(context, *item));
}

// Memories ---------------------------------------------------------------------------------------

wasmtime_error_t* wasmtime_memory_new(wasmtime_context_t* context, const wasm_memorytype_t* ty,
                                      wasmtime_memory_t* ret) {
  if (ty->type.shared) return new_error("shared memories must be created through `SharedMemory`");
  auto memory = context->store.new_memory(ty->type);
  if (!memory) return new_error(std::move(memory).error());
  *ret = handle_of(context, *memory);
  return nullptr;
}

wasm_memorytype_t* wasmtime_memory_type(const wasmtime_context_t* context,
                                        const wasmtime_memory_t* memory) {
  return new wasm_memorytype_t(get(context, *memory)->type());
}
uint8_t* wasmtime_memory_data(wasmtime_context_t* context, const wasmtime_memory_t* memory) {
  return get(context, *memory)->vm.base;
}
size_t wasmtime_memory_data_size(const wasmtime_context_t* context,
                                 const wasmtime_memory_t* memory) {
  return get(context, *memory)->vm.size.load(std::memory_order_acquire);
}
uint64_t wasmtime_memory_size(const wasmtime_context_t* context, const wasmtime_memory_t* memory) {
  return get(context, *memory)->size_in_pages();
}

namespace {

wasmtime_error_t* grow(Memory& memory, u64 delta, u64 limit, u64* prev_size) {
  const u64 before = memory.grow(delta, limit);
  if (before == Memory::kGrowFailed) {
    return new_error("failed to grow memory by `" + std::to_string(delta) + "`");
  }
  *prev_size = before;
  return nullptr;
}

}  // namespace

wasmtime_error_t* wasmtime_memory_grow(wasmtime_context_t* context, const wasmtime_memory_t* memory,
                                       uint64_t delta, uint64_t* prev_size) {
  return grow(*get(context, *memory), delta, context->store.limits().memory_bytes, prev_size);
}
uint64_t wasmtime_memory_page_size(wasmtime_context_t* context, const wasmtime_memory_t* memory) {
  return u64{1} << get(context, *memory)->type().page_size_log2;
}
uint8_t wasmtime_memory_page_size_log2(wasmtime_context_t* context,
                                       const wasmtime_memory_t* memory) {
  return get(context, *memory)->type().page_size_log2;
}

// Shared memories --------------------------------------------------------------------------------

wasmtime_error_t* wasmtime_sharedmemory_new(const wasm_engine_t* engine,
                                            const wasm_memorytype_t* ty,
                                            wasmtime_sharedmemory_t** ret) {
  if (!engine->engine->config().features.has(Feature::kSharedMemory)) {
    return new_error(
        "shared memory support is disabled for this engine -- see `Config::shared_memory`");
  }
  if (!ty->type.shared) {
    return new_error("shared memory must have the `shared` flag enabled on its memory type");
  }
  auto memory = Memory::create(ty->type, *engine->engine, ~u64{0});
  if (!memory) return new_error(std::move(memory).error());
  *ret = new wasmtime_sharedmemory{*std::move(memory), engine->engine};
  return nullptr;
}
void wasmtime_sharedmemory_delete(wasmtime_sharedmemory_t* memory) {
  delete memory;
}
wasmtime_sharedmemory_t* wasmtime_sharedmemory_clone(const wasmtime_sharedmemory_t* memory) {
  return new wasmtime_sharedmemory(*memory);
}
wasm_memorytype_t* wasmtime_sharedmemory_type(const wasmtime_sharedmemory_t* memory) {
  return new wasm_memorytype_t(memory->memory->type());
}
uint8_t* wasmtime_sharedmemory_data(const wasmtime_sharedmemory_t* memory) {
  return memory->memory->vm.base;
}
size_t wasmtime_sharedmemory_data_size(const wasmtime_sharedmemory_t* memory) {
  return memory->memory->vm.size.load(std::memory_order_acquire);
}
uint64_t wasmtime_sharedmemory_size(const wasmtime_sharedmemory_t* memory) {
  return memory->memory->size_in_pages();
}
wasmtime_error_t* wasmtime_sharedmemory_grow(const wasmtime_sharedmemory_t* memory, uint64_t delta,
                                             uint64_t* prev_size) {
  return grow(*memory->memory, delta, ~u64{0}, prev_size);
}

// Tables -----------------------------------------------------------------------------------------

namespace {

constexpr const char* kNoElement = "type mismatch: value does not match table element type";

/// The cell of a value that goes into a table.
Result<Cell> element_of(wasmtime_context* context, const wasmtime_val_t& value, ValType type,
                        const char* function) {
  if (value.kind < WASMTIME_FUNCREF || value.kind > WASMTIME_EXNREF) {
    return fail(std::string(function) + " value is not a reference");
  }
  Cell cell = 0;
  if (auto done = to_cells(context, value, type, &cell); !done) {
    return std::unexpected(std::move(done).error().context(kNoElement));
  }
  return cell;
}

}  // namespace

wasmtime_error_t* wasmtime_table_new(wasmtime_context_t* context, const wasm_tabletype_t* ty,
                                     const wasmtime_val_t* init, wasmtime_table_t* ret) {
  auto cell = element_of(context, *init, ty->type.element, "wasmtime_table_new init");
  if (!cell) return new_error(std::move(cell).error());
  auto table = context->store.new_table(ty->type);
  if (!table) return new_error(std::move(table).error());
  (*table)->fill(0, (*table)->vm.size, *cell);
  *ret = handle_of(context, *table);
  return nullptr;
}

wasm_tabletype_t* wasmtime_table_type(const wasmtime_context_t* context,
                                      const wasmtime_table_t* table) {
  return type_of(context, *get(context, *table));
}

bool wasmtime_table_get(wasmtime_context_t* context, const wasmtime_table_t* handle, uint64_t index,
                        wasmtime_val_t* val) {
  const Table* const table = get(context, *handle);
  if (index >= table->vm.size) return false;
  from_cells(context, table->type().element, &table->vm.elements[index], val);
  return true;
}

wasmtime_error_t* wasmtime_table_set(wasmtime_context_t* context, const wasmtime_table_t* handle,
                                     uint64_t index, const wasmtime_val_t* value) {
  Table* const table = get(context, *handle);
  auto cell = element_of(context, *value, table->type().element, "wasmtime_table_set");
  if (!cell) return new_error(std::move(cell).error());
  if (index >= table->vm.size) {
    return new_error(Failure{ExecError::of_trap(TrapCode::kTableOutOfBounds), {}});
  }
  table->vm.elements[index] = *cell;
  return nullptr;
}

uint64_t wasmtime_table_size(const wasmtime_context_t* context, const wasmtime_table_t* table) {
  return get(context, *table)->vm.size;
}

wasmtime_error_t* wasmtime_table_grow(wasmtime_context_t* context, const wasmtime_table_t* handle,
                                      uint64_t delta, const wasmtime_val_t* init,
                                      uint64_t* prev_size) {
  Table* const table = get(context, *handle);
  auto cell = element_of(context, *init, table->type().element, "wasmtime_table_grow");
  if (!cell) return new_error(std::move(cell).error());
  const u64 before = table->grow(delta, *cell, context->store.limits().table_elements);
  if (before == Table::kGrowFailed) {
    return new_error("failed to grow table by `" + std::to_string(delta) + "`");
  }
  *prev_size = before;
  return nullptr;
}

// Globals ----------------------------------------------------------------------------------------

wasmtime_error_t* wasmtime_global_new(wasmtime_context_t* context, const wasm_globaltype_t* type,
                                      const wasmtime_val_t* val, wasmtime_global_t* ret) {
  Value value{type->content.held.type, {}};
  if (auto done = to_cells(context, *val, value.type, value.cells); !done) {
    return new_error(std::move(done).error().context(
        "type mismatch: initial value provided does not match the type of this global"));
  }
  // The handle has the type's bits: what they mention lives as long as the store.
  context->held_types.push_back(type->content.held.concrete);
  *ret = handle_of(context, context->store.new_global(type->type(), value));
  return nullptr;
}

wasm_globaltype_t* wasmtime_global_type(const wasmtime_context_t* context,
                                        const wasmtime_global_t* global) {
  return type_of(context, get(context, *global));
}

void wasmtime_global_get(wasmtime_context_t* context, const wasmtime_global_t* handle,
                         wasmtime_val_t* out) {
  const Global global = get(context, *handle);
  from_cells(context, global.type.type, global.vm->cells, out);
}

wasmtime_error_t* wasmtime_global_set(wasmtime_context_t* context, const wasmtime_global_t* handle,
                                      const wasmtime_val_t* val) {
  const Global global = get(context, *handle);
  if (!global.type.mut) return new_error("immutable global cannot be set");
  Cell cells[2] = {};
  if (auto done = to_cells(context, *val, global.type.type, cells); !done) {
    return new_error(std::move(done).error().context(
        "type mismatch: attempt to set global to value of wrong type"));
  }
  std::copy_n(cells, cell_count(global.type.type), global.vm->cells);
  return nullptr;
}

// Tags -------------------------------------------------------------------------------------------

wasmtime_error_t* wasmtime_tag_new(wasmtime_context_t* context, const wasm_tagtype_t* type,
                                   wasmtime_tag_t* ret) {
  auto id = type->func.intern(context->engine->types());
  if (!id) return new_error("type used with wrong engine");
  if (!id->get().func.results.empty()) return new_error("tag types cannot have results");
  *ret = handle_of(context, context->store.new_tag(id->id()));
  context->held_types.push_back(*std::move(id));
  return nullptr;
}
wasm_tagtype_t* wasmtime_tag_type(const wasmtime_context_t* context, const wasmtime_tag_t* tag) {
  return type_of(context, *get(context, *tag));
}
bool wasmtime_tag_eq(const wasmtime_context_t* context, const wasmtime_tag_t* a,
                     const wasmtime_tag_t* b) {
  return get(context, *a) == get(context, *b);
}
