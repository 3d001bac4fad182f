// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memories and tables as a whole, and references.
#include "baseline/function_compiler.h"

namespace wazuka::baseline {

void FunctionCompiler::rax_out(Slot& out) {
  touch(reg_of(x64::rax));
  pin(reg_of(x64::rax));
  set_out(out, reg_of(x64::rax));
}

/// Of memory.grow and table.grow: an old size in rax, ~0, or kGrowRaised.
void FunctionCompiler::grow_result(Slot& out) {
  Label good;
  a_.cmp(k64, x64::rax, static_cast<i32>(kGrowRaised));
  a_.jcc(Cond::kNe, good, Reach::kShort);
  a_.load_imm(x64::rax, static_cast<u32>(kHostError));
  Late& l = raise_late();
  a_.jmp(l.label);
  a_.bind(good);
  rax_out(out);
}

void FunctionCompiler::memory_op(Op o, const Immediates& imm, std::span<Slot> args,
                                 std::span<Slot> results) {
  switch (o) {
    case Op::kMemorySize: {
      const Gpr dst = as_gpr(result_reg(false, kNoReg));
      const u32 shift = module_->memories[imm.index].page_size_log2;
      a_.mov(k64, kScratch, Mem(vmctx(), static_cast<i32>(env_->layout.memory(imm.index))));
      op<Inst::mov_rm>(k64, dst, Mem(kScratch, offsetof(VMMemory, size)));
      if (shift != 0) op<Inst::shr_i>(k64, dst, shift);
      return set_out(results[0], reg_of(dst));
    }
    case Op::kMemoryGrow:
      builtin(offsetof(VMBuiltins, memory_grow), {Arg::imm(imm.index), Arg::index(args[0])});
      return grow_result(results[0]);
    case Op::kMemoryFill:
      builtin(offsetof(VMBuiltins, memory_fill),
              {Arg::imm(imm.index), Arg::index(args[0]), Arg::of(args[1]), Arg::index(args[2])});
      return check_trap();
    case Op::kMemoryCopy:
      builtin(offsetof(VMBuiltins, memory_copy),
              {Arg::imm(imm.index), Arg::imm(imm.index2), Arg::index(args[0]), Arg::index(args[1]),
               Arg::index(args[2])});
      return check_trap();
    case Op::kMemoryInit:
      builtin(offsetof(VMBuiltins, memory_init),
              {Arg::imm(imm.index2), Arg::imm(imm.index), Arg::index(args[0]), Arg::of(args[1]),
               Arg::of(args[2])});
      return check_trap();
    default: return builtin(offsetof(VMBuiltins, data_drop), {Arg::imm(imm.index)});
  }
}

/// kScratch = address of the table's elements, `index` = the checked index, 64 bits.
void FunctionCompiler::table_element(u32 table, Slot& s, Gpr index) {
  const bool is_64 = module_->tables[table].type.address == AddressType::kI64;
  const Gpr x = gpr(s);
  a_.mov(k64, kScratch, Mem(vmctx(), static_cast<i32>(env_->layout.table(table))));
  a_.mov(is_64 ? k64 : k32, index, x);
  a_.cmp(k64, index, Mem(kScratch, offsetof(VMTable, size)));
  trap_if(Cond::kAe, TrapCode::kTableOutOfBounds);
  a_.mov(k64, kScratch, Mem(kScratch, offsetof(VMTable, elements)));
}

void FunctionCompiler::table_op(Op o, const Immediates& imm, std::span<Slot> args,
                                std::span<Slot> results) {
  switch (o) {
    case Op::kTableGet: {
      pin(args[0]);
      table_element(imm.index, args[0], kScratch2);
      release(args[0]);
      const Gpr dst = as_gpr(result_reg(false, kNoReg));
      op<Inst::mov_rm>(k64, dst, Mem(kScratch, kScratch2, x64::Scale::k8));
      return set_out(results[0], reg_of(dst));
    }
    case Op::kTableSet: {
      pin(args[0]), pin(args[1]);
      const Gpr value = gpr(args[1]);
      table_element(imm.index, args[0], kScratch2);
      a_.mov(k64, Mem(kScratch, kScratch2, x64::Scale::k8), value);
      release(args[0]);
      return release(args[1]);
    }
    case Op::kTableSize: {
      const Gpr dst = as_gpr(result_reg(false, kNoReg));
      a_.mov(k64, kScratch, Mem(vmctx(), static_cast<i32>(env_->layout.table(imm.index))));
      op<Inst::mov_rm>(k64, dst, Mem(kScratch, offsetof(VMTable, size)));
      return set_out(results[0], reg_of(dst));
    }
    case Op::kTableGrow:
      builtin(offsetof(VMBuiltins, table_grow),
              {Arg::imm(imm.index), Arg::index(args[1]), Arg::of(args[0])});
      return grow_result(results[0]);
    case Op::kTableFill:
      builtin(offsetof(VMBuiltins, table_fill),
              {Arg::imm(imm.index), Arg::index(args[0]), Arg::of(args[1]), Arg::index(args[2])});
      return check_trap();
    case Op::kTableCopy:
      builtin(offsetof(VMBuiltins, table_copy),
              {Arg::imm(imm.index), Arg::imm(imm.index2), Arg::index(args[0]), Arg::index(args[1]),
               Arg::index(args[2])});
      return check_trap();
    case Op::kTableInit:
      builtin(offsetof(VMBuiltins, table_init),
              {Arg::imm(imm.index2), Arg::imm(imm.index), Arg::index(args[0]), Arg::of(args[1]),
               Arg::of(args[2])});
      return check_trap();
    default: return builtin(offsetof(VMBuiltins, elem_drop), {Arg::imm(imm.index)});
  }
}

void FunctionCompiler::reference_op(Op o, const Immediates& imm, std::span<Slot> args,
                                    std::span<Slot> results) {
  switch (o) {
    case Op::kRefNull: return constant(0, results[0]);
    case Op::kRefFunc:
      builtin(offsetof(VMBuiltins, ref_func), {Arg::imm(imm.index)});
      return rax_out(results[0]);
    case Op::kRefIsNull: return eqz(k64, args[0], results[0]);
    case Op::kRefEq: return compare(k32, Cond::kE, args[0], args[1], results[0]);
    case Op::kRefAsNonNull: {
      const Reg r = in_reg(args[0]);
      a_.test(k64, as_gpr(r), as_gpr(r));
      trap_if(Cond::kE, TrapCode::kNullReference);
      release(args[0]);
      return set_out(results[0], r);
    }
    default: return unsupported(o);
  }
}

void FunctionCompiler::other(Op o, const Immediates& imm, std::span<Slot> args,
                             std::span<Slot> results) {
  for (Slot& s : args) pin(s);
  if (bulk_unpaid_) pay_for_bulk(o, imm, args);
  switch (op_info(o).category) {
    case OpCategory::kMemory: return memory_op(o, imm, args, results);
    case OpCategory::kTable: return table_op(o, imm, args, results);
    case OpCategory::kReference: return reference_op(o, imm, args, results);
    case OpCategory::kGc: return gc_op(o, imm, args, results);
    default: return unsupported(o);
  }
}

}  // namespace wazuka::baseline
