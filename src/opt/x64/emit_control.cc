// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Emission of jumps, calls, returns and traps.
#include "abi/vm.h"
#include "baseline/relocation.h"
#include "opt/x64/emitter.h"

namespace wazuka::opt {

using namespace x64;
using assembly::Label;

// Jumps -------------------------------------------------------------------------------------------

void Emitter::go_to(u32 target) {
  const u32 to = forward_[target];
  // Blocks that are left out emit nothing.
  for (u32 next = block_ + 1; next <= to; ++next) {
    if (next == to) return;
    if (forward_[next] == next) break;
  }
  const assembly::Reach reach = reach_of(to);
  a_.jmp(labels_[to], reach);
}

void Emitter::jump_if(Cond c, u32 target) {
  const u32 to = forward_[target];
  const assembly::Reach reach = reach_of(to);
  baseline::emit_jump_if(m_, c, labels_[to], reach);
}

/// In the second pass, jumps know how far they went in the first one, where all were long.
assembly::Reach Emitter::reach_of(u32 block) {
  constexpr u32 kNear = 120;  // both jumps of a condition with parity
  const u32 number = jumps_++;
  if (first_pass_) {
    jump_offsets_.push_back(a_.offset());
    return assembly::Reach::kAny;
  }
  const u32 from = jump_offsets_[number], to = block_offsets_[block];
  return to > from && to - from < kNear ? assembly::Reach::kShort : assembly::Reach::kAny;
}

void Emitter::branch(const MachInst& i) {
  const auto succs = f_.code.succs(block_);
  const u32 yes = succs[0].to, no = succs[1].to;
  u32 next = block_ + 1;
  while (next < forward_.size() && forward_[next] != next) ++next;
  if (next == forward_[yes]) {
    jump_if(condition(i).negated(), no);
    return go_to(yes);
  }
  jump_if(condition(i), yes);
  go_to(no);
}

void Emitter::switch_(const MachInst& i) {
  const auto succs = f_.code.succs(block_);
  const Gpr index = gpr(0);
  // The last entry is for everything that is out of range.
  const std::vector<u32>& entries = f_.switches[i.imm];
  a_.cmp(k32, index, static_cast<i32>(entries.size() - 1));
  jump_if({x64::Cond::kAe}, succs[entries.back()].to);
  Label table;
  a_.lea(k64, r11, RipMem::to(table));
  a_.movsxd(r10, Mem(r11, index, Scale::k4));
  a_.add(k64, r11, r10);
  a_.jmp(r11);
  a_.bind(table);
  // Distances from the table, filled in when all blocks are there.
  jump_tables_.push_back({a_.offset(), {}});
  for (u32 e : std::span(entries).first(entries.size() - 1)) {
    jump_tables_.back().blocks.push_back(forward_[succs[e].to]);
    a_.buffer().append_u32(0);
  }
}

void Emitter::leave_and_return() {
  if (frame_bytes_ != 0) a_.leave();
  if (f_.param_bytes == 0) {
    a_.ret();
  } else if (f_.param_bytes <= 0xffff) {
    a_.ret(f_.param_bytes);
  } else {
    a_.pop(r11);
    a_.add(k64, rsp, static_cast<i32>(f_.param_bytes));
    a_.jmp(r11);
  }
}

// Calls -------------------------------------------------------------------------------------------

void Emitter::record_call(const MachInst& i) {
  const MachCall& c = f_.calls[i.imm];
  tables_.calls.push_back({a_.offset(), i.wasm_offset, c.roots_begin, c.roots_count, c.region});
}

/// r10 and r14 for the function that a VMFuncRef means.
void Emitter::load_callee(Gpr ref) {
  a_.mov(k64, r10, Mem(ref, offsetof(VMFuncRef, code)));
  a_.mov(k64, r11, Mem(ref, offsetof(VMFuncRef, vmctx)));
  a_.test(k64, r11, r11);
  a_.cmov(k64, x64::Cond::kNe, r14, r11);
}

void Emitter::call(const MachInst& i) {
  if (f_.calls[i.imm].callee == f_.func_index && f_.taken_frame_bytes == 0) {
    // This is the best code that there will be.
    a_.call(entry_);
    return record_call(i);
  }
  a_.lea(k64, r10, RipMem::outside(baseline::kRelocFuncCode, f_.calls[i.imm].callee));
  a_.call(Mem(r10, offsetof(FuncCode, native)));
  record_call(i);
}

void Emitter::call_ref(const MachInst& i) {
  if (i.detail != 0) {
    a_.mov(k64, r10, Mem(gpr(0), offsetof(VMFuncRef, code)));  // r14 is the callee's as it is
  } else {
    load_callee(gpr(0));
  }
  a_.call(Mem(r10, offsetof(FuncCode, native)));
  record_call(i);
}

void Emitter::call_builtin(const MachInst& i) {
  a_.mov_u32(r11, f_.calls[i.imm].callee);
  a_.call(Mem(rdi, offsetof(VMContext, builtin_stub)));
  record_call(i);
}

void Emitter::tail_call(const MachInst& i) {
  constexpr Gpr kRef = rbx, kFrame = r12, kReturn = r13;  // as lowering has it
  const MachCall& c = f_.calls[i.imm];
  const u32 theirs = c.popped, mine = f_.param_bytes;
  if (theirs == 0 && mine == 0) {
    a_.leave();
  } else {
    // The parameters end where mine end; the return address goes below them.
    const i32 end = static_cast<i32>(16 + mine);
    a_.mov(k64, kFrame, Mem(rbp));
    a_.mov(k64, kReturn, Mem(rbp, 8));
    for (u32 at = theirs; at != 0; at -= 8) {
      a_.mov(k64, r11, Mem(rsp, static_cast<i32>(at - 8)));
      a_.mov(k64, Mem(rbp, end - static_cast<i32>(theirs) + static_cast<i32>(at) - 8), r11);
    }
    a_.lea(k64, rsp, Mem(rbp, end - static_cast<i32>(theirs) - 8));
    a_.mov(k64, Mem(rsp), kReturn);
    a_.mov(k64, rbp, kFrame);
  }
  if (i.detail != 0) {
    load_callee(kRef);
  } else {
    a_.lea(k64, r10, RipMem::outside(baseline::kRelocFuncCode, c.callee));
  }
  a_.jmp(Mem(r10, offsetof(FuncCode, native)));
}

// Traps -------------------------------------------------------------------------------------------

Label& Emitter::trap_label(TrapCode code, u32 wasm_offset) {
  for (size_t i = late_.size(); i > 0 && i + 4 > late_.size(); --i) {
    Late& l = late_[i - 1];
    if (l.code == code && l.wasm_offset == wasm_offset && !l.resumes) return l.label;
  }
  late_.push_back({{}, code, wasm_offset});
  return late_.back().label;
}

void Emitter::limit_if(const MachInst& i) {
  late_.push_back({{}, static_cast<TrapCode>(i.trap), i.wasm_offset, /*resumes=*/true});
  baseline::emit_jump_if(m_, condition(i), late_.back().label);
  a_.bind(late_.back().back);
}

/// No call site: the position is that of a trap in the call's last byte, where nothing faults.
void Emitter::ask_about_limit(TrapCode code, u32 wasm_offset) {
  a_.mov(k64, r11, Mem(rbp, -8));
  a_.mov(k64, r11, Mem(r11, offsetof(VMContext, store_context)));
  a_.mov_u32(r10, static_cast<u32>(limit_of(code)));
  a_.call(Mem(r11, offsetof(VMStoreContext, limit_stub)));
  tables_.traps.push_back({a_.offset() - 1, wasm_offset, code});
}

void Emitter::raise(const MachInst& i) {
  a_.mov(k64, rdi, Mem(rbp, -8));
  a_.call(Mem(rdi, offsetof(VMContext, raise_stub)));
  record_call(i);
}

void Emitter::trap_now(TrapCode code, u32 wasm_offset) {
  if (env_.signals) {
    tables_.traps.push_back({a_.offset(), wasm_offset, code});
    a_.ud2();
    return;
  }
  a_.load_imm(rsi, static_cast<u32>(trap_or(code)));
  a_.mov(k64, rdi, Mem(rbp, -8));
  a_.call(Mem(rdi, offsetof(VMContext, raise_stub)));
  // Nothing is read from the frame any more.
  tables_.calls.push_back({a_.offset(), wasm_offset, 0, 0, CallSite::kNoTry});
}

void Emitter::emit_late() {
  for (Late& l : late_) {
    a_.bind(l.label);
    if (l.resumes) {
      ask_about_limit(l.code, l.wasm_offset);
      a_.jmp(l.back);
    } else {
      trap_now(l.code, l.wasm_offset);
    }
  }
}

void Emitter::fill_jump_tables() {
  for (const JumpTable& t : jump_tables_) {
    for (u32 i = 0; i < t.blocks.size(); ++i) {
      a_.buffer().patch_u32(t.at + 4 * i, labels_[t.blocks[i]].position() - t.at);
    }
  }
}

/// Of the positions in inlined bodies, only those in the tables are kept, and the calls around
/// them.
void Emitter::finish_positions() {
  if (f_.positions.empty()) return;
  constexpr u32 kUnused = ~u32{0};
  std::vector<u32> number(f_.positions.size(), kUnused);
  tables_.inlined.reserve(f_.positions.size());  // so that references stay valid
  auto keep = [&](u32& position) {
    for (u32* at = &position; is_inlined_position(*at);) {
      u32& kept = number[*at & ~kInlinedPosition];
      const bool is_new = kept == kUnused;
      if (is_new) {
        kept = static_cast<u32>(tables_.inlined.size());
        tables_.inlined.push_back(f_.positions[*at & ~kInlinedPosition]);
      }
      *at = kInlinedPosition | kept;
      if (!is_new) return;
      at = &tables_.inlined[kept].call;
    }
  };
  for (TrapSite& t : tables_.traps) keep(t.wasm_offset);
  for (CallSite& c : tables_.calls) keep(c.wasm_offset);
  tables_.inlined.shrink_to_fit();
}

void Emitter::finish_clauses() {
  for (const MachClause& c : f_.clauses) {
    tables_.clauses.push_back(c.clause);
    tables_.clauses.back().landing = labels_[forward_[c.block]].position();
  }
}

}  // namespace wazuka::opt
