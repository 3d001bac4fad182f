// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Integers, comparisons and select.
#include <bit>

#include "opt/x64/lowering.h"

namespace wazuka::opt {

using assembly::CpuFeature;
using regalloc::Operand;
using x64::Cond;

// Addition ----------------------------------------------------------------------------------------

// lea leaves its operands alone, so it is taken where they live on or where it does more at once.
void Lowering::iadd(Value v) {
  const Inst& inst = at(v);
  Value a = inst.arg(0), b = inst.arg(1);
  const Size size = size_of(v);
  if (imm32(a)) std::swap(a, b);
  auto is_scaled = [&](Value x) {
    const Inst& i = at(x);
    return i.op == Opcode::kIShl && can_take(x) && at(i.arg(1)).op == Opcode::kIConst &&
           at(i.arg(1)).bits() <= 3;
  };
  Address sum;
  if (const auto imm = imm32(b)) {
    const Inst& inner = at(a);
    if (is_scaled(a)) {
      // Without a base, an index with a displacement of 32 bits.
      sum.index = low(inner.arg(0));
      sum.scale = static_cast<u8>(at(inner.arg(1)).bits());
      sum.disp = *imm;
      return add(Row(MInst::lea, size).def(dst(v)).mem(sum));
    }
    if (inner.op == Opcode::kIAdd && can_take(a) && scaled_sum(a, sum)) {
      sum.disp = *imm;
      return add(Row(MInst::lea, size).def(dst(v)).mem(sum));
    }
    if (uses(a) > 1) {
      sum.base = low(a);
      sum.disp = *imm;
      return add(Row(MInst::lea, size).def(dst(v)).mem(sum));
    }
    return add(Row(MInst::add_mi, size).reuse(dst(v), low(a)).imm(*imm));
  }
  if (is_scaled(a)) std::swap(a, b);
  if (is_scaled(b)) {
    const Inst& inner = at(b);
    sum.base = low(a);
    sum.index = low(inner.arg(0));
    sum.scale = static_cast<u8>(at(inner.arg(1)).bits());
    return add(Row(MInst::lea, size).def(dst(v)).mem(sum));
  }
  if (can_take_load(a, type_bytes(inst.type))) std::swap(a, b);
  if (!can_take_load(b, type_bytes(inst.type))) {
    if (uses(a) > 1 && uses(b) == 1) std::swap(a, b);
    if (uses(a) > 1) {
      sum.base = low(a);
      sum.index = low(b);
      return add(Row(MInst::lea, size).def(dst(v)).mem(sum));
    }
  }
  const RegMem rm = low_mem(b);
  add(Row(MInst::add_rm, size).reuse(dst(v), low(a)).rm(rm));
}

/// Whether it is x + (y << k), for lea.
bool Lowering::scaled_sum(Value v, Address& sum) {
  Value x = at(v).arg(0), y = at(v).arg(1);
  auto is_scaled = [&](Value s) {
    const Inst& i = at(s);
    return i.op == Opcode::kIShl && uses(s) == 1 && at(i.arg(1)).op == Opcode::kIConst &&
           at(i.arg(1)).bits() <= 3;
  };
  if (is_scaled(x)) std::swap(x, y);
  if (!is_scaled(y) || at(x).op == Opcode::kIConst) return false;
  sum.base = low(x);
  sum.index = low(at(y).arg(0));
  sum.scale = static_cast<u8>(at(at(y).arg(1)).bits());
  return true;
}

void Lowering::isub(Value v) {
  const Inst& inst = at(v);
  const Value a = inst.arg(0), b = inst.arg(1);
  const Size size = size_of(v);
  if (at(a).is_const(0)) {
    return add(Row(MInst::neg, size).reuse(dst(v), low(b)));
  }
  if (const auto imm = imm32(b)) {
    return add(Row(MInst::sub_mi, size).reuse(dst(v), low(a)).imm(*imm));
  }
  const RegMem rm = low_mem(b);
  add(Row(MInst::sub_rm, size).reuse(dst(v), low(a)).rm(rm));
}

/// and, or, xor.
void Lowering::alu(Value v, MInst rm, MInst mi) {
  const Inst& inst = at(v);
  Value a = inst.arg(0), b = inst.arg(1);
  const Size size = size_of(v);
  if (at(a).op == Opcode::kIConst) std::swap(a, b);
  if (at(b).op == Opcode::kIConst) {
    const u64 bits = at(b).bits();
    if (inst.op == Opcode::kIAnd) {
      if (bits == 0xff) return add(Row(MInst::movzx_b, k32).def(dst(v)).rm({.vreg = low(a)}));
      if (bits == 0xffff) return add(Row(MInst::movzx_w, k32).def(dst(v)).rm({.vreg = low(a)}));
      if (size == k64 && bits == 0xffff'ffff) return zero_extend(dst(v), use(a));
      // The upper half of the result is zero.
      if (size == k64 && bits <= 0x7fff'ffff) {
        return add(Row(mi, k32).reuse(dst(v), use(a)).imm(static_cast<i32>(bits)));
      }
    }
    if (inst.op == Opcode::kIXor && at(b).signed_bits() == -1) {
      return add(Row(MInst::not_rm, size).reuse(dst(v), low(a)));
    }
    if (const auto imm = imm32(b)) {
      return add(Row(mi, size).reuse(dst(v), low(a)).imm(*imm));
    }
  }
  if (can_take_load(a, type_bytes(inst.type)) || uses(a) > 1) std::swap(a, b);
  const RegMem x = low_mem(b);
  add(Row(rm, size).reuse(dst(v), low(a)).rm(x));
}

// Multiplication and division
// ------------------------------------------------------------------------

void Lowering::imul(Value v) {
  const Inst& inst = at(v);
  Value a = inst.arg(0), b = inst.arg(1);
  const Size size = size_of(v);
  if (at(a).op == Opcode::kIConst) std::swap(a, b);
  if (const auto imm = imm32(b)) {
    if (*imm == 3 || *imm == 5 || *imm == 9) {
      Address sum;
      sum.base = sum.index = low(a);
      sum.scale = static_cast<u8>(std::countr_zero(static_cast<u32>(*imm - 1)));
      return add(Row(MInst::lea, size).def(dst(v)).mem(sum));
    }
    const RegMem x = low_mem(a);
    return add(Row(MInst::imul_rmi, size).def(dst(v)).rm(x).imm(*imm));
  }
  if (can_take_load(a, type_bytes(inst.type)) || uses(a) > 1) std::swap(a, b);
  const RegMem x = low_mem(b);
  add(Row(MInst::imul_rm, size).reuse(dst(v), low(a)).rm(x));
}

void Lowering::mul_high(Value v) {
  const Inst& inst = at(v);
  const VReg a = low(inst.arg(0)), b = low(inst.arg(1));
  const MInst row = inst.op == Opcode::kSMulHigh ? MInst::imul_m : MInst::mul;
  add(Row(row, size_of(v))
          .use(b)
          .implicit(Operand::fixed_use(a, preg(x64::rax)))
          .implicit(Operand::fixed_def(temp(), preg(x64::rax)))
          .implicit(Operand::fixed_def(dst(v), preg(x64::rdx))));
}

void Lowering::divide(Value v) {
  const Inst& inst = at(v);
  const Value b = inst.arg(1);
  const Size size = size_of(v);
  const bool remainder = inst.op == Opcode::kSRem || inst.op == Opcode::kURem;
  const bool is_signed = inst.op == Opcode::kSDiv || inst.op == Opcode::kSRem;
  const VReg dividend = low(inst.arg(0)), divisor = low(b);
  const bool constant = at(b).op == Opcode::kIConst;
  if (!constant || at(b).bits() == 0) {
    test(size, divisor);
    MachInst trap;
    trap.op = MOp::kTrapIf;
    trap.trap = static_cast<u8>(TrapCode::kIntegerDivisionByZero);
    trap.detail = detail_of({Cond::kE});
    trap.wasm_offset = g_.wasm_offset(v);
    f_.code.add(trap, {});
  }
  const VReg quotient = remainder ? temp() : dst(v), rest = remainder ? dst(v) : temp();
  if (is_signed) {
    MachInst div;
    div.op = MOp::kDivSigned;
    div.size = size;
    div.detail = remainder ? 1 : 0;
    div.wasm_offset = g_.wasm_offset(v);
    const Operand operands[] = {
        Operand::fixed_use(dividend, preg(x64::rax)), Operand::late_use(divisor),
        Operand::fixed_def(quotient, preg(x64::rax)), Operand::fixed_def(rest, preg(x64::rdx))};
    return f_.code.add(div, operands);
  }
  const VReg zero = load_imm(0);
  add(Row(MInst::div, size)
          .use(divisor)
          .implicit(Operand::fixed_use(dividend, preg(x64::rax)))
          .implicit(Operand::fixed_use(zero, preg(x64::rdx)))
          .implicit(Operand::fixed_def(quotient, preg(x64::rax)))
          .implicit(Operand::fixed_def(rest, preg(x64::rdx))));
}

// Shifts and bits
// -----------------------------------------------------------------------------------

void Lowering::shift(Value v) {
  struct Forms {
    MInst imm, cl, bmi2;
  };
  auto forms = [op = at(v).op]() -> Forms {
    switch (op) {
      case Opcode::kIShl: return {MInst::shl_i, MInst::shl_cl, MInst::shlx};
      case Opcode::kSShr: return {MInst::sar_i, MInst::sar_cl, MInst::sarx};
      case Opcode::kUShr: return {MInst::shr_i, MInst::shr_cl, MInst::shrx};
      case Opcode::kRotl: return {MInst::rol_i, MInst::rol_cl, MInst::rol_cl};
      default: return {MInst::ror_i, MInst::ror_cl, MInst::ror_cl};
    }
  };
  const Forms f = forms();
  const Inst& inst = at(v);
  const Value a = inst.arg(0), b = inst.arg(1);
  const Size size = size_of(v);
  const u32 mask = bits(size) - 1;
  if (at(b).op == Opcode::kIConst) {
    const u32 count = static_cast<u32>(at(b).bits()) & mask;
    if (inst.op == Opcode::kIShl && count >= 1 && count <= 3 && uses(a) > 1) {
      Address scaled;
      if (count == 1) {
        scaled.base = scaled.index = low(a);
      } else {
        scaled.index = low(a);
        scaled.scale = static_cast<u8>(count);
      }
      return add(Row(MInst::lea, size).def(dst(v)).mem(scaled));
    }
    const bool rotates = inst.op == Opcode::kRotl || inst.op == Opcode::kRotr;
    if (rotates && has(CpuFeature::kBmi2) && uses(a) > 1) {
      const u32 right = inst.op == Opcode::kRotr ? count : (mask + 1 - count) & mask;
      return add(Row(MInst::rorx, size).def(dst(v)).use(low(a)).imm(static_cast<i32>(right)));
    }
    return add(Row(f.imm, size).reuse(dst(v), low(a)).imm(static_cast<i32>(count)));
  }
  if (has(CpuFeature::kBmi2) && f.bmi2 != f.cl) {
    const VReg count = low(b);
    const RegMem x = low_mem(a);
    return add(Row(f.bmi2, size).def(dst(v)).rm(x).use(count));
  }
  const VReg count = low(b);
  add(Row(f.cl, size).reuse(dst(v), low(a)).implicit(Operand::fixed_use(count, preg(x64::rcx))));
}

void Lowering::count_bits(Value v) {
  const Inst& inst = at(v);
  const Size size = size_of(v);
  const u32 width = bits(size);
  const bool clz = inst.op == Opcode::kClz;
  if (inst.op == Opcode::kPopcnt) {
    if (!has(CpuFeature::kPopcnt)) return unsupported("popcnt without the instruction");
    return add(Row(MInst::popcnt, size).def(dst(v)).rm(low_mem(inst.arg(0))));
  }
  if (has(clz ? CpuFeature::kLzcnt : CpuFeature::kBmi1)) {
    return add(Row(clz ? MInst::lzcnt : MInst::tzcnt, size).def(dst(v)).rm(low_mem(inst.arg(0))));
  }
  // bsf and bsr leave the destination alone for zero.
  const VReg x = low(inst.arg(0));
  const VReg otherwise = load_imm(clz ? 2 * width - 1 : width);
  if (!clz) return add(Row(MInst::bsf, size).reuse(dst(v), otherwise).use(x));
  const VReg highest = temp();
  add(Row(MInst::bsr, size).reuse(highest, otherwise).use(x));
  add(Row(MInst::xor_mi, size).reuse(dst(v), highest).imm(static_cast<i32>(width - 1)));
}

void Lowering::extend(Value v) {
  const Inst& inst = at(v);
  const RegMem x{.vreg = low(inst.arg(0))};
  const Size size = size_of(v);
  if (inst.op == Opcode::kSExt8) return add(Row(MInst::movsx_b, size).def(dst(v)).rm(x));
  if (inst.op == Opcode::kSExt16) return add(Row(MInst::movsx_w, size).def(dst(v)).rm(x));
  add(Row(MInst::movsxd).def(dst(v)).rm(x));
}

void Lowering::wrap(Value v) {
  const VReg x = use(at(v).arg(0));
  zero_extended_[index_of(v)] ? zero_extend(dst(v), x) : move(dst(v), x);
}

// Comparisons
// --------------------------------------------------------------------------------------

namespace {

Cond cond_of(IntCond c) {
  switch (c) {
    case IntCond::kEq: return Cond::kE;
    case IntCond::kNe: return Cond::kNe;
    case IntCond::kLtS: return Cond::kL;
    case IntCond::kLtU: return Cond::kB;
    case IntCond::kGtS: return Cond::kG;
    case IntCond::kGtU: return Cond::kA;
    case IntCond::kLeS: return Cond::kLe;
    case IntCond::kLeU: return Cond::kBe;
    case IntCond::kGeS: return Cond::kGe;
    case IntCond::kGeU: return Cond::kAe;
  }
  return Cond::kE;
}

}  // namespace

void Lowering::test(Size size, VReg x) {
  add(Row(MInst::test_mr, size).use(x).use(x));
}

void Lowering::compare_with_zero(Value v) {
  if (!can_take_load(v, type_bytes(g_.type(v)))) return test(size_of(v), low(v));
  const RegMem x = low_mem(v);
  add(Row(MInst::cmp_mi, size_of(v)).rm(x).imm(0));
}

FlagCond Lowering::compare(Value v) {
  const Inst& inst = at(v);
  Value a = inst.arg(0), b = inst.arg(1);
  const Size size = size_of(a);
  IntCond c = inst.int_cond();
  if (at(a).op == Opcode::kIConst) {
    std::swap(a, b);
    c = swapped(c);
  }
  if (at(b).is_const(0) &&
      (c == IntCond::kEq || c == IntCond::kNe || c == IntCond::kLtS || c == IntCond::kGeS)) {
    const Inst& masked = at(a);
    const Cond cond = c == IntCond::kLtS ? Cond::kS : c == IntCond::kGeS ? Cond::kNs : cond_of(c);
    if (masked.op == Opcode::kIAnd && can_take(a)) {
      if (const auto mask = imm32(masked.arg(1))) {
        add(Row(MInst::test_mi, size).use(low(masked.arg(0))).imm(*mask));
      } else {
        const VReg x = low(masked.arg(0)), y = low(masked.arg(1));
        add(Row(MInst::test_mr, size).use(x).use(y));
      }
      return {cond};
    }
    compare_with_zero(a);
    return {cond};
  }
  if (const auto imm = imm32(b)) {
    const RegMem x = low_mem(a);
    add(Row(MInst::cmp_mi, size).rm(x).imm(*imm));
    return {cond_of(c)};
  }
  if (can_take_load(a, type_bytes(g_.type(a)))) {
    std::swap(a, b);
    c = swapped(c);
  }
  const RegMem y = low_mem(b);
  add(Row(MInst::cmp_rm, size).use(low(a)).rm(y));
  return {cond_of(c)};
}

FlagCond Lowering::condition(Value v) {
  const Inst& inst = at(v);
  // Comparing anew is cheaper than keeping the result, even if others need it, too; but then each
  // of them needs the operands.
  if (inst.op == Opcode::kICmp || inst.op == Opcode::kFCmp) {
    anew_ = uses(v) > 1;
    const FlagCond c = inst.op == Opcode::kICmp ? compare(v) : float_compare(v);
    anew_ = false;
    return c;
  }
  compare_with_zero(v);
  return {Cond::kNe};
}

void Lowering::set_cond(Value v, FlagCond c) {
  add(MOp::kSetCond, v, {Operand::def(dst(v))}, detail_of(c));
}

void Lowering::select(Value v) {
  const Inst& inst = at(v);
  const bool in_xmm = !is_int(inst.type);
  const VReg a = low(inst.arg(1)), b = low(inst.arg(2));
  const FlagCond c = condition(inst.arg(0));
  MachInst i;
  i.op = in_xmm ? MOp::kSelectXmm : MOp::kSelectInt;
  i.size = size_of(v);
  i.detail = detail_of(c);
  // Of the two moves that make a condition with parity, the first has written the result.
  const Operand operands[] = {Operand::late_use(a), Operand::use(b), Operand::reuse_def(dst(v), 1)};
  f_.code.add(i, operands);
}

}  // namespace wazuka::opt
