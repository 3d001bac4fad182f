// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A function on its way to x86-64 code: its machine instructions, and what they refer to by number.
#pragma once

#include <array>
#include <vector>

#include "abi/code_object.h"
#include "asm/x64/assembler.h"
#include "opt/mach/vcode.h"
#include "opt/x64/inst.h"

namespace wazuka::opt {

/// A call, or what is like one (MachInst::imm of the ops for calls).
struct MachCall {
  u32 callee = 0;                        // function index, or offset in VMBuiltins
  u32 popped = 0;                        // bytes of arguments on the stack
  u32 roots_begin = 0, roots_count = 0;  // MachFunction::roots
  u32 region = CallSite::kNoTry;
};

/// How to make a value again (regalloc::Function::remat is an index of these).
struct Remat {
  enum class Kind : u8 { kImm, kVmctx, kCellAddress } kind = Kind::kImm;
  u64 value = 0;
};

/// A clause whose landing is the code of a block.
struct MachClause {
  CatchClauseTable clause;
  u32 block = 0;
};

struct MachFunction {
  struct Constant {
    std::array<u8, 16> bytes{};
    u32 size = 0;
  };

  VCode<MachInst> code;
  std::vector<Constant> constants;
  std::vector<MachCall> calls;
  std::vector<u16> roots;  // cells
  std::vector<Remat> remats;
  std::vector<TryRegion> tries;
  std::vector<MachClause> clauses;
  std::vector<std::vector<u32>> switches;  // of each entry: which successor
  u32 func_index = 0;
  u32 cells = 0;              // of the IR's slots: the first ones of the frame
  u32 taken_frame_bytes = 0;  // Graph::taken_frame_bytes
  u32 inlined_cells = 0;      // Graph::inlined_cells
  std::vector<InlinedPosition> positions;
  u32 param_bytes = 0;  // of the stack parameters, which the function pops
  bool calls_out = false;

  void clear() { *this = MachFunction(); }
};

/// The registers that the allocator may use, for it.
const regalloc::Machine& machine();

/// Every register that a call leaves with other contents.
inline constexpr regalloc::RegSet kCallClobbers =
    0xffff'ffff & ~(regalloc::reg_bit(preg(x64::rsp)) | regalloc::reg_bit(preg(x64::rbp)));

}  // namespace wazuka::opt
