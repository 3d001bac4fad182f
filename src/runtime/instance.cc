// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/instance.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

#include "runtime/const_expr.h"
#include "runtime/startup_fuel.h"
#include "runtime/type_match.h"

namespace wazuka {
namespace {

/// What memory 0 is in modules without memories: VMContext::memory0 is never null.
constinit VMMemory no_memory;

/// For free(). calloc leaves out the allocator's caches, but has large blocks that are zero
/// already.
void* allocate_zero(u64 bytes) {
  constexpr u64 kSmall = 1024;
  if (bytes > kSmall) return std::calloc(1, bytes);
  void* block = std::malloc(bytes);
  asm("" : "+r"(block));  // compilers would make calloc of it
  if (block != nullptr) std::memset(block, 0, bytes);
  return block;
}

Result<void> check_imports(const Store& store, const Module& module,
                           std::span<const Extern> imports) {
  if (imports.size() != module.imports.size()) {
    return fail("expected " + std::to_string(module.imports.size()) + " imports, found " +
                std::to_string(imports.size()));
  }
  for (size_t i = 0; i < imports.size(); ++i) {
    const Import& import = module.imports[i];
    auto matches = match_import(*store.engine().types(), module, import, imports[i]);
    if (matches) continue;
    return std::unexpected(std::move(matches).error().context(
        "incompatible import type for `" + std::string(import.module) +
        "::" + std::string(import.name) + "`"));
  }
  return {};
}

}  // namespace

Instance::Instance(Store& store, std::shared_ptr<ModuleCode> code)
    : store_(store), code_(std::move(code)) {}

Instance::~Instance() {
  std::free(vm_);
}

ExecResult<Instance*> Instance::create(Store& store, std::shared_ptr<ModuleCode> code,
                                       std::span<const Extern> imports) {
  const Module& module = code->module();
  // The ids of types, which code compares, are those of an engine.
  if (&code->engine() != &store.engine()) {
    return fail("cross-`Engine` instantiation is not currently supported");
  }
  WAZUKA_TRY(check_imports(store, module, imports));
  WAZUKA_TRY(store.check_new_instance(module));
  WAZUKA_TRY(store.take_pooled(module));
  std::unique_ptr<Instance> owned(new Instance(store, std::move(code)));
  WAZUKA_TRY(owned->allocate(imports));
  Instance* instance = store.add_instance(std::move(owned));
  ConstEvaluator constants(*instance);
  if (auto done = instance->init_all_but_memories(constants); !done) {
    // Functions that are in tables already must not see data that has not been written.
    for (u32 i = module.imported_memories; i < instance->memories_.size(); ++i) {
      instance->memories_[i]->drop_contents();
    }
    return std::unexpected(std::move(done).error());
  }
  WAZUKA_TRY(instance->run_active_datas(constants));
  WAZUKA_TRY(instance->run_start());
  return instance;
}

ExecResult<void> Instance::init_all_but_memories(ConstEvaluator& constants) {
  WAZUKA_TRY(pay_for_startup());
  WAZUKA_TRY(init_globals(constants));
  WAZUKA_TRY(init_tables(constants));
  WAZUKA_TRY(init_elems(constants));
  return run_active_elems(constants);
}

Result<void> Instance::allocate(std::span<const Extern> imports) {
  u64 size = code_->layout().size();
  // Zero: function references not yet asked for, globals not yet initialised.
  vm_ = static_cast<VMContext*>(allocate_zero(size));
  if (vm_ == nullptr) {
    return fail("out of memory (failed to allocate " + std::to_string(size) + " bytes)");
  }
  vm_->magic = VMContext::kMagic;
  vm_->store_context = &store_.context;
  vm_->memory0 = &no_memory;
  vm_->type_ids = module().type_ids.data();
  vm_->instance = this;
  link_imports(imports);
  WAZUKA_TRY(allocate_memories());
  WAZUKA_TRY(allocate_tables());
  allocate_tags();
  if (!memories_.empty()) vm_->memory0 = &memories_[0]->vm;
  vm_->memory0_base = vm_->memory0->base;
  if (const Thunks* thunks = store_.engine().thunks()) {
    vm_->builtin_stub = thunks->builtin();
    vm_->tier_up_stub = thunks->tier_up();
    vm_->raise_stub = thunks->raise();
  }
  if (const size_t segments = module().elems.size() + module().datas.size(); segments != 0) {
    dropped_ = std::vector<bool>(segments);
  }
  return {};
}

void Instance::link_imports(std::span<const Extern> imports) {
  const VMLayout& layout = code_->layout();
  for (size_t i = 0; i < imports.size(); ++i) {
    u32 index = module().imports[i].index;
    switch (module().imports[i].kind) {
      case ExternKind::kFunc:
        *at<VMFuncRef*>(layout.imported_func(index)) = std::get<VMFuncRef*>(imports[i]);
        break;
      case ExternKind::kTable: tables_.push_back(std::get<Table*>(imports[i])); break;
      case ExternKind::kMemory: memories_.push_back(std::get<Memory*>(imports[i])); break;
      case ExternKind::kGlobal:
        imported_globals_.push_back(std::get<Global>(imports[i]));
        *at<VMGlobal*>(layout.imported_global(index)) = imported_globals_.back().vm;
        break;
      case ExternKind::kTag: *at<VMTag*>(layout.tag(index)) = std::get<VMTag*>(imports[i]); break;
    }
  }
}

Result<void> Instance::allocate_memories() {
  image_ = code_->memory_image();
  for (u32 i = module().imported_memories; i < module().memories.size(); ++i) {
    const ContentsId contents = image_ != nullptr ? image_->contents_of(i) : kZeroContents;
    auto memory = store_.new_memory(module().memories[i], contents);
    if (!memory) return std::unexpected(std::move(memory).error());
    (*memory)->set_exposed(false);
    memories_.push_back(*memory);
  }
  for (u32 i = 0; i < memories_.size(); ++i) {
    *at<VMMemory*>(code_->layout().memory(i)) = &memories_[i]->vm;
  }
  return {};
}

Result<void> Instance::allocate_tables() {
  for (u32 i = module().imported_tables; i < module().tables.size(); ++i) {
    auto table = store_.new_table(canonical_type(module(), module().tables[i].type));
    if (!table) return std::unexpected(std::move(table).error());
    tables_.push_back(*table);
  }
  for (u32 i = 0; i < tables_.size(); ++i) {
    *at<VMTable*>(code_->layout().table(i)) = &tables_[i]->vm;
  }
  return {};
}

void Instance::allocate_tags() {
  for (u32 i = module().imported_tags; i < module().tags.size(); ++i) {
    *at<VMTag*>(code_->layout().tag(i)) =
        store_.new_tag(module().type_ids[module().tags[i].type_index]);
  }
}

ExecResult<void> Instance::init_globals(ConstEvaluator& constants) {
  for (u32 i = module().imported_globals; i < module().globals.size(); ++i) {
    auto value = constants.evaluate(module().globals[i].init, module().globals[i].type.type);
    if (!value) return std::unexpected(std::move(value).error());
    VMGlobal* g = at<VMGlobal>(code_->layout().defined_global(i));
    g->cells[0] = value->cells[0];
    g->cells[1] = value->cells[1];
  }
  return {};
}

ExecResult<void> Instance::init_tables(ConstEvaluator& constants) {
  for (u32 i = module().imported_tables; i < module().tables.size(); ++i) {
    const ByteRange& init = module().tables[i].init;
    if (init.size == 0) continue;
    auto value = constants.evaluate(init, module().tables[i].type.element);
    if (!value) return std::unexpected(std::move(value).error());
    if (value->cells[0] != 0) tables_[i]->fill(0, tables_[i]->vm.size, value->cells[0]);
  }
  return {};
}

ExecResult<void> Instance::init_elems(ConstEvaluator& constants) {
  for (u32 i = 0; i < module().elems.size(); ++i) {
    const ElemSegment& segment = module().elems[i];
    if (segment.mode == SegmentMode::kDeclared) dropped_[i] = true;
    if (segment.exprs.empty() || segment.mode == SegmentMode::kDeclared) continue;
    if (elem_values_.empty()) elem_values_.resize(module().elems.size());
    elem_values_[i].reserve(segment.exprs.size());
    for (ByteRange expr : segment.exprs) {
      auto value = constants.evaluate(expr, segment.type);
      if (!value) return std::unexpected(std::move(value).error());
      elem_values_[i].push_back(value->cells[0]);
    }
  }
  return {};
}

ExecResult<u64> Instance::segment_offset(ConstEvaluator& constants, ByteRange expr,
                                         AddressType address) {
  auto value = constants.evaluate(expr, address_val_type(address));
  if (!value) return std::unexpected(std::move(value).error());
  return address == AddressType::kI64 ? value->cells[0] : static_cast<u32>(value->cells[0]);
}

ExecResult<void> Instance::run_active_elems(ConstEvaluator& constants) {
  for (u32 i = 0; i < module().elems.size(); ++i) {
    const ElemSegment& segment = module().elems[i];
    if (segment.mode != SegmentMode::kActive) continue;
    auto offset = segment_offset(constants, segment.offset, tables_[segment.table]->type().address);
    if (!offset) return std::unexpected(std::move(offset).error());
    TrapOr trap = init_table(segment.table, i, *offset, 0, segment.size());
    drop_elem(i);
    if (trap != kNoTrap) {
      return std::unexpected(ExecError::of_trap(static_cast<TrapCode>(trap)));
    }
  }
  return {};
}

ExecResult<void> Instance::run_active_datas(ConstEvaluator& constants) {
  if (image_ != nullptr && image_->map(memories_)) {
    for (u32 i = 0; i < module().datas.size(); ++i) {
      if (module().datas[i].mode == SegmentMode::kActive) drop_data(i);
    }
    return {};
  }
  for (u32 i = 0; i < module().datas.size(); ++i) {
    const DataSegment& segment = module().datas[i];
    if (segment.mode != SegmentMode::kActive) continue;
    auto offset =
        segment_offset(constants, segment.offset, memories_[segment.memory]->type().address);
    if (!offset) return std::unexpected(std::move(offset).error());
    TrapOr trap = init_memory(segment.memory, i, *offset, 0, segment.bytes.size);
    drop_data(i);
    if (trap != kNoTrap) {
      return std::unexpected(ExecError::of_trap(static_cast<TrapCode>(trap)));
    }
  }
  return {};
}

/// Everything at once: that less of it is done when the fuel does not suffice can only be seen in
/// memories and tables that are imported.
ExecResult<void> Instance::pay_for_startup() {
  if (!store_.engine().config().fuel) return {};
  const StartupFuel cost = startup_fuel(module());
  const u64 left = store_.fuel_left();
  store_.set_fuel(left - std::min(left, cost.total));
  if (cost.checked != 0 && left <= cost.checked) {
    return std::unexpected(ExecError::of_trap(TrapCode::kOutOfFuel));
  }
  return {};
}

ExecResult<void> Instance::run_start() {
  if (!module().start) return {};
  VMFuncRef start = *func_ref(*module().start);
  if (start.vmctx == nullptr) start.vmctx = vm_;  // the host's: this instance is its caller
  return store_.call_raw(start, nullptr);
}

std::optional<Extern> Instance::find_export(std::string_view name) {
  const Export* e = module().find_export(name);
  if (e == nullptr) return std::nullopt;
  return entity(e->kind, e->index);
}

Extern Instance::entity(ExternKind kind, u32 index) {
  switch (kind) {
    case ExternKind::kFunc: return func_ref(index);
    case ExternKind::kTable: return tables_[index];
    case ExternKind::kMemory: return memory(index);
    case ExternKind::kGlobal: return global(index);
    case ExternKind::kTag: return *at<VMTag*>(code_->layout().tag(index));
  }
  std::abort();
}

VMFuncRef* Instance::func_ref(u32 index) {
  const VMLayout& layout = code_->layout();
  if (index < module().imported_funcs) return *at<VMFuncRef*>(layout.imported_func(index));
  VMFuncRef* ref = at<VMFuncRef>(layout.defined_func_ref(index));
  if (ref->code == nullptr) {
    ref->vmctx = vm_;
    ref->type_id = module().type_ids[module().funcs[index].type_index];
    ref->code = code_->func(index);
  }
  return ref;
}

Global Instance::global(u32 index) {
  if (index < module().imported_globals) return imported_globals_[index];
  return {at<VMGlobal>(code_->layout().defined_global(index)),
          canonical_type(module(), module().globals[index].type)};
}

Memory* Instance::exported_memory() {
  if (!exported_memory_known_) {
    const Export* e = module().find_export("memory");
    if (e != nullptr && e->kind == ExternKind::kMemory) exported_memory_ = memory(e->index);
    exported_memory_known_ = true;
  }
  return exported_memory_;
}

Memory* Instance::memory_around(u64 address) const {
  for (Memory* memory : memories_) {
    if (memory->reserves(address)) return memory;
  }
  return nullptr;
}

u64 Instance::grow_memory(u32 index, u64 delta_pages) {
  Memory* memory = memories_[index];
  u64 limit = memory->type().shared ? ~u64{0} : store_.limits().memory_bytes;
  u64 old = memory->grow(delta_pages, limit);
  if (old != Memory::kGrowFailed || !store_.limits().trap_on_grow_failure) return old;
  u64 pages = memory->size_in_pages() + delta_pages;
  return raise_growth("memory", pages << memory->type().page_size_log2, "bytes");
}

u64 Instance::grow_table(u32 index, u64 delta, Cell init) {
  u64 old = tables_[index]->grow(delta, init, store_.limits().table_elements);
  if (old != Table::kGrowFailed || !store_.limits().trap_on_grow_failure) return old;
  return raise_growth("table", tables_[index]->vm.size + delta, "elements");
}

u64 Instance::raise_growth(const char* what, u64 size, const char* unit) {
  static_cast<void>(store_.raise(Error{
      std::string("forcing trap when growing ") + what + " to " + std::to_string(size) + " " + unit,
      Error::kNoOffset,
      {}}));
  return kGrowRaised;
}

TrapOr Instance::init_memory(u32 memory, u32 data, u64 dst, u64 src, u64 len) {
  const DataSegment& segment = module().datas[data];
  u64 available = is_data_dropped(data) ? 0 : segment.bytes.size;
  VMMemory& target = this->memory(memory)->vm;
  u64 size = target.size.load(std::memory_order_acquire);
  if (src > available || len > available - src || dst > size || len > size - dst) {
    return trap_or(TrapCode::kMemoryOutOfBounds);
  }
  if (len != 0) {
    std::memcpy(target.base + dst, module().bytes.data() + segment.bytes.offset + src, len);
  }
  return kNoTrap;
}

TrapOr Instance::init_table(u32 table, u32 elem, u64 dst, u64 src, u64 len) {
  const ElemSegment& segment = module().elems[elem];
  u64 available = is_elem_dropped(elem) ? 0 : segment.size();
  VMTable& target = tables_[table]->vm;
  if (src > available || len > available - src || dst > target.size || len > target.size - dst) {
    return trap_or(TrapCode::kTableOutOfBounds);
  }
  for (u64 i = 0; i < len; ++i) {
    target.elements[dst + i] = elem_value(elem, static_cast<u32>(src + i));
  }
  return kNoTrap;
}

void Instance::drop_elem(u32 elem) {
  dropped_[elem] = true;
  if (!elem_values_.empty()) elem_values_[elem] = {};
}

std::span<const u8> Instance::data_bytes(u32 data) const {
  if (is_data_dropped(data)) return {};
  return module().view(module().datas[data].bytes);
}

u32 Instance::elem_count(u32 elem) const {
  return is_elem_dropped(elem) ? 0 : static_cast<u32>(module().elems[elem].size());
}

Cell Instance::elem_value(u32 elem, u32 i) {
  const ElemSegment& segment = module().elems[elem];
  return segment.exprs.empty() ? reinterpret_cast<Cell>(func_ref(segment.funcs[i]))
                               : elem_values_[elem][i];
}

void Instance::visit_roots(RootVisitor& visitor) {
  const Module& m = module();
  for (u32 i = m.imported_globals; i < m.globals.size(); ++i) {
    if (!gc_is_traced(m.globals[i].type.type, m.types)) continue;
    visitor.visit(at<VMGlobal>(code_->layout().defined_global(i))->cells[0]);
  }
  for (u32 i = 0; i < elem_values_.size(); ++i) {
    if (gc_is_traced(m.elems[i].type, m.types)) visitor.visit(elem_values_[i]);
  }
}

}  // namespace wazuka
