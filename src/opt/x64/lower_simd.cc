// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Vectors. Operations are left to the functions that the baseline compiler uses
// (baseline/x64/simd.h); accesses to memory are single instructions of AVX2.
#include "opt/x64/lowering.h"

namespace wazuka::opt {

using assembly::CpuFeature;
using regalloc::Operand;

void Lowering::simd(Value v) {
  const Inst& inst = at(v);
  if (!has(CpuFeature::kAvx2)) return unsupported("vectors without AVX2");
  const Op op = inst.simd();
  const u16 detail = static_cast<u16>(op);
  const VReg a = low(inst.arg(0));
  const Operand first = Operand::use(a);
  switch (inst.op) {
    case Opcode::kSimd1:
      if (g_.type(inst.arg(0)) != Type::kV128) {
        return add(MOp::kSimdSplat, v, {first, Operand::def(dst(v))}, detail);
      }
      return add(inst.type == Type::kV128 ? MOp::kSimdUnary : MOp::kSimdTest, v,
                 {first, Operand::def(dst(v))}, detail);
    case Opcode::kSimd2: {
      const Inst& count = at(inst.arg(1));
      if (count.op == Opcode::kIConst) {
        return add(MOp::kSimdShiftImm, v, {first, Operand::def(dst(v))}, detail, count.bits());
      }
      const Operand second = Operand::use(low(inst.arg(1)));
      return add(is_int(count.type) ? MOp::kSimdShift : MOp::kSimdBinary, v,
                 {first, second, Operand::def(dst(v))}, detail);
    }
    case Opcode::kSimd3: {
      const bool fused = op >= Op::kF32x4RelaxedMadd && op <= Op::kF64x2RelaxedNmadd;
      if (fused && !has(CpuFeature::kFma)) return unsupported(op_info(op).text.view());
      const Operand second = Operand::use(low(inst.arg(1)));
      const Operand third = Operand::use(low(inst.arg(2)));
      return add(MOp::kSimdTernary, v, {first, second, third, Operand::def(dst(v))}, detail);
    }
    case Opcode::kExtract:
      return add(MOp::kSimdExtract, v, {first, Operand::def(dst(v))}, detail, inst.lane());
    case Opcode::kReplace: {
      const Operand second = Operand::use(low(inst.arg(1)));
      return add(MOp::kSimdReplace, v, {first, second, Operand::def(dst(v))}, detail, inst.lane());
    }
    default: {
      const Operand second = Operand::use(low(inst.arg(1)));
      return add(MOp::kShuffle, v, {first, second, Operand::def(dst(v))}, 0,
                 constant(g_.vector(inst.args[2])));
    }
  }
}

// Memory ------------------------------------------------------------------------------------------

void Lowering::simd_load(Value v) {
  if (!has(CpuFeature::kAvx2)) return unsupported("vectors without AVX2");
  auto row = [](Op op) {
    switch (op) {
      case Op::kV128Load32Zero: return MInst::vmovss_rm;
      case Op::kV128Load64Zero: return MInst::vmovsd_rm;
      case Op::kV128Load8Splat: return MInst::vpbroadcastb;
      case Op::kV128Load16Splat: return MInst::vpbroadcastw;
      case Op::kV128Load32Splat: return MInst::vbroadcastss_m;
      case Op::kV128Load64Splat: return MInst::vmovddup;
      case Op::kV128Load8x8S: return MInst::vpmovsxbw;
      case Op::kV128Load8x8U: return MInst::vpmovzxbw;
      case Op::kV128Load16x4S: return MInst::vpmovsxwd;
      case Op::kV128Load16x4U: return MInst::vpmovzxwd;
      case Op::kV128Load32x2S: return MInst::vpmovsxdq;
      case Op::kV128Load32x2U: return MInst::vpmovzxdq;
      default: return MInst::vmovups_rm;
    }
  };
  const Access& access = g_.access(at(v));
  add(Row(row(access.simd)).def(dst(v)).mem(address_of(v)));
}

void Lowering::simd_load_lane(Value v) {
  const Inst& inst = at(v);
  const Access& access = g_.access(inst);
  if (!has(CpuFeature::kAvx2)) return unsupported("vectors without AVX2");
  const MInst row = access.bytes == 1   ? MInst::vpinsrb
                    : access.bytes == 2 ? MInst::vpinsrw
                    : access.bytes == 4 ? MInst::vpinsrd
                                        : MInst::vpinsrq;
  const VReg vector = use(inst.arg(2));
  const Address from = address_of(v);
  add(Row(row).def(dst(v)).use(vector).mem(from).imm(access.lane));
}

void Lowering::simd_store_lane(Value v) {
  const Inst& inst = at(v);
  const Access& access = g_.access(inst);
  if (!has(CpuFeature::kAvx2)) return unsupported("vectors without AVX2");
  const MInst row = access.bytes == 1   ? MInst::vpextrb
                    : access.bytes == 2 ? MInst::vpextrw_mx
                    : access.bytes == 4 ? MInst::vpextrd
                                        : MInst::vpextrq;
  const VReg vector = use(inst.arg(2));
  const Address to = address_of(v);
  add(Row(row).mem(to).use(vector).imm(access.lane));
}

}  // namespace wazuka::opt
