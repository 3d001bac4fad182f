// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The stack of a store, through the activations of all tiers.
//
// Where the innermost activation was left is in the store context: in machine code if native_fp is
// not null, else in the interpreter (exit_fp). The frame of an `enter` thunk has the native_pc and
// native_fp of before; the interpreter's entry record has both kinds, since it clears native_fp
// when it begins. So every activation leads to the one that it was called from.
#pragma once

#include <vector>

#include "abi/vm.h"
#include "interp/interp.h"
#include "tier/code_space.h"

namespace wazuka {

/// A frame of machine code that has called, or has trapped.
struct NativeFrame {
  const CodeSpace* space = nullptr;
  std::optional<CodeObject> object;
  u32 offset = 0;  // of the return address, or one more than that of the trap, in the function
  u8* fp = nullptr;

  /// Where (pc, fp) is; no object if it is not in a function.
  static NativeFrame at(const u8* pc, u8* fp);
  NativeFrame caller() const { return at(return_address(), outer_fp()); }
  const u8* return_address() const { return *reinterpret_cast<const u8* const*>(fp + 8); }
  u8* outer_fp() const { return *reinterpret_cast<u8* const*>(fp); }
  VMContext* vm() const { return *reinterpret_cast<VMContext**>(fp - 8); }
  /// Home of cell 0.
  Cell* cells() const { return reinterpret_cast<Cell*>(fp - object->frame_bytes); }
  const CallSite* call() const { return object->call_at(offset); }
  u32 wasm_offset() const;  // or a position in CodeTables::inlined
};

/// The frames of all activations, innermost first, at most `max` of them. Valid inside of calls of
/// the host and of builtins that note where they were called, and after a trap of the interpreter
/// until the next call.
std::vector<interp::StackFrame> walk_stack(const VMStoreContext& store, size_t max);

/// Shows the cells of all frames that hold references which the collector traces; valid in the same
/// places, and while no wasm runs. Returns false if the stack could not be understood.
bool visit_stack(const VMStoreContext& store, interp::ShowCells show, void* env);

}  // namespace wazuka
