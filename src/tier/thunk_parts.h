// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the thunks of signatures (thunks.cc, host_thunks.cc) are made of: fields of the structures
// that they touch, and moves of values between where the convention has them and memory.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "abi/call_conv.h"
#include "abi/vm.h"
#include "asm/x64/assembler.h"

namespace wazuka::thunk {

using namespace x64;  // NOLINT: register names

using Place = ValueLocation::Kind;

constexpr i32 field(size_t offset) {
  return static_cast<i32>(offset);
}
inline constexpr i32 kNativePc = field(offsetof(VMStoreContext, native_pc));
inline constexpr i32 kNativeFp = field(offsetof(VMStoreContext, native_fp));
inline constexpr i32 kNativeEntrySp = field(offsetof(VMStoreContext, native_entry_sp));
inline constexpr i32 kExitVmctx = field(offsetof(VMStoreContext, exit_vmctx));
inline constexpr i32 kStoreContext = field(offsetof(VMContext, store_context));

/// One value and where it is.
struct Value {
  ValueLocation at;
  i32 cell;  // byte offset in the cells
  bool is_vector() const { return at.type == kV128; }
};

inline std::vector<Value> values_of(std::span<const ValueLocation> locations) {
  std::vector<Value> values;
  i32 offset = 0;
  for (const ValueLocation& at : locations) {
    values.push_back({at, offset});
    offset += at.type == kV128 ? 16 : 8;
  }
  return values;
}

inline i32 cell_bytes(std::span<const ValueLocation> locations) {
  i32 bytes = 0;
  for (const ValueLocation& at : locations) bytes += at.type == kV128 ? 16 : 8;
  return bytes;
}

/// Between registers or the stack (at `stack`) and cells (at `cells`). Uses rax if something is on
/// the stack, and xmm15; the order is that of the values, `cells` may be none of the registers.
class Mover {
 public:
  Mover(Assembler& a, Gpr cells, i32 cells_offset, Gpr stack, i32 stack_offset, Gpr scratch)
      : a_(a),
        cells_(cells),
        cells_offset_(cells_offset),
        stack_(stack),
        stack_offset_(stack_offset),
        scratch_(scratch) {}

  void load(const Value& v) {
    if (v.at.kind == Place::kGpr) return a_.mov(k64, Gpr{v.at.number}, cell(v));
    if (v.at.kind == Place::kXmm) return load_xmm(Xmm{v.at.number}, v, cell(v));
    copy(v, stack(v), cell(v));
  }
  void store(const Value& v) {
    if (v.at.kind == Place::kGpr) return a_.mov(k64, cell(v), Gpr{v.at.number});
    if (v.at.kind == Place::kXmm) return store_xmm(cell(v), v, Xmm{v.at.number});
    copy(v, cell(v), stack(v));
  }

 private:
  Mem cell(const Value& v) const { return Mem(cells_, cells_offset_ + v.cell); }
  Mem stack(const Value& v) const {
    return Mem(stack_, stack_offset_ + static_cast<i32>(v.at.offset));
  }
  void load_xmm(Xmm dst, const Value& v, const Mem& from) {
    v.is_vector() ? a_.movups(dst, from) : a_.movsd(dst, from);
  }
  void store_xmm(const Mem& to, const Value& v, Xmm src) {
    v.is_vector() ? a_.movups(to, src) : a_.movsd(to, src);
  }
  void copy(const Value& v, const Mem& to, const Mem& from) {
    if (v.is_vector()) {
      a_.movups(xmm15, from);
      a_.movups(to, xmm15);
    } else {
      a_.mov(k64, scratch_, from);
      a_.mov(k64, to, scratch_);
    }
  }

  Assembler& a_;
  Gpr cells_;
  i32 cells_offset_;
  Gpr stack_;
  i32 stack_offset_;
  Gpr scratch_;
};

/// Notes the caller of this thunk, whose frame is still rbp, in the store context of `vm`: return
/// address at [rsp].
inline void emit_note(Assembler& a, Gpr vm, Gpr store, Gpr scratch) {
  a.mov(k64, store, Mem(vm, kStoreContext));
  a.mov(k64, scratch, Mem(rsp));
  a.mov(k64, Mem(store, kNativePc), scratch);
  a.mov(k64, Mem(store, kNativeFp), rbp);
}

}  // namespace wazuka::thunk
