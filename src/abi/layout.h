// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The shape of a module's VMContext: byte offsets of the arrays behind the head, computed once per
// Module. Code of every tier addresses entities by these offsets.
//
//   head | VMMemory* per memory | VMTable* per table | VMGlobal* per imported global | VMFuncRef*
//   per imported function | VMTag* per tag | VMGlobal per defined global (16-byte aligned) |
//   VMFuncRef per defined function (zero until first used)
#pragma once

#include "abi/vm.h"
#include "wasm/module.h"

namespace wazuka {

class VMLayout {
 public:
  explicit VMLayout(const Module& m)
      : imported_globals_(m.imported_globals), imported_funcs_(m.imported_funcs) {
    u64 at = sizeof(VMContext);
    auto array = [&at](size_t count, size_t bytes) {
      u64 start = at;
      at += count * bytes;
      return start;
    };
    memories_ = array(m.memories.size(), sizeof(void*));
    tables_ = array(m.tables.size(), sizeof(void*));
    global_imports_ = array(m.imported_globals, sizeof(void*));
    func_imports_ = array(m.imported_funcs, sizeof(void*));
    tags_ = array(m.tags.size(), sizeof(void*));
    at = (at + 15) & ~u64{15};
    globals_ = array(m.globals.size() - m.imported_globals, sizeof(VMGlobal));
    func_refs_ = array(m.funcs.size() - m.imported_funcs, sizeof(VMFuncRef));
    size_ = at;
  }

  u64 memory(u32 i) const { return memories_ + u64{i} * sizeof(void*); }             // VMMemory*
  u64 table(u32 i) const { return tables_ + u64{i} * sizeof(void*); }                // VMTable*
  u64 tag(u32 i) const { return tags_ + u64{i} * sizeof(void*); }                    // VMTag*
  u64 imported_func(u32 i) const { return func_imports_ + u64{i} * sizeof(void*); }  // VMFuncRef*
  u64 imported_global(u32 i) const {
    return global_imports_ + u64{i} * sizeof(void*);
  }  // VMGlobal*
  u64 defined_global(u32 i) const {
    return globals_ + u64{i - imported_globals_} * sizeof(VMGlobal);
  }
  u64 defined_func_ref(u32 i) const {
    return func_refs_ + u64{i - imported_funcs_} * sizeof(VMFuncRef);
  }
  bool is_imported_global(u32 i) const { return i < imported_globals_; }
  u64 size() const { return size_; }  // bytes of the whole VMContext

 private:
  u32 imported_globals_, imported_funcs_;
  u64 memories_, tables_, global_imports_, func_imports_, tags_, globals_, func_refs_, size_;
};

/// The T at a byte offset of a VMContext.
template <class T>
T* vm_at(VMContext* vm, u64 offset) {
  return reinterpret_cast<T*>(reinterpret_cast<u8*>(vm) + offset);
}

}  // namespace wazuka
