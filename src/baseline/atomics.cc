// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Atomic accesses. Alignment is looked at before bounds.
#include "baseline/function_compiler.h"

namespace wazuka::baseline {

namespace {
Size access_size(u32 bytes) {
  return bytes == 1 ? k8 : bytes == 2 ? k16 : bytes == 4 ? k32 : k64;
}
}  // namespace

void FunctionCompiler::check_alignment(const MemArg& arg, u32 bytes, Slot& address) {
  if (bytes == 1) return;
  const Gpr index = gpr(address);
  const i32 low = static_cast<i32>(arg.offset & (bytes - 1));
  if (low == 0) {
    a_.test(k32, index, static_cast<i32>(bytes - 1));
  } else {
    a_.lea(k32, kScratch, Mem(index, low));
    a_.test(k32, kScratch, static_cast<i32>(bytes - 1));
  }
  trap_if(Cond::kNe, TrapCode::kHeapMisaligned);
}

/// Extends what an instruction of `bytes` bytes has left in a register.
void FunctionCompiler::zero_extend_narrow(Gpr r, u32 bytes) {
  if (bytes == 1) return op<Inst::movzx_b>(k32, r, r);
  if (bytes == 2) return op<Inst::movzx_w>(k32, r, r);
  if (bytes == 4) return mov(k32, r, r);
  zext_.erase(r);
}

void FunctionCompiler::atomic(Op o, const MemArg& arg, std::span<Slot> args,
                              std::span<Slot> results) {
  for (Slot& s : args) pin(s);
  const u32 bytes = op_info(o).access_bytes();
  const Size size = access_size(bytes);
  switch (op_info(o).category) {
    case OpCategory::kAtomicFence: return a_.mfence();
    case OpCategory::kAtomicWait:
    case OpCategory::kAtomicNotify: return atomic_wait(o, arg, args, results);
    case OpCategory::kAtomicLoad: {
      check_alignment(arg, bytes, args[0]);
      const HeapMem m = other_address(arg, bytes, args[0]);
      release(args[0]);
      const Gpr dst = as_gpr(result_reg(false, kNoReg));
      access_site();
      if (bytes == 1) {
        op<Inst::movzx_b>(k32, dst, m);
      } else if (bytes == 2) {
        op<Inst::movzx_w>(k32, dst, m);
      } else {
        op<Inst::mov_rm>(size, dst, m);
      }
      return set_out(results[0], reg_of(dst));
    }
    case OpCategory::kAtomicStore: {
      const Gpr value = gpr(args[1]);
      release(args[1]);
      const Gpr copy = alloc_gpr();
      mov(k64, copy, value);
      check_alignment(arg, bytes, args[0]);
      const HeapMem m = other_address(arg, bytes, args[0]);
      access_site();
      a_.xchg(size, m, copy);
      zext_.erase(copy);
      return release(args[0]);
    }
    case OpCategory::kAtomicCmpxchg: return atomic_cmpxchg(bytes, arg, args, results[0]);
    case OpCategory::kAtomicRmw: return atomic_rmw(o, bytes, arg, args, results[0]);
    default: return unsupported(o);
  }
}

void FunctionCompiler::atomic_cmpxchg(u32 bytes, const MemArg& arg, std::span<Slot> args,
                                      Slot& out) {
  const Gpr expected = gpr(args[1]);
  Gpr index = gpr(args[0]), value = gpr(args[2]);
  // The index and the new value must not be in rax.
  release(args[1]);
  pin(reg_of(x64::rax));
  if (index == x64::rax) {
    index = move_operand(args[0]);
  }
  if (value == x64::rax) value = move_operand(args[2]);
  claim(x64::rax);
  if (expected != x64::rax) mov(k64, x64::rax, expected);
  check_alignment(arg, bytes, args[0]);
  const HeapMem m = other_address(arg, bytes, args[0]);
  access_site();
  a_.lock_cmpxchg(access_size(bytes), m, value);
  release(args[0]);
  release(args[2]);
  zero_extend_narrow(x64::rax, bytes);
  set_out(out, reg_of(x64::rax));
}

/// Gives a popped operand another register.
Gpr FunctionCompiler::move_operand(Slot& s) {
  const Reg from = s.value.reg;
  const Reg to = alloc(false);
  mov(k64, as_gpr(to), as_gpr(from));
  drop_use(from);
  add_use(to);
  s.value.reg = to;
  return as_gpr(to);
}

void FunctionCompiler::atomic_rmw(Op o, u32 bytes, const MemArg& arg, std::span<Slot> args,
                                  Slot& out) {
  const Size size = access_size(bytes);
  // Seven opcodes per operation: add, sub, and, or, xor, xchg.
  const u32 what = (op_info(o).code - op_info(Op::kI32AtomicRmwAdd).code) / 7u;
  Gpr value = gpr(args[1]);
  if (what == 0 || what == 1 || what == 5) {
    release(args[1]);
    const Gpr old = alloc_gpr();
    mov(k64, old, value);
    if (what == 1) a_.neg(k64, old);
    check_alignment(arg, bytes, args[0]);
    const HeapMem m = other_address(arg, bytes, args[0]);
    access_site();
    what == 5 ? a_.xchg(size, m, old) : a_.lock_xadd(size, m, old);
    zero_extend_narrow(old, bytes);
    release(args[0]);
    return set_out(out, reg_of(old));
  }
  Gpr index = gpr(args[0]);
  pin(reg_of(x64::rax));
  if (index == x64::rax) index = move_operand(args[0]);
  if (value == x64::rax) value = move_operand(args[1]);
  claim(x64::rax);
  const Gpr next = alloc_gpr();
  check_alignment(arg, bytes, args[0]);
  const HeapMem m = other_address(arg, bytes, args[0]);
  access_site();
  if (bytes == 1) {
    a_.movzx_b(k32, x64::rax, m);
  } else if (bytes == 2) {
    a_.movzx_w(k32, x64::rax, m);
  } else {
    a_.mov(size, x64::rax, m);
  }
  Label again;
  a_.bind(again);
  a_.mov(k64, next, x64::rax);
  const Size wide = bytes == 8 ? k64 : k32;
  what == 2   ? a_.and_(wide, next, value)
  : what == 3 ? a_.or_(wide, next, value)
              : a_.xor_(wide, next, value);
  access_site();
  a_.lock_cmpxchg(size, m, next);
  a_.jcc(Cond::kNe, again);
  zext_.erase(next);
  zero_extend_narrow(x64::rax, bytes);
  release(args[0]);
  release(args[1]);
  set_out(out, reg_of(x64::rax));
}

/// Wait and notify: the address is checked here, and the rest is the runtime's.
void FunctionCompiler::atomic_wait(Op o, const MemArg& arg, std::span<Slot> args,
                                   std::span<Slot> results) {
  const u32 bytes = op_info(o).access_bytes();
  // An address that overflows is seen before its alignment, as in Wasmtime.
  const Gpr start = gpr(args[0]);
  a_.load_imm(kScratch, arg.offset);
  if (args[0].type == kI32) {
    a_.add(k64, kScratch, zext_index(start).reg());
    a_.shr(k64, kScratch, 32);
    trap_if(Cond::kNe, TrapCode::kMemoryOutOfBounds);
  } else {
    a_.add(k64, kScratch, start);
    trap_if(Cond::kB, TrapCode::kMemoryOutOfBounds);
  }
  check_alignment(arg, bytes, args[0]);
  const HeapMem m = checked_address(arg, bytes, args[0]);
  (void)m;
  // The address as a number, in its operand's place.
  const Gpr index = gpr(args[0]);
  release(args[0]);
  const Reg sum = alloc(false);
  if (args[0].type == kI32) {
    mov(k32, as_gpr(sum), index);
  } else {
    mov(k64, as_gpr(sum), index);
  }
  a_.load_imm(kScratch, arg.offset);
  a_.add(k64, as_gpr(sum), kScratch);
  zext_.erase(as_gpr(sum));
  Slot address{kI64, args[0].value};
  address.value.where = Where::kReg;
  address.value.reg = sum;
  add_use(sum);
  if (o == Op::kMemoryAtomicNotify) {
    builtin(offsetof(VMBuiltins, atomic_notify),
            {Arg::imm(arg.memory), Arg::of(address), Arg::of(args[1])});
    return rax_out(results[0]);
  }
  const u32 cell = cell_at(height_);
  note_cells(cell + 1);
  builtin(o == Op::kMemoryAtomicWait32 ? offsetof(VMBuiltins, atomic_wait32)
                                       : offsetof(VMBuiltins, atomic_wait64),
          {Arg::imm(arg.memory), Arg::of(address), Arg::of(args[1]), Arg::of(args[2]),
           Arg::cell(cell)});
  check_trap();
  set_out_home(results[0], cell);
}

}  // namespace wazuka::baseline
