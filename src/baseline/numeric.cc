// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Integer instructions. Constants become immediate operands, operands at home memory operands, and
// the result goes straight to the register of the local that the next instruction assigns.
#include <bit>
#include <utility>

#include "baseline/function_compiler.h"
#include "baseline/x64/simd.h"

namespace wazuka::baseline {

// Arithmetic and logic ----------------------------------------------------------------------------

void FunctionCompiler::add(Size size, Slot& a, Slot& b, Slot& out) {
  Slot* x = &a;
  Slot* y = &b;
  if (is_const(*x)) std::swap(x, y);
  pin(a), pin(b);
  const Gpr rx = gpr(*x);
  if (is_imm32(*y)) {
    release(*x);
    const Gpr dst = as_gpr(result_reg(false, reg_of(rx)));
    if (dst == rx) {
      op<Inst::add_mi>(size, dst, imm32(*y));
    } else {
      op<Inst::lea>(size, dst, Mem(rx, imm32(*y)));
    }
    return set_out(out, reg_of(dst));
  }
  if (y->value.where == Where::kHome) {
    release(*x);
    const Gpr dst = as_gpr(result_reg(false, reg_of(rx)));
    if (dst != rx) mov(size, dst, rx);
    op<Inst::add_rm>(size, dst, home(y->value.cell));
    return set_out(out, reg_of(dst));
  }
  const Gpr ry = gpr(*y);
  release(*x);
  release(*y);
  const Reg reuse = uses_[reg_of(rx)] == 0 ? reg_of(rx) : reg_of(ry);
  const Gpr dst = as_gpr(result_reg(false, reuse));
  if (dst == rx) {
    op<Inst::add_rm>(size, dst, ry);
  } else if (dst == ry) {
    op<Inst::add_rm>(size, dst, rx);
  } else {
    op<Inst::lea>(size, dst, Mem(rx, ry, x64::Scale::k1));
  }
  set_out(out, reg_of(dst));
}

template <Inst kRm, Inst kMi>
void FunctionCompiler::alu(Size size, bool commutes, Slot& a, Slot& b, Slot& out) {
  Slot* x = &a;
  Slot* y = &b;
  if (commutes && is_const(*x)) std::swap(x, y);
  pin(a), pin(b);
  const Reg rx = in_reg(*x);
  if (is_imm32(*y) || y->value.where == Where::kHome) {
    release(*x);
    const Reg dst = result_reg(false, rx);
    move_reg(dst, rx, out.type);
    if (is_const(*y)) {
      op<kMi>(size, as_gpr(dst), imm32(*y));
    } else {
      op<kRm>(size, as_gpr(dst), home(y->value.cell));
    }
    return set_out(out, dst);
  }
  const Reg ry = in_reg(*y);
  release(*x);
  release(*y);
  const Reg reuse = commutes && uses_[rx] != 0 ? ry : rx;
  const Reg dst = result_reg(false, reuse, commutes || rx == ry ? 0 : bit(ry));
  if (dst == ry) {
    op<kRm>(size, as_gpr(dst), as_gpr(rx));
  } else {
    move_reg(dst, rx, out.type);
    op<kRm>(size, as_gpr(dst), as_gpr(ry));
  }
  set_out(out, dst);
}

void FunctionCompiler::multiply(Size size, Slot& a, Slot& b, Slot& out) {
  Slot* x = &a;
  Slot* y = &b;
  if (is_const(*x)) std::swap(x, y);
  if (!is_imm32(*y)) return alu<Inst::imul_rm, Inst::add_mi>(size, true, a, b, out);
  const u64 factor = y->value.bits;
  if (std::has_single_bit(factor)) {
    return shift_const(0, size, static_cast<u32>(std::countr_zero(factor)), *x, out);
  }
  const Gpr rx = gpr(*x);
  release(*x);
  const Gpr dst = as_gpr(result_reg(false, reg_of(rx)));
  if (factor == 3 || factor == 5 || factor == 9) {
    const x64::Scale scale = factor == 3   ? x64::Scale::k2
                             : factor == 5 ? x64::Scale::k4
                                           : x64::Scale::k8;
    op<Inst::lea>(size, dst, Mem(rx, rx, scale));
  } else {
    op<Inst::imul_rmi>(size, dst, rx, imm32(*y));
  }
  set_out(out, reg_of(dst));
}

// Shifts ------------------------------------------------------------------------------------------

/// kind: 0 shl, 1 shr_s, 2 shr_u, 3 rotl, 4 rotr (the order of the opcodes).
void FunctionCompiler::shift_const(u32 kind, Size size, u32 count, Slot& a, Slot& out) {
  const Reg r = in_reg(a);
  release(a);
  const Reg dst = result_reg(false, r);
  const Gpr d = as_gpr(dst);
  if (kind == 0 && count != 0 && count <= 3 && dst != r) {
    const x64::Scale scales[] = {x64::Scale::k1, x64::Scale::k2, x64::Scale::k4, x64::Scale::k8};
    if (count == 1) {
      op<Inst::lea>(size, d, Mem(as_gpr(r), as_gpr(r), x64::Scale::k1));
    } else {
      op<Inst::lea>(size, d, Mem::scaled(as_gpr(r), scales[count], 0));
    }
    return set_out(out, dst);
  }
  move_reg(dst, r, out.type);
  if (count != 0) {
    switch (kind) {
      case 0: op<Inst::shl_i>(size, d, count); break;
      case 1: op<Inst::sar_i>(size, d, count); break;
      case 2: op<Inst::shr_i>(size, d, count); break;
      case 3: op<Inst::rol_i>(size, d, count); break;
      default: op<Inst::ror_i>(size, d, count); break;
    }
  }
  set_out(out, dst);
}

void FunctionCompiler::shift(Op o, Size size, Slot& a, Slot& b, Slot& out) {
  const Op first = size == k32 ? Op::kI32Shl : Op::kI64Shl;
  const u32 kind = static_cast<u32>(o) - static_cast<u32>(first);
  if (is_const(b)) {
    return shift_const(kind, size, static_cast<u32>(b.value.bits) & (bits(size) - 1), a, out);
  }
  pin(a), pin(b);
  const Gpr x = gpr(a), count = gpr(b);
  release(a);
  release(b);
  if (kind <= 2 && a_.has(CpuFeature::kBmi2)) {
    const Gpr dst = as_gpr(result_reg(false, reg_of(x)));
    switch (kind) {
      case 0: op<Inst::shlx>(size, dst, x, count); break;
      case 1: op<Inst::sarx>(size, dst, x, count); break;
      default: op<Inst::shrx>(size, dst, x, count); break;
    }
    return set_out(out, reg_of(dst));
  }
  pin(reg_of(x64::rcx));  // the result must not be there, whether it is free or not
  const u32 avoid = bit(reg_of(x64::rcx)) | (count == x ? 0 : bit(reg_of(count)));
  const Gpr dst = as_gpr(result_reg(false, reg_of(x), avoid));
  if (dst != x) mov(size, dst, x);
  if (count != x64::rcx) {
    claim(x64::rcx);
    mov(k32, x64::rcx, count);
  }
  switch (kind) {
    case 0: op<Inst::shl_cl>(size, dst); break;
    case 1: op<Inst::sar_cl>(size, dst); break;
    case 2: op<Inst::shr_cl>(size, dst); break;
    case 3: op<Inst::rol_cl>(size, dst); break;
    default: op<Inst::ror_cl>(size, dst); break;
  }
  set_out(out, reg_of(dst));
}

// Division ----------------------------------------------------------------------------------------

/// By a power of two. kind: 0 div_s, 1 div_u, 2 rem_s, 3 rem_u.
bool FunctionCompiler::divide_const(u32 kind, Size size, Slot& a, u64 divisor, Slot& out) {
  if (!std::has_single_bit(divisor)) return false;
  const u32 k = static_cast<u32>(std::countr_zero(divisor));
  const u32 width = bits(size);
  if (kind == 1) return shift_const(2, size, k, a, out), true;
  if (kind == 3) {
    if (k > 31 || (size == k64 && k == 31)) {
      // The mask is no immediate: shift up and down.
      const Reg r = in_reg(a);
      release(a);
      const Reg dst = result_reg(false, r);
      move_reg(dst, r, out.type);
      if (size == k32 && k == 31) {
        op<Inst::and_mi>(size, as_gpr(dst), 0x7fffffff);
      } else {
        op<Inst::shl_i>(size, as_gpr(dst), width - k);
        op<Inst::shr_i>(size, as_gpr(dst), width - k);
      }
      return set_out(out, dst), true;
    }
    const Reg r = in_reg(a);
    release(a);
    const Reg dst = result_reg(false, r);
    move_reg(dst, r, out.type);
    op<Inst::and_mi>(size, as_gpr(dst), static_cast<i32>(divisor - 1));
    return set_out(out, dst), true;
  }
  if (kind != 0 || k == 0 || k == width - 1) return false;
  // Towards zero: negative numbers are first increased by divisor - 1.
  const Gpr x = gpr(a);
  release(a);
  a_.mov(size, kScratch, x);
  if (k > 1) a_.sar(size, kScratch, width - 1);
  a_.shr(size, kScratch, width - k);
  const Gpr dst = as_gpr(result_reg(false, reg_of(x)));
  if (dst != x) mov(size, dst, x);
  op<Inst::add_rm>(size, dst, kScratch);
  op<Inst::sar_i>(size, dst, k);
  set_out(out, reg_of(dst));
  return true;
}

void FunctionCompiler::divide(Op o, Size size, Slot& a, Slot& b, Slot& out) {
  const Op first = size == k32 ? Op::kI32DivS : Op::kI64DivS;
  const u32 kind = static_cast<u32>(o) - static_cast<u32>(first);
  const bool is_signed = (kind & 1) == 0, is_rem = kind >= 2;
  const u64 minus_one = size == k32 ? ~u32{0} : ~u64{0};
  if (is_const(b) && divide_const(kind, size, a, b.value.bits, out)) return;
  const bool checked = !is_const(b) || b.value.bits == 0 || b.value.bits == minus_one;
  pin(a), pin(b);
  const Gpr x = gpr(a);
  Gpr y = kScratch;
  if (is_const(b)) {
    a_.load_imm(kScratch, b.value.bits);
  } else {
    y = gpr(b);
    if (y == x64::rax || y == x64::rdx) {
      a_.mov(size, kScratch, y);
      y = kScratch;
    }
  }
  release(a);
  release(b);
  pin(reg_of(x64::rax));
  pin(reg_of(x64::rdx));
  claim(x64::rax);
  if (x != x64::rax) mov(size, x64::rax, x);
  claim(x64::rdx);
  zext_.erase(x64::rax);
  zext_.erase(x64::rdx);
  Label done;
  if (checked) {
    a_.test(size, y, y);
    trap_if(Cond::kE, TrapCode::kIntegerDivisionByZero);
    if (is_signed) {
      Label divide;
      a_.cmp(size, y, -1);
      a_.jcc(Cond::kNe, divide, Reach::kShort);
      if (is_rem) {
        a_.load_imm(x64::rdx, 0);
        a_.jmp(done, Reach::kShort);
      } else {
        if (size == k32) {
          a_.cmp(k32, x64::rax, static_cast<i32>(0x80000000u));
        } else {
          a_.load_imm(kScratch2, u64{1} << 63);
          a_.cmp(k64, x64::rax, kScratch2);
        }
        trap_if(Cond::kE, TrapCode::kIntegerOverflow);
      }
      a_.bind(divide);
    }
  }
  if (is_signed) {
    size == k32 ? a_.cdq() : a_.cqo();
    a_.idiv(size, y);
  } else {
    a_.load_imm(x64::rdx, 0);
    a_.div(size, y);
  }
  a_.bind(done);
  set_out(out, reg_of(is_rem ? x64::rdx : x64::rax));
}

// Comparison --------------------------------------------------------------------------------------

void FunctionCompiler::flags_out(FloatCond c, Slot& out) {
  if (next_consumes_flags()) return set_out_flags(out, c);
  const Reg r = result_reg(false, kNoReg);
  emit_set_if(*m_, c, as_gpr(r));
  zext_.erase(as_gpr(r));
  set_out(out, r);
}

void FunctionCompiler::compare(Size size, Cond cond, Slot& a, Slot& b, Slot& out) {
  Slot* x = &a;
  Slot* y = &b;
  if (is_const(*x) && !is_const(*y)) {
    std::swap(x, y);
    cond = swap_operands(cond);
  }
  pin(a), pin(b);
  if (is_imm32(*y) && x->value.where == Where::kHome) {
    a_.cmp(size, home(x->value.cell), imm32(*y));
  } else if (is_imm32(*y)) {
    const Gpr r = gpr(*x);
    if (imm32(*y) == 0) {
      a_.test(size, r, r);
    } else {
      a_.cmp(size, r, imm32(*y));
    }
  } else if (y->value.where == Where::kHome) {
    a_.cmp(size, gpr(*x), home(y->value.cell));
  } else {
    const Gpr rx = gpr(*x), ry = gpr(*y);
    a_.cmp(size, rx, ry);
  }
  release(*x);
  release(*y);
  flags_out({cond}, out);
}

void FunctionCompiler::eqz(Size size, Slot& a, Slot& out) {
  if (a.value.where == Where::kFlags) return flags_out(a.value.flags.negated(), out);
  if (a.value.where == Where::kHome) {
    a_.cmp(size, home(a.value.cell), 0);
  } else {
    const Gpr r = gpr(a);
    a_.test(size, r, r);
    release(a);
  }
  flags_out({Cond::kE}, out);
}

// Unary -------------------------------------------------------------------------------------------

void FunctionCompiler::count_bits(Op o, Size size, Slot& a, Slot& out) {
  const Gpr x = gpr(a);
  release(a);
  const Gpr dst = as_gpr(result_reg(false, reg_of(x)));
  const u32 width = bits(size);
  if (o == Op::kI32Popcnt || o == Op::kI64Popcnt) {
    op<Inst::popcnt>(size, dst, x);
  } else if (o == Op::kI32Clz || o == Op::kI64Clz) {
    if (a_.has(CpuFeature::kLzcnt)) {
      op<Inst::lzcnt>(size, dst, x);
    } else {
      a_.load_imm(kScratch, 2 * width - 1);
      a_.bsr(size, kScratch2, x);
      a_.cmov(size, Cond::kE, kScratch2, kScratch);
      a_.xor_(size, kScratch2, width - 1);
      mov(size, dst, kScratch2);
    }
  } else if (a_.has(CpuFeature::kBmi1)) {
    op<Inst::tzcnt>(size, dst, x);
  } else {
    a_.load_imm(kScratch, width);
    a_.bsf(size, kScratch2, x);
    a_.cmov(size, Cond::kE, kScratch2, kScratch);
    mov(size, dst, kScratch2);
  }
  set_out(out, reg_of(dst));
}

void FunctionCompiler::int_unary(Op o, Slot& a, Slot& out) {
  switch (o) {
    case Op::kI32Eqz: return eqz(k32, a, out);
    case Op::kI64Eqz: return eqz(k64, a, out);
    case Op::kI32Clz:
    case Op::kI32Ctz:
    case Op::kI32Popcnt: return count_bits(o, k32, a, out);
    case Op::kI64Clz:
    case Op::kI64Ctz:
    case Op::kI64Popcnt: return count_bits(o, k64, a, out);
    default: break;
  }
  if (is_const(a) && o == Op::kI32WrapI64) return constant(static_cast<u32>(a.value.bits), out);
  if (is_const(a) && o == Op::kI64ExtendI32U) return constant(a.value.bits, out);
  if (is_const(a) && o == Op::kI64ExtendI32S) {
    return constant(static_cast<u64>(i64{imm32(a)}), out);
  }
  const Reg r = in_reg(a);
  const Gpr x = as_gpr(r);
  release(a);
  if (o == Op::kI32WrapI64 && uses_[r] == 0 && wanted_reg(false) == kNoReg) return set_out(out, r);
  if (o == Op::kI64ExtendI32U && zext_.find(x)) return set_out(out, r);
  const Reg dst = result_reg(false, r);
  const Gpr d = as_gpr(dst);
  switch (o) {
    case Op::kI32WrapI64:
    case Op::kI64ExtendI32U: mov(k32, d, x); break;
    case Op::kI32Extend8S: op<Inst::movsx_b>(k32, d, x); break;
    case Op::kI32Extend16S: op<Inst::movsx_w>(k32, d, x); break;
    case Op::kI64Extend8S: op<Inst::movsx_b>(k64, d, x); break;
    case Op::kI64Extend16S: op<Inst::movsx_w>(k64, d, x); break;
    case Op::kI64Extend32S:
    case Op::kI64ExtendI32S:
      a_.movsxd(d, x);
      zext_.erase(d);
      break;
    default: return unsupported(o);
  }
  set_out(out, dst);
}

void FunctionCompiler::unary(Op o, Slot& a, Slot& out) {
  const bool from = in_xmm(a.type), to = in_xmm(out.type);
  if (!from && !to) return int_unary(o, a, out);
  if (!from) return to_xmm(o, a, out);
  if (!to) return to_gpr(o, a, out);
  const Xmm x = xmm(a);
  release(a);
  const Reg dst = result_reg(true, reg_of(x));
  if (op_info(o).prefix != 0xfd) {
    emit_float_unary(*m_, o, as_xmm(dst), x);
  } else if (o == Op::kF32x4Splat || o == Op::kF64x2Splat) {
    emit_simd_splat(*m_, o, as_xmm(dst), x);
  } else {
    if (!simd_supported(*m_, o)) return unsupported(o);
    emit_simd_unary(*m_, o, as_xmm(dst), x);
  }
  set_out(out, dst);
}

// Binary ------------------------------------------------------------------------------------------

void FunctionCompiler::binary(Op o, Slot& a, Slot& b, Slot& out) {
  if (in_xmm(a.type)) {
    if (!in_xmm(out.type)) return float_compare(o, a, b, out);
    return op_info(o).prefix == 0xfd ? simd_binary(o, a, b, out) : float_binary(o, a, b, out);
  }
  constexpr Cond kConds[] = {Cond::kE, Cond::kNe, Cond::kL,  Cond::kB,  Cond::kG,
                             Cond::kA, Cond::kLe, Cond::kBe, Cond::kGe, Cond::kAe};
  if (o >= Op::kI32Eq && o <= Op::kI32GeU) {
    return compare(k32, kConds[static_cast<u32>(o) - static_cast<u32>(Op::kI32Eq)], a, b, out);
  }
  if (o >= Op::kI64Eq && o <= Op::kI64GeU) {
    return compare(k64, kConds[static_cast<u32>(o) - static_cast<u32>(Op::kI64Eq)], a, b, out);
  }
  const Size size = size_of(out.type);
  switch (o) {
    case Op::kI32Add:
    case Op::kI64Add: return add(size, a, b, out);
    case Op::kI32Sub:
    case Op::kI64Sub:
      if (is_imm32(b) && imm32(b) != static_cast<i32>(0x80000000u)) {
        b.value.bits = static_cast<u64>(-i64{imm32(b)});
        if (size == k32) b.value.bits = static_cast<u32>(b.value.bits);
        return add(size, a, b, out);
      }
      return alu<Inst::sub_rm, Inst::sub_mi>(size, false, a, b, out);
    case Op::kI32Mul:
    case Op::kI64Mul: return multiply(size, a, b, out);
    case Op::kI32And:
    case Op::kI64And: return alu<Inst::and_rm, Inst::and_mi>(size, true, a, b, out);
    case Op::kI32Or:
    case Op::kI64Or: return alu<Inst::or_rm, Inst::or_mi>(size, true, a, b, out);
    case Op::kI32Xor:
    case Op::kI64Xor: return alu<Inst::xor_rm, Inst::xor_mi>(size, true, a, b, out);
    case Op::kI32Shl:
    case Op::kI32ShrS:
    case Op::kI32ShrU:
    case Op::kI32Rotl:
    case Op::kI32Rotr:
    case Op::kI64Shl:
    case Op::kI64ShrS:
    case Op::kI64ShrU:
    case Op::kI64Rotl:
    case Op::kI64Rotr: return shift(o, size, a, b, out);
    case Op::kI32DivS:
    case Op::kI32DivU:
    case Op::kI32RemS:
    case Op::kI32RemU:
    case Op::kI64DivS:
    case Op::kI64DivU:
    case Op::kI64RemS:
    case Op::kI64RemU: return divide(o, size, a, b, out);
    default: return unsupported(o);
  }
}

// 128-bit arithmetic ------------------------------------------------------------------------------

void FunctionCompiler::wide(Op o, std::span<Slot> args, std::span<Slot> results) {
  for (Slot& s : args) pin(s);
  const u32 cell = cell_at(height_);
  if (o == Op::kI64Add128 || o == Op::kI64Sub128) {
    const Gpr lo = gpr(args[0]), hi = gpr(args[1]), lo2 = gpr(args[2]), hi2 = gpr(args[3]);
    for (Slot& s : args) release(s);
    const Gpr d0 = alloc_gpr(), d1 = alloc_gpr();
    mov(k64, d0, lo);
    mov(k64, d1, hi);
    if (o == Op::kI64Add128) {
      a_.add(k64, d0, lo2);
      a_.adc(k64, d1, hi2);
    } else {
      a_.sub(k64, d0, lo2);
      a_.sbb(k64, d1, hi2);
    }
    zext_.erase(d0);
    zext_.erase(d1);
    set_out_at(results[0], reg_of(d0), cell);
    set_out_at(results[1], reg_of(d1), cell + 1);
    return;
  }
  const Gpr x = gpr(args[0]), y = gpr(args[1]);
  a_.mov(k64, kScratch, y);
  release(args[0]);
  release(args[1]);
  pin(reg_of(x64::rax));
  pin(reg_of(x64::rdx));
  claim(x64::rax);
  if (x != x64::rax) mov(k64, x64::rax, x);
  claim(x64::rdx);
  o == Op::kI64MulWideS ? a_.imul(k64, kScratch) : a_.mul(k64, kScratch);
  zext_.erase(x64::rax);
  zext_.erase(x64::rdx);
  set_out_at(results[0], reg_of(x64::rax), cell);
  set_out_at(results[1], reg_of(x64::rdx), cell + 1);
}

}  // namespace wazuka::baseline
