// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls. No register survives one: what lives is stored to its home before, if it is not there
// already, and the arguments move from wherever they are straight to where the callee expects them.
#include <algorithm>
#include <bit>

#include "asm/x64/move_emitter.h"
#include "baseline/function_compiler.h"
#include "baseline/relocation.h"

namespace wazuka::baseline {

using assembly::Location;

/// What is kept is of whatever module: the first time in a function it is compared with the type.
const CallConv& FunctionCompiler::conv_of(u32 type_index) {
  if (type_index < convs_.size() && convs_[type_index].function == function_) {
    return *convs_[type_index].conv;
  }
  const FuncType& type = module_->types[type_index].func;
  auto same = [](std::span<const ValueLocation> a, std::span<const ValType> b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const ValueLocation& l, ValType t) { return l.type == t; });
  };
  if (type_index >= convs_.size()) convs_.resize(type_index + 1);
  CachedConv& cached = convs_[type_index];
  cached.function = function_;
  if (cached.conv == nullptr || !same(cached.conv->params, type.params) ||
      !same(cached.conv->results, type.results)) {
    cached.conv = std::make_unique<CallConv>(type);
  }
  return *cached.conv;
}

/// Everything that lives, but the popped operands, is home; the registers still have it.
void FunctionCompiler::spill_for_call() {
  for (u32 i = settled_; i < height_; ++i) {
    if (stack_[i].value.where == Where::kReg) settle(stack_[i]);
  }
  all_settled();
  for (u32 rest = used_; rest != 0; rest &= rest - 1) {
    const u32 r = static_cast<u32>(std::countr_zero(rest));
    if (reg_local_[r] == kNoLocal) continue;
    Local& l = locals_[reg_local_[r]];
    if (!l.stored) store_home(l.cell, l.type, static_cast<Reg>(r));
    l.stored = true;
  }
}

/// Notes the homes of the references that live across the call that comes next. All operands are
/// home or constants.
void FunctionCompiler::roots() {
  while (!traced_operands_.empty() && traced_operands_.back().index >= rooted_) {
    traced_operands_.pop_back();
    roots_changed_ = true;
  }
  const std::span<const SubType> types = module_->types;
  for (u32 i = rooted_; i < height_; ++i) {
    const Slot& s = stack_[i];
    if (!s.type.is_ref() || s.value.where != Where::kHome || !gc_is_traced(s.type, types)) continue;
    traced_operands_.push_back({i, static_cast<u16>(s.value.cell)});
    roots_changed_ = true;
  }
  rooted_ = height_;
  if (!roots_changed_) return;
  roots_changed_ = false;
  std::vector<u16>& all = tables_.roots;
  last_roots_begin_ = static_cast<u32>(all.size());
  all.insert(all.end(), traced_locals_.begin(), traced_locals_.end());
  for (const TracedOperand& o : traced_operands_) all.push_back(o.cell);
  for (const ClauseHeight& c : clause_heights_) all.push_back(static_cast<u16>(c.cell));
  last_roots_count_ = static_cast<u32>(all.size()) - last_roots_begin_;
  if (all.size() > kMaxRoots) unsupported("so many references");
}

// Arguments ---------------------------------------------------------------------------------------

/// Leaves registers free for the address of the callee.
void FunctionCompiler::keep_args_movable(std::span<Slot> args, u32 max_gprs) {
  for (Slot& s : args) {
    if (s.value.where != Where::kReg || is_xmm(s.value.reg)) continue;
    if (max_gprs == 0) {
      settle(s);
    } else {
      --max_gprs;
      pin(s.value.reg);
    }
  }
}

void FunctionCompiler::begin_call(const CallConv& cc) {
  const u32 bytes = cc.param_bytes + cc.result_bytes;
  if (bytes == 0) return;
  push_bytes(bytes);
}

void FunctionCompiler::store_stack_args(const CallConv& cc, std::span<Slot> args) {
  if (cc.param_bytes == 0) return;
  for (size_t i = 0; i < args.size(); ++i) {
    const ValueLocation& l = cc.params[i];
    if (l.kind != ValueLocation::Kind::kStack) continue;
    store_to(Mem(x64::rsp, static_cast<i32>(l.offset)), args[i]);
  }
}

/// Brings the arguments to their registers, and another value along.
void FunctionCompiler::move_args(const CallConv& cc, std::span<Slot> args, Reg extra_dst,
                                 Reg extra_src) {
  if (extra_dst != extra_src) add_move(extra_dst, extra_src, kI64);
  for (size_t i = 0; i < args.size(); ++i) {
    const ValueLocation& l = cc.params[i];
    if (l.kind == ValueLocation::Kind::kStack) continue;
    add_move(
        l.kind == ValueLocation::Kind::kGpr ? Location::gpr(l.number) : Location::xmm(l.number),
        args[i]);
  }
  emit_moves();
}

/// Behind the call: where the results are.
void FunctionCompiler::after_call(const CallConv& cc, std::span<Slot> results) {
  record_call(offset_, region_);
  clear_registers();
  vmctx_valid_ = memory_valid_ = false;
  sp_adjust_ -= cc.param_bytes;
  u32 cell = cell_at(height_);
  for (size_t i = 0; i < results.size(); ++i) {
    const ValueLocation& l = cc.results[i];
    Slot& s = results[i];
    if (l.kind == ValueLocation::Kind::kGpr) {
      set_out_at(s, l.number, cell);
      touch(l.number);
    } else if (l.kind == ValueLocation::Kind::kXmm) {
      set_out_at(s, static_cast<Reg>(16 + l.number), cell);
      touch(static_cast<Reg>(16 + l.number));
    } else {
      set_out_home(s, cell);
      const Mem from(x64::rsp, static_cast<i32>(l.offset));
      if (s.type.is_v128()) {
        m_->load_128(kScratchXmm, from);
        m_->store_128(home(cell), kScratchXmm);
      } else {
        a_.mov(k64, kScratch, from);
        a_.mov(k64, home(cell), kScratch);
      }
    }
    cell += cells_of(s.type);
  }
  if (cc.result_bytes != 0) {
    a_.add(k64, x64::rsp, static_cast<i32>(cc.result_bytes));
    sp_adjust_ -= cc.result_bytes;
  }
}

// Callees -----------------------------------------------------------------------------------------

/// r10 and r14 for the function that a VMFuncRef means.
void FunctionCompiler::load_callee(Gpr ref) {
  a_.mov(k64, kScratch2, Mem(ref, offsetof(VMFuncRef, code)));
  a_.mov(k64, kScratch, Mem(ref, offsetof(VMFuncRef, vmctx)));
  a_.test(k64, kScratch, kScratch);
  a_.cmov(k64, Cond::kNe, kVmctx, kScratch);
}

void FunctionCompiler::call_through(Gpr ref) {
  load_callee(ref);
  a_.call(Mem(kScratch2, offsetof(FuncCode, native)));
}

void FunctionCompiler::call(u32 func, std::span<Slot> args, std::span<Slot> results) {
  const CallConv& cc = conv_of(module_->funcs[func].type_index);
  spill_for_call();
  roots();
  vmctx();
  begin_call(cc);
  store_stack_args(cc, args);
  move_args(cc, args, 0, 0);
  if (func < module_->imported_funcs) {
    a_.mov(k64, x64::rax, Mem(kVmctx, static_cast<i32>(env_->layout.imported_func(func))));
    call_through(x64::rax);
  } else {
    a_.lea(k64, kScratch2, x64::RipMem::outside(kRelocFuncCode, func));
    a_.call(Mem(kScratch2, offsetof(FuncCode, native)));
  }
  after_call(cc, results);
}

/// Checks a table's entry; leaves the VMFuncRef* in a register. What lives is home already.
Reg FunctionCompiler::table_function(u32 type, u32 table, Slot& index, std::span<Slot> args) {
  pin(index);
  keep_args_movable(args, 7);
  const Gpr x = gpr(index);
  const bool is_64 = module_->tables[table].type.address == AddressType::kI64;
  release(index);
  const Gpr ref = alloc_gpr();
  vmctx();
  a_.mov(k64, kScratch, Mem(kVmctx, static_cast<i32>(env_->layout.table(table))));
  mov(is_64 ? k64 : k32, ref, x);
  a_.cmp(k64, ref, Mem(kScratch, offsetof(VMTable, size)));
  trap_if(Cond::kAe, TrapCode::kTableOutOfBounds);
  a_.mov(k64, kScratch, Mem(kScratch, offsetof(VMTable, elements)));
  op<Inst::mov_rm>(k64, ref, Mem(kScratch, ref, x64::Scale::k8));
  a_.test(k64, ref, ref);
  trap_if(Cond::kE, TrapCode::kIndirectCallToNull);
  const u32 id = module_->type_ids[type];
  a_.cmp(k32, Mem(ref, offsetof(VMFuncRef, type_id)), static_cast<i32>(id));
  if (module_->types[type].final) {
    trap_if(Cond::kNe, TrapCode::kBadSignature);
    return reg_of(ref);
  }
  Late& l = late_.emplace_back();
  l.kind = Late::Kind::kSubtype;
  l.code = TrapCode::kBadSignature;
  l.wasm_offset = offset_;
  l.ref = reg_of(ref);
  l.type_id = id;
  l.sp_adjust = sp_adjust_;
  l.keep = bit(reg_of(ref));
  for (const Slot& s : args) {
    if (s.value.where == Where::kReg) l.keep |= bit(s.value.reg);
  }
  a_.jcc(Cond::kNe, l.label);
  a_.bind(l.back);
  return reg_of(ref);
}

void FunctionCompiler::call_indirect(u32 type, u32 table, Slot& index, std::span<Slot> args,
                                     std::span<Slot> results) {
  const CallConv& cc = conv_of(type);
  spill_for_call();
  roots();
  const Reg ref = table_function(type, table, index, args);
  begin_call(cc);
  store_stack_args(cc, args);
  move_args(cc, args, reg_of(x64::rax), ref);
  call_through(x64::rax);
  after_call(cc, results);
}

void FunctionCompiler::call_ref(u32 type, Slot& ref, std::span<Slot> args,
                                std::span<Slot> results) {
  const CallConv& cc = conv_of(type);
  spill_for_call();
  roots();
  pin(ref);
  keep_args_movable(args, 7);
  const Gpr r = gpr(ref);
  a_.test(k64, r, r);
  trap_if(Cond::kE, TrapCode::kNullReference);
  vmctx();
  begin_call(cc);
  store_stack_args(cc, args);
  move_args(cc, args, reg_of(x64::rax), reg_of(r));
  call_through(x64::rax);
  after_call(cc, results);
}

// Tail calls --------------------------------------------------------------------------------------

/// Takes the frame down and goes to the callee: `ref` is a register with a VMFuncRef*, or kNoReg.
void FunctionCompiler::finish_tail_call(const CallConv& cc, std::span<Slot> args, Reg ref,
                                        u32 func) {
  constexpr Gpr kRef = x64::rbx, kFrame = x64::r12, kReturn = x64::r13;
  vmctx();
  const u32 theirs = cc.param_bytes, mine = conv_->param_bytes;
  if (theirs != 0) {
    push_bytes(theirs);
    store_stack_args(cc, args);
  }
  move_args(cc, args, reg_of(kRef), ref == kNoReg ? reg_of(kRef) : ref);
  if (theirs == 0 && mine == 0) {
    a_.leave();
  } else {
    // The parameters end where mine end; the return address goes below them.
    const i32 end = static_cast<i32>(16 + mine);
    a_.mov(k64, kFrame, Mem(x64::rbp));
    a_.mov(k64, kReturn, Mem(x64::rbp, 8));
    for (u32 at = theirs; at != 0; at -= 8) {
      a_.mov(k64, kScratch, Mem(x64::rsp, static_cast<i32>(at - 8)));
      a_.mov(k64, Mem(x64::rbp, end - static_cast<i32>(theirs) + static_cast<i32>(at) - 8),
             kScratch);
    }
    a_.lea(k64, x64::rsp, Mem(x64::rbp, end - static_cast<i32>(theirs) - 8));
    a_.mov(k64, Mem(x64::rsp), kReturn);
    a_.mov(k64, x64::rbp, kFrame);
    sp_adjust_ -= theirs;
  }
  if (ref != kNoReg) {
    load_callee(kRef);
  } else {
    a_.lea(k64, kScratch2, x64::RipMem::outside(kRelocFuncCode, func));
  }
  a_.jmp(Mem(kScratch2, offsetof(FuncCode, native)));
}

void FunctionCompiler::return_call(u32 func, std::span<Slot> args) {
  const CallConv& cc = conv_of(module_->funcs[func].type_index);
  if (func >= module_->imported_funcs) return finish_tail_call(cc, args, kNoReg, func);
  keep_args_movable(args, 7);
  const Gpr ref = alloc_gpr();
  a_.mov(k64, ref, Mem(vmctx(), static_cast<i32>(env_->layout.imported_func(func))));
  finish_tail_call(cc, args, reg_of(ref), 0);
}

void FunctionCompiler::return_call_indirect(u32 type, u32 table, Slot& index,
                                            std::span<Slot> args) {
  const CallConv& cc = conv_of(type);
  const Reg ref = table_function(type, table, index, args);
  finish_tail_call(cc, args, ref, 0);
}

void FunctionCompiler::return_call_ref(u32 type, Slot& ref, std::span<Slot> args) {
  const CallConv& cc = conv_of(type);
  pin(ref);
  keep_args_movable(args, 7);
  const Gpr r = gpr(ref);
  a_.test(k64, r, r);
  trap_if(Cond::kE, TrapCode::kNullReference);
  finish_tail_call(cc, args, reg_of(r), 0);
}

// Builtins ----------------------------------------------------------------------------------------

void FunctionCompiler::builtin(u32 offset, std::initializer_list<Arg> args) {
  constexpr Gpr kArgs[] = {x64::rsi, x64::rdx, x64::rcx, x64::r8, x64::r9};
  assert(args.size() <= std::size(kArgs));
  spill_for_call();
  roots();
  vmctx();
  u32 i = 0;
  for (const Arg& arg : args) {
    const Location dst = Location::gpr(x64::code(kArgs[i++]));
    if (arg.kind == Arg::Kind::kSlot) {
      add_move(dst, *arg.slot);
    } else if (arg.kind == Arg::Kind::kImm) {
      Slot s{kI64, {}};
      s.value.where = Where::kConst;
      s.value.bits = arg.value;
      add_move(dst, s);
    }
  }
  emit_moves();
  i = 0;
  for (const Arg& arg : args) {
    const Gpr dst = kArgs[i++];
    if (arg.extend) a_.mov(k32, dst, dst);
    if (arg.kind == Arg::Kind::kCell) a_.lea(k64, dst, home(static_cast<u32>(arg.value)));
    if (arg.kind == Arg::Kind::kLoad) {
      a_.mov(k64, dst, Mem(kVmctx, static_cast<i32>(arg.value)));
    }
  }
  a_.mov(k64, x64::rdi, kVmctx);
  a_.mov_u32(kScratch, offset);
  a_.call(Mem(x64::rdi, offsetof(VMContext, builtin_stub)));
  record_call(offset_, region_);
  for (const Arg& arg : args) {
    if (arg.kind == Arg::Kind::kSlot) release(*arg.slot);
  }
  clear_registers();
}

FunctionCompiler::Late& FunctionCompiler::raise_late() {
  Late& l = late_.emplace_back();
  l.kind = Late::Kind::kRaiseEax;
  l.wasm_offset = offset_;
  l.region = region_;
  l.roots_begin = last_roots_begin_;
  l.roots_count = last_roots_count_;
  return l;
}

void FunctionCompiler::check_trap() {
  a_.cmp(k32, x64::rax, kNoTrap);
  a_.jcc(Cond::kNe, raise_late().label);
}

// Traps and other code out of line ----------------------------------------------------------------

Label& FunctionCompiler::trap_label(TrapCode code) {
  if (!late_.empty()) {
    Late& last = late_.back();
    if (last.kind == Late::Kind::kTrap && last.code == code && last.wasm_offset == offset_ &&
        last.region == region_) {
      return last.label;
    }
  }
  Late& l = late_.emplace_back();
  l.code = code;
  l.wasm_offset = offset_;
  l.region = region_;
  return l.label;
}

void FunctionCompiler::raise_code(i32 code) {
  a_.load_imm(x64::rsi, static_cast<u32>(code));
  a_.mov(k64, x64::rdi, Mem(x64::rbp, -8));
  a_.call(Mem(x64::rdi, offsetof(VMContext, raise_stub)));
}

void FunctionCompiler::trap_now(TrapCode code) {
  if (env_->signals) {
    trap_site(code);
    a_.ud2();
    return;
  }
  raise_code(trap_or(code));
  record_call(offset_, region_);
}

/// Asks the runtime about a type, without disturbing any register but the scratch ones: whether a
/// function is of a type, or what a reference refers to.
void FunctionCompiler::emit_type_question(Late& l) {
  const u32 count = static_cast<u32>(std::popcount(l.keep));
  const i32 bytes = static_cast<i32>(16 * count);
  a_.lea(k64, x64::rsp, Mem(x64::rsp, -bytes));
  keep_registers(l.keep, /*save=*/true);
  if (l.kind == Late::Kind::kSubtype) {
    a_.mov(k32, x64::rsi, Mem(as_gpr(l.ref), offsetof(VMFuncRef, type_id)));
  } else {
    a_.mov(k64, x64::rsi, as_gpr(l.ref));
  }
  a_.mov_u32(x64::rdx, l.type_id);
  a_.mov(k64, x64::rdi, kVmctx);
  a_.mov_u32(kScratch, l.kind == Late::Kind::kSubtype ? offsetof(VMBuiltins, is_subtype)
                                                      : offsetof(VMBuiltins, gc_is_instance));
  a_.call(Mem(x64::rdi, offsetof(VMContext, builtin_stub)));
  record_call(l.wasm_offset, l.region);
  a_.movzx_b(k32, kScratch2, x64::rax);
  keep_registers(l.keep, /*save=*/false);
  a_.lea(k64, x64::rsp, Mem(x64::rsp, bytes));
  if (l.kind == Late::Kind::kTest) return a_.jmp(l.back);
  a_.test(k32, kScratch2, kScratch2);
  a_.jcc(Cond::kNe, l.back);
  trap_now(l.code);
}

void FunctionCompiler::keep_registers(u32 set, bool save) {
  i32 at = 0;
  for (u32 rest = set; rest != 0; rest &= rest - 1, at += 16) {
    const Reg r = static_cast<Reg>(std::countr_zero(rest));
    const Mem m(x64::rsp, at);
    if (is_xmm(r)) {
      save ? m_->store_128(m, as_xmm(r)) : m_->load_128(as_xmm(r), m);
    } else {
      save ? a_.mov(k64, m, as_gpr(r)) : a_.mov(k64, as_gpr(r), m);
    }
  }
}

void FunctionCompiler::emit_late() {
  for (size_t i = 0; i < late_.size(); ++i) {
    Late& l = late_[i];
    a_.bind(l.label);
    last_roots_begin_ = l.roots_begin;
    last_roots_count_ = l.roots_count;
    offset_ = l.wasm_offset;
    region_ = l.region;
    if (env_->positions) note_position();
    if (l.kind == Late::Kind::kTrap) {
      trap_now(l.code);
    } else if (l.kind == Late::Kind::kRaiseEax) {
      a_.mov(k32, x64::rsi, x64::rax);
      a_.mov(k64, x64::rdi, Mem(x64::rbp, -8));
      a_.call(Mem(x64::rdi, offsetof(VMContext, raise_stub)));
      record_call(l.wasm_offset, l.region);
    } else if (l.kind == Late::Kind::kTierUp) {
      emit_tier_up(l);
    } else if (l.kind == Late::Kind::kLimit) {
      emit_limit(l);
    } else {
      emit_type_question(l);
    }
  }
}

}  // namespace wazuka::baseline
