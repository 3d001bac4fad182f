// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The layout of interpreter frames on the VM stack, in cells from the frame pointer:
//
//   0 … max(params, results)   arguments, then results
//   link … link + 3            return pc, caller's fp, and for kLinkRestore caller's vm (kLinkVm)
//   then                       other locals, operands
//
// The caller evaluates arguments right where the callee's frame begins, at the top of its own
// operands: calls copy nothing. Frames of all functions of a store follow each other on one stack
// that is plain data, so the walker (and later exceptions and roots) only follows links.
//
// An activation (interp::call) begins with an entry record below its first frame; the first
// frame's link returns to the `exit` instruction and has the record in the place of the caller's
// fp.
#pragma once

#include "abi/vm.h"

namespace wazuka::interp {

inline constexpr u32 kLinkPc = 0, kLinkFp = 1, kLinkVm = 2, kLinkCells = 3;

/// Bit 0 of the return pc: the caller has another VMContext than the callee, in kLinkVm.
inline constexpr u64 kLinkRestore = 1;

/// Cells of a frame that a function may use at most: fields have 16 bits. A larger frame would also
/// exceed the default stack of 512 KiB, so calling such a function exhausts the stack.
inline constexpr u32 kMaxFrameCells = 0xffff;

/// Room that entering any function needs before its own check: the widest signature and a link.
inline constexpr u32 kStubFrameCells = 2048;

/// What an activation saves; lies on the VM stack below the activation's first frame.
struct EntryRecord {
  const u64* exit_pc;  // where the enclosing activation has left wasm (VMStoreContext)
  Cell* exit_fp;
  VMContext* exit_vmctx;
  Cell* stack_top;
  VMStack* stack;  // the enclosing activation's continuation
  Cell* stack_limit;
  const u8* native_pc;  // where machine code has called the interpreter (VMStoreContext)
  u8* native_fp;
};
inline constexpr u32 kEntryRecordCells = sizeof(EntryRecord) / sizeof(Cell);

}  // namespace wazuka::interp
