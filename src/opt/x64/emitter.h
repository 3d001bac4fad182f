// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The state of emission. The frame is that of docs/abi.md: slots of the IR are the first cells,
// spilled values follow.
#pragma once

#include <deque>
#include <vector>

#include "abi/code_object.h"
#include "asm/x64/assembler.h"
#include "base/error.h"
#include "baseline/x64/float.h"
#include "opt/x64/mach_function.h"
#include "tier/compile_env.h"

// Switches over operations name those that they are about.
#pragma GCC diagnostic ignored "-Wswitch-enum"

namespace wazuka::opt {

class Emitter {
 public:
  Emitter(const CompileEnv& env, const MachFunction& f, const regalloc::Output& allocation);
  Result<CompiledCode> run();

 private:
  using Cond = baseline::FloatCond;
  static constexpr u8 kNoFlags = 0xff;

  static Cond condition(const MachInst& inst) {
    return {static_cast<x64::Cond>(inst.detail & 0xff),
            static_cast<Cond::Parity>(inst.detail >> 8)};
  }

  // Where things are.
  regalloc::Allocation at(u32 operand) const {
    return out_.allocations[f_.code.info(inst_).operands.first + operand];
  }
  x64::Gpr gpr(u32 operand) const { return x64::Gpr{at(operand).preg()}; }
  x64::Xmm xmm(u32 operand) const { return x64::Xmm{static_cast<u8>(at(operand).preg() - 16)}; }
  i32 cell_offset(u32 cell) const {
    return static_cast<i32>(8 * cell) - static_cast<i32>(frame_bytes_);
  }
  x64::Mem slot(regalloc::Allocation a) const {
    return x64::Mem(x64::rbp, cell_offset(f_.cells + a.unit()));
  }

  // Blocks (emit.cc).
  bool needs_frame() const;
  void finish_positions();
  bool frame_is_too_large() const;
  void prologue();
  void take_frame();
  void extend_frame();
  void overflow_if_below();
  void block(u32 b);
  void moves();
  void move(const regalloc::Move& m);
  void remat(x64::Gpr dst, const Remat& r);
  void inst(const MachInst& i);
  void row(const MachInst& i);
  x64::Operand operand(const Arg& arg, const x64::OperandInfo& info);
  void find_forwards();
  void pass();
  void note_flags(const MachInst& i);
  bool is_redundant_test(const MachInst& i) const;
  void align_loop(u32 b);

  // Control (emit_control.cc).
  void go_to(u32 target);
  void branch(const MachInst& i);
  void jump_if(Cond c, u32 target);
  assembly::Reach reach_of(u32 block);
  void switch_(const MachInst& i);
  void leave_and_return();
  void tail_call(const MachInst& i);
  void call(const MachInst& i);
  void call_ref(const MachInst& i);
  void call_builtin(const MachInst& i);
  void load_callee(x64::Gpr ref);
  void record_call(const MachInst& i);
  void raise(const MachInst& i);
  void raise_code(TrapCode code);
  void trap_now(TrapCode code, u32 wasm_offset);
  assembly::Label& trap_label(TrapCode code, u32 wasm_offset);
  void limit_if(const MachInst& i);
  void ask_about_limit(TrapCode code, u32 wasm_offset);
  void emit_late();
  void fill_jump_tables();
  void finish_clauses();

  // Sequences (emit_sequences.cc).
  bool sequence(const MachInst& i);
  void divide(const MachInst& i);
  void select_int(const MachInst& i);
  void select_xmm(const MachInst& i);
  void trunc_trap(const MachInst& i);

  // Vectors and atomics (emit_simd.cc).
  bool simd(const MachInst& i);
  void access_site(const MachInst& i);
  void zero_extend_rax(x64::Size size);
  void atomic_loop(const MachInst& i);
  void atomic_cas(const MachInst& i);

  struct Late {
    assembly::Label label;
    TrapCode code;
    u32 wasm_offset;
    bool resumes = false;  // at `back`, if the runtime says so
    assembly::Label back = {};
  };

  const CompileEnv& env_;
  const MachFunction& f_;
  const regalloc::Output& out_;
  x64::Assembler a_;
  baseline::Masm m_;
  u32 frame_bytes_;
  u32 block_ = 0, inst_ = 0;
  size_t next_move_ = 0;
  bool first_pass_ = true;
  u32 jumps_ = 0;                   // so far
  std::vector<u32> jump_offsets_;   // of the first pass
  std::vector<u32> block_offsets_;  // likewise
  assembly::Label entry_;
  // The register whose value the flags tell the sign of and whether it is zero.
  u8 flags_reg_ = kNoFlags;
  x64::Size flags_size_ = x64::k64;
  std::vector<u32> forward_;  // of each block: where its jump leads, if it has nothing else
  std::vector<assembly::Label> labels_;
  std::deque<Late> late_;
  struct JumpTable {
    u32 at;
    std::vector<u32> blocks;  // of each entry
  };
  std::vector<JumpTable> jump_tables_;
  CodeTables tables_;
};

}  // namespace wazuka::opt
