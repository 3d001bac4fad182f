// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Floating point and vectors: registers for the code that x64/float.h and x64/simd.h emit.
#include "baseline/function_compiler.h"
#include "baseline/x64/simd.h"

namespace wazuka::baseline {

void FunctionCompiler::float_binary(Op o, Slot& a, Slot& b, Slot& out) {
  pin(a), pin(b);
  const Xmm x = xmm(a);
  if (b.value.where == Where::kHome && float_binary_takes_memory(o)) {
    release(a);
    const Reg dst = result_reg(true, reg_of(x));
    emit_float_binary(*m_, o, as_xmm(dst), x, home(b.value.cell));
    return set_out(out, dst);
  }
  const Xmm y = xmm(b);
  release(a);
  release(b);
  const Reg reuse = uses_[reg_of(x)] == 0 ? reg_of(x) : reg_of(y);
  const Reg dst = result_reg(true, reuse);
  emit_float_binary(*m_, o, as_xmm(dst), x, y);
  set_out(out, dst);
}

void FunctionCompiler::float_compare(Op o, Slot& a, Slot& b, Slot& out) {
  pin(a), pin(b);
  const Xmm x = xmm(a), y = xmm(b);
  const FloatCond c = emit_float_compare_flags(*m_, o, x, y);
  release(a);
  release(b);
  flags_out(c, out);
}

void FunctionCompiler::to_xmm(Op o, Slot& a, Slot& out) {
  const Gpr x = gpr(a);
  release(a);
  const Reg dst = result_reg(true, kNoReg);
  if (o == Op::kF32ReinterpretI32 || o == Op::kF64ReinterpretI64) {
    emit_reinterpret(*m_, o, as_xmm(dst), x);
  } else if (op_info(o).prefix == 0xfd) {
    emit_simd_splat(*m_, o, as_xmm(dst), x);
  } else {
    emit_float_convert(*m_, o, as_xmm(dst), x);
  }
  set_out(out, dst);
}

void FunctionCompiler::to_gpr(Op o, Slot& a, Slot& out) {
  const Xmm x = xmm(a);
  if (o == Op::kV128AnyTrue || o == Op::kI8x16AllTrue || o == Op::kI16x8AllTrue ||
      o == Op::kI32x4AllTrue || o == Op::kI64x2AllTrue) {
    if (next_consumes_flags()) {
      const Cond c = emit_simd_test_flags(*m_, o, x);
      release(a);
      return set_out_flags(out, {c});
    }
  }
  release(a);
  const Gpr dst = as_gpr(result_reg(false, kNoReg));
  zext_.erase(dst);
  if (o == Op::kI32ReinterpretF32 || o == Op::kI64ReinterpretF64) {
    emit_reinterpret(*m_, o, dst, x);
  } else if (op_info(o).prefix == 0xfd) {
    emit_simd_test(*m_, o, dst, x);
  } else if (op_info(o).prefix == 0xfc) {
    emit_trunc_sat(*m_, o, dst, x);
  } else {
    trap_label(TrapCode::kIntegerOverflow);
    trap_label(TrapCode::kBadConversionToInteger);
    Late& overflow = late_[late_.size() - 2];
    Late& invalid = late_[late_.size() - 1];
    emit_trunc_trap(*m_, o, dst, x, overflow.label, invalid.label);
  }
  set_out(out, reg_of(dst));
}

// Vectors -----------------------------------------------------------------------------------------

void FunctionCompiler::v128_const(const u8* bytes, Slot& out) {
  Bytes16 value;
  for (u32 i = 0; i < 16; ++i) value[i] = bytes[i];
  const Reg dst = result_reg(true, kNoReg);
  emit_simd_const(*m_, as_xmm(dst), value);
  set_out(out, dst);
}

void FunctionCompiler::simd_binary(Op o, Slot& a, Slot& b, Slot& out) {
  if (!simd_supported(*m_, o)) return unsupported(o);
  pin(a), pin(b);
  const Xmm x = xmm(a);
  if (!in_xmm(b.type)) {
    if (is_const(b)) {
      release(a);
      const Reg dst = result_reg(true, reg_of(x));
      emit_simd_shift(*m_, o, as_xmm(dst), x, static_cast<u32>(b.value.bits));
      return set_out(out, dst);
    }
    const Gpr count = gpr(b);
    release(a);
    release(b);
    const Reg dst = result_reg(true, reg_of(x));
    emit_simd_shift(*m_, o, as_xmm(dst), x, count);
    return set_out(out, dst);
  }
  const Xmm y = xmm(b);
  release(a);
  release(b);
  const Reg dst = result_reg(true, reg_of(x));
  emit_simd_binary(*m_, o, as_xmm(dst), x, y);
  set_out(out, dst);
}

void FunctionCompiler::ternary(Op o, Slot& a, Slot& b, Slot& c, Slot& out) {
  if (!simd_supported(*m_, o)) return unsupported(o);
  pin(a), pin(b), pin(c);
  const Xmm x = xmm(a), y = xmm(b), z = xmm(c);
  release(a);
  release(b);
  release(c);
  const Reg dst = result_reg(true, reg_of(x));
  emit_simd_ternary(*m_, o, as_xmm(dst), x, y, z);
  set_out(out, dst);
}

void FunctionCompiler::extract_lane(Op o, u32 lane, Slot& vector, Slot& out) {
  const Xmm x = xmm(vector);
  release(vector);
  if (in_xmm(out.type)) {
    const Reg dst = result_reg(true, reg_of(x));
    emit_simd_extract_lane(*m_, o, as_xmm(dst), x, lane);
    return set_out(out, dst);
  }
  const Reg dst = result_reg(false, kNoReg);
  zext_.erase(as_gpr(dst));
  emit_simd_extract_lane(*m_, o, as_gpr(dst), x, lane);
  set_out(out, dst);
}

void FunctionCompiler::replace_lane(Op o, u32 lane, Slot& vector, Slot& x, Slot& out) {
  pin(vector), pin(x);
  const Xmm v = xmm(vector);
  const Reg value = in_reg(x);
  release(vector);
  release(x);
  const Reg dst = result_reg(true, reg_of(v));
  if (is_xmm(value)) {
    emit_simd_replace_lane(*m_, o, as_xmm(dst), v, as_xmm(value), lane);
  } else {
    emit_simd_replace_lane(*m_, o, as_xmm(dst), v, as_gpr(value), lane);
  }
  set_out(out, dst);
}

void FunctionCompiler::shuffle(const u8* lanes, Slot& a, Slot& b, Slot& out) {
  pin(a), pin(b);
  const Xmm x = xmm(a), y = xmm(b);
  release(a);
  release(b);
  const Reg dst = result_reg(true, reg_of(x));
  emit_simd_shuffle(*m_, as_xmm(dst), x, y, std::span<const u8, 16>(lanes, 16));
  set_out(out, dst);
}

}  // namespace wazuka::baseline
