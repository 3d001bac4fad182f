// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Floats and conversions. What is more than one instruction is left to the functions that the
// baseline compiler uses (baseline/x64/float.h).
#include "opt/x64/lowering.h"

namespace wazuka::opt {

using regalloc::Operand;

namespace {

/// WebAssembly's name of an operation on the float type `t`.
#define BOTH(name) return t == Type::kF32 ? Op::kF32##name : Op::kF64##name
Op float_name(Opcode op, Type t) {
  switch (op) {
    case Opcode::kFAdd: BOTH(Add);
    case Opcode::kFSub: BOTH(Sub);
    case Opcode::kFMul: BOTH(Mul);
    case Opcode::kFDiv: BOTH(Div);
    case Opcode::kFMin: BOTH(Min);
    case Opcode::kFMax: BOTH(Max);
    case Opcode::kFCopysign: BOTH(Copysign);
    case Opcode::kFAbs: BOTH(Abs);
    case Opcode::kFNeg: BOTH(Neg);
    case Opcode::kFCeil: BOTH(Ceil);
    case Opcode::kFFloor: BOTH(Floor);
    case Opcode::kFTrunc: BOTH(Trunc);
    case Opcode::kFNearest: BOTH(Nearest);
    case Opcode::kFSqrt: BOTH(Sqrt);
    case Opcode::kDemote: return Op::kF32DemoteF64;
    case Opcode::kPromote: return Op::kF64PromoteF32;
    default: return Op::kNop;
  }
}
#undef BOTH

/// Conversions between an integer and a float.
Op conversion_name(Opcode op, Type integer, Type real) {
  const bool i64 = integer == Type::kI64, f64 = real == Type::kF64;
#define CHOOSE(prefix, s)                                                  \
  return i64 ? (f64 ? Op::kI64##prefix##F64##s : Op::kI64##prefix##F32##s) \
             : (f64 ? Op::kI32##prefix##F64##s : Op::kI32##prefix##F32##s)
  switch (op) {
    case Opcode::kSToF:
      return f64 ? (i64 ? Op::kF64ConvertI64S : Op::kF64ConvertI32S)
                 : (i64 ? Op::kF32ConvertI64S : Op::kF32ConvertI32S);
    case Opcode::kUToF:
      return f64 ? (i64 ? Op::kF64ConvertI64U : Op::kF64ConvertI32U)
                 : (i64 ? Op::kF32ConvertI64U : Op::kF32ConvertI32U);
    case Opcode::kFToS: CHOOSE(Trunc, S);
    case Opcode::kFToU: CHOOSE(Trunc, U);
    case Opcode::kFToSSat: CHOOSE(TruncSat, S);
    default: CHOOSE(TruncSat, U);
  }
#undef CHOOSE
}

MInst avx_row(Opcode op, Type t) {
  const bool f32 = t == Type::kF32;
  switch (op) {
    case Opcode::kFAdd: return f32 ? MInst::vaddss : MInst::vaddsd;
    case Opcode::kFSub: return f32 ? MInst::vsubss : MInst::vsubsd;
    case Opcode::kFMul: return f32 ? MInst::vmulss : MInst::vmulsd;
    default: return f32 ? MInst::vdivss : MInst::vdivsd;
  }
}

}  // namespace

void Lowering::float_constant(Value v, VReg to) {
  MachInst i;
  i.op = MOp::kLoadFloat;
  i.size = size_of(v);
  i.imm = at(v).bits();
  const Operand operands[] = {Operand::def(to)};
  f_.code.add(i, operands);
}

/// The last operand of an instruction on scalars.
RegMem Lowering::float_mem(Value v) {
  const Inst& inst = at(v);
  if (inst.op != Opcode::kFConst || inst.bits() == 0) return reg_mem(v, type_bytes(inst.type));
  const u64 bits = inst.bits();
  u8 bytes[8];
  for (u32 i = 0; i < 8; ++i) bytes[i] = static_cast<u8>(bits >> (8 * i));
  return {.kind = RegMem::Kind::kConst,
          .number = constant(std::span(bytes).first(type_bytes(inst.type)))};
}

void Lowering::float_binary(Value v) {
  const Inst& inst = at(v);
  Value a = inst.arg(0), b = inst.arg(1);
  const bool arithmetic = inst.op <= Opcode::kFDiv;
  if (arithmetic && avx_ && !env_.canonical_nans) {
    const bool commutes = inst.op == Opcode::kFAdd || inst.op == Opcode::kFMul;
    const bool a_in_memory = at(a).op == Opcode::kFConst || can_take_load(a, type_bytes(inst.type));
    if (commutes && a_in_memory) std::swap(a, b);
    const RegMem y = float_mem(b);
    return add(Row(avx_row(inst.op, inst.type)).def(dst(v)).use(low(a)).rm(y));
  }
  const VReg x = low(a), y = low(b);
  add(MOp::kFloatBinary, v, {Operand::use(x), Operand::use(y), Operand::def(dst(v))},
      static_cast<u16>(float_name(inst.op, inst.type)));
}

/// Whether it is an operation of these.
bool Lowering::float_op(Value v) {
  const Inst& inst = at(v);
  auto unary = [&](MOp op, Op name, bool early) {
    const VReg x = low(inst.arg(0));
    add(op, v, {early ? Operand::late_use(x) : Operand::use(x), Operand::def(dst(v))},
        static_cast<u16>(name));
    return true;
  };
  switch (inst.op) {
    case Opcode::kFAdd:
    case Opcode::kFSub:
    case Opcode::kFMul:
    case Opcode::kFDiv:
    case Opcode::kFMin:
    case Opcode::kFMax:
    case Opcode::kFCopysign: float_binary(v); return true;
    case Opcode::kFAbs:
    case Opcode::kFNeg:
    case Opcode::kFCeil:
    case Opcode::kFFloor:
    case Opcode::kFTrunc:
    case Opcode::kFNearest:
    case Opcode::kFSqrt:
    case Opcode::kPromote:
    case Opcode::kDemote: return unary(MOp::kFloatUnary, float_name(inst.op, inst.type), false);
    case Opcode::kSToF:
    case Opcode::kUToF:
      return unary(MOp::kIntToFloat, conversion_name(inst.op, g_.type(inst.arg(0)), inst.type),
                   false);
    case Opcode::kFToSSat:
    case Opcode::kFToUSat:
      return unary(MOp::kTruncSat, conversion_name(inst.op, inst.type, g_.type(inst.arg(0))),
                   false);
    case Opcode::kFToS:
    case Opcode::kFToU:
      return unary(MOp::kTruncTrap, conversion_name(inst.op, inst.type, g_.type(inst.arg(0))),
                   false);
    default: return false;
  }
}

void Lowering::bitcast(Value v) {
  const Inst& inst = at(v);
  const VReg x = low(inst.arg(0));
  const bool wide = size_of(v) == k64;
  MInst row;
  if (is_float(inst.type)) {
    row = wide ? (avx_ ? MInst::vmovq_xr : MInst::movq_xr)
               : (avx_ ? MInst::vmovd_xr : MInst::movd_xr);
  } else {
    row = wide ? (avx_ ? MInst::vmovq_rx : MInst::movq_rx)
               : (avx_ ? MInst::vmovd_rx : MInst::movd_rx);
  }
  add(Row(row).def(dst(v)).use(x));
}

// ucomiss a, b sets ZF PF CF to 000 for a > b, 001 for a < b, 100 for a = b, 111 for unordered:
// with the smaller operand second, "above" and "above or equal" are false for NaN by themselves.
FlagCond Lowering::float_compare(Value v) {
  using enum FlagCond::Parity;
  const Inst& inst = at(v);
  Value a = inst.arg(0), b = inst.arg(1);
  const bool wide = g_.type(a) == Type::kF64;
  FloatCond c = inst.float_cond();
  if (c == FloatCond::kLt || c == FloatCond::kLe) {
    std::swap(a, b);
    c = swapped(c);
  }
  const MInst row =
      wide ? (avx_ ? MInst::vucomisd : MInst::ucomisd) : (avx_ ? MInst::vucomiss : MInst::ucomiss);
  const RegMem y = float_mem(b);
  add(Row(row).use(low(a)).rm(y));
  switch (c) {
    case FloatCond::kEq: return {x64::Cond::kE, kAndNotP};
    case FloatCond::kNe: return {x64::Cond::kNe, kOrP};
    case FloatCond::kGt: return {x64::Cond::kA};
    default: return {x64::Cond::kAe};
  }
}

}  // namespace wazuka::opt
