// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A module instance (spec 4.2.5): its VMContext, laid out as VMLayout says, and the state of its
// segments. Function references of the instance's own functions are filled in when first asked for.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/exec_error.h"
#include "runtime/extern.h"
#include "runtime/module_code.h"
#include "runtime/store.h"

namespace wazuka {

class ConstEvaluator;

class Instance {
 public:
  /// Instantiates (spec 4.5.4): checks the imports against their types, allocates, initialises,
  /// runs active segments and the start function. `imports` are in the order of Module::imports.
  /// The instance stays in the store even if a segment or the start function traps, because what
  /// ran before may have made its functions reachable.
  static ExecResult<Instance*> create(Store& store, std::shared_ptr<ModuleCode> code,
                                      std::span<const Extern> imports);
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  Store& store() const { return store_; }
  const Module& module() const { return code_->module(); }
  ModuleCode& code() const { return *code_; }
  VMContext* vm() const { return vm_; }

  /// The export, if there is one of this name.
  std::optional<Extern> find_export(std::string_view name);
  /// An entity by its index in the module.
  Extern entity(ExternKind kind, u32 index);
  VMFuncRef* func_ref(u32 index);
  Memory* memory(u32 index) const {
    memories_[index]->set_exposed(true);
    return memories_[index];
  }
  /// The memory that reserves this address (of the host), or null. Async-signal-safe.
  Memory* memory_around(u64 address) const;
  Table* table(u32 index) const { return tables_[index]; }
  Global global(u32 index);

  /// The memory that host functions called from here work on: the export named "memory", or null.
  Memory* exported_memory();

  // Bodies of the builtins; see abi/builtins.def.
  u64 grow_memory(u32 index, u64 delta_pages);
  u64 grow_table(u32 index, u64 delta, Cell init);
  TrapOr init_memory(u32 memory, u32 data, u64 dst, u64 src, u64 len);
  TrapOr init_table(u32 table, u32 elem, u64 dst, u64 src, u64 len);
  void drop_data(u32 data) { dropped_[module().elems.size() + data] = true; }
  void drop_elem(u32 elem);

  /// What array.new_data and array.new_elem copy from; empty once dropped.
  std::span<const u8> data_bytes(u32 data) const;
  u32 elem_count(u32 elem) const;
  Cell elem_value(u32 elem, u32 i);

  /// Shows the references in globals and segments.
  void visit_roots(RootVisitor& visitor);

 private:
  Instance(Store& store, std::shared_ptr<ModuleCode> code);

  Result<void> allocate(std::span<const Extern> imports);
  void link_imports(std::span<const Extern> imports);
  Result<void> allocate_memories();
  ExecResult<void> init_all_but_memories(ConstEvaluator& constants);
  bool is_elem_dropped(u32 elem) const { return dropped_[elem]; }
  bool is_data_dropped(u32 data) const { return dropped_[module().elems.size() + data]; }
  Result<void> allocate_tables();
  void allocate_tags();
  ExecResult<void> init_globals(ConstEvaluator& constants);
  ExecResult<void> init_tables(ConstEvaluator& constants);
  ExecResult<void> init_elems(ConstEvaluator& constants);
  ExecResult<void> run_active_elems(ConstEvaluator& constants);
  ExecResult<void> run_active_datas(ConstEvaluator& constants);
  ExecResult<void> pay_for_startup();
  ExecResult<void> run_start();
  u64 raise_growth(const char* what, u64 size, const char* unit);
  ExecResult<u64> segment_offset(ConstEvaluator& constants, ByteRange expr, AddressType address);

  template <class T>
  T* at(u64 offset) {
    return vm_at<T>(vm_, offset);
  }

  Store& store_;
  std::shared_ptr<ModuleCode> code_;
  VMContext* vm_ = nullptr;
  const MemoryImage* image_ = nullptr;  // the code's
  std::vector<Memory*> memories_;
  std::vector<Table*> tables_;
  std::vector<Global> imported_globals_;
  std::vector<std::vector<Cell>> elem_values_;  // of segments written as expressions
  std::vector<bool> dropped_;                   // element segments, then data segments
  Memory* exported_memory_ = nullptr;
  bool exported_memory_known_ = false;
};

}  // namespace wazuka
