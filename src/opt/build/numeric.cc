// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Scalars and vectors without memory.
#include <algorithm>

#include "opt/build/graph_builder.h"

namespace wazuka::opt {

namespace {

bool is_simd(Op op) {
  return op_info(op).prefix == 0xfd;
}

/// What a WebAssembly instruction with a plain signature is in the IR.
struct Mapped {
  Opcode op = Opcode::kIConst;  // none
  u8 cond = 0;
};

Mapped int_op(Op op) {
#define BOTH(name, opcode) \
  case Op::kI32##name:     \
  case Op::kI64##name: return {Opcode::opcode};
#define COMPARE(name, cond) \
  case Op::kI32##name:      \
  case Op::kI64##name: return {Opcode::kICmp, static_cast<u8>(IntCond::cond)};
  switch (op) {
    BOTH(Add, kIAdd)
    BOTH(Sub, kISub)
    BOTH(Mul, kIMul)
    BOTH(DivS, kSDiv)
    BOTH(DivU, kUDiv)
    BOTH(RemS, kSRem)
    BOTH(RemU, kURem)
    BOTH(And, kIAnd)
    BOTH(Or, kIOr)
    BOTH(Xor, kIXor)
    BOTH(Shl, kIShl)
    BOTH(ShrS, kSShr)
    BOTH(ShrU, kUShr)
    BOTH(Rotl, kRotl)
    BOTH(Rotr, kRotr)
    BOTH(Clz, kClz)
    BOTH(Ctz, kCtz)
    BOTH(Popcnt, kPopcnt)
    BOTH(Extend8S, kSExt8)
    BOTH(Extend16S, kSExt16)
    COMPARE(Eq, kEq)
    COMPARE(Ne, kNe)
    COMPARE(LtS, kLtS)
    COMPARE(LtU, kLtU)
    COMPARE(GtS, kGtS)
    COMPARE(GtU, kGtU)
    COMPARE(LeS, kLeS)
    COMPARE(LeU, kLeU)
    COMPARE(GeS, kGeS)
    COMPARE(GeU, kGeU)
    case Op::kI32WrapI64: return {Opcode::kWrap};
    case Op::kI64ExtendI32S: return {Opcode::kSExt32};
    case Op::kI64ExtendI32U: return {Opcode::kZExt32};
    default: return {};
  }
#undef BOTH
#undef COMPARE
}

Mapped float_op(Op op) {
#define BOTH(name, opcode) \
  case Op::kF32##name:     \
  case Op::kF64##name: return {Opcode::opcode};
#define COMPARE(name, cond) \
  case Op::kF32##name:      \
  case Op::kF64##name: return {Opcode::kFCmp, static_cast<u8>(FloatCond::cond)};
  switch (op) {
    BOTH(Add, kFAdd)
    BOTH(Sub, kFSub)
    BOTH(Mul, kFMul)
    BOTH(Div, kFDiv)
    BOTH(Min, kFMin)
    BOTH(Max, kFMax)
    BOTH(Copysign, kFCopysign)
    BOTH(Abs, kFAbs)
    BOTH(Neg, kFNeg)
    BOTH(Ceil, kFCeil)
    BOTH(Floor, kFFloor)
    BOTH(Trunc, kFTrunc)
    BOTH(Nearest, kFNearest)
    BOTH(Sqrt, kFSqrt)
    COMPARE(Eq, kEq)
    COMPARE(Ne, kNe)
    COMPARE(Lt, kLt)
    COMPARE(Gt, kGt)
    COMPARE(Le, kLe)
    COMPARE(Ge, kGe)
    default: return {};
  }
#undef BOTH
#undef COMPARE
}

Mapped conversion(Op op) {
  switch (op) {
    case Op::kI32TruncF32S:
    case Op::kI32TruncF64S:
    case Op::kI64TruncF32S:
    case Op::kI64TruncF64S: return {Opcode::kFToS};
    case Op::kI32TruncF32U:
    case Op::kI32TruncF64U:
    case Op::kI64TruncF32U:
    case Op::kI64TruncF64U: return {Opcode::kFToU};
    case Op::kI32TruncSatF32S:
    case Op::kI32TruncSatF64S:
    case Op::kI64TruncSatF32S:
    case Op::kI64TruncSatF64S: return {Opcode::kFToSSat};
    case Op::kI32TruncSatF32U:
    case Op::kI32TruncSatF64U:
    case Op::kI64TruncSatF32U:
    case Op::kI64TruncSatF64U: return {Opcode::kFToUSat};
    case Op::kF32ConvertI32S:
    case Op::kF32ConvertI64S:
    case Op::kF64ConvertI32S:
    case Op::kF64ConvertI64S: return {Opcode::kSToF};
    case Op::kF32ConvertI32U:
    case Op::kF32ConvertI64U:
    case Op::kF64ConvertI32U:
    case Op::kF64ConvertI64U: return {Opcode::kUToF};
    case Op::kF32DemoteF64: return {Opcode::kDemote};
    case Op::kF64PromoteF32: return {Opcode::kPromote};
    case Op::kI32ReinterpretF32:
    case Op::kI64ReinterpretF64:
    case Op::kF32ReinterpretI32:
    case Op::kF64ReinterpretI64: return {Opcode::kBitcast};
    default: return {};
  }
}

Mapped mapped(Op op) {
  Mapped m = int_op(op);
  if (m.op == Opcode::kIConst) m = float_op(op);
  if (m.op == Opcode::kIConst) m = conversion(op);
  return m;
}

}  // namespace

void GraphBuilder::v128_const(const u8* bytes, Slot& out) {
  Graph::Bytes16 copy;
  std::copy_n(bytes, 16, copy.begin());
  out.value = f_.make({.op = Opcode::kVConst, .type = Type::kV128, .args = {g_.add_vector(copy)}});
}

void GraphBuilder::unary(Op op, Slot& a, Slot& out) {
  if (is_simd(op)) return simd(op, {a.value}, out);
  switch (op) {
    case Op::kI32Eqz:
    case Op::kI64Eqz: out.value = f_.icmp(IntCond::kEq, a.value, 0); return;
    case Op::kI64Extend32S:
      out.value = f_.unary(Opcode::kSExt32, Type::kI64, f_.wrap(a.value));
      return;
    default: break;
  }
  const Mapped m = mapped(op);
  if (m.op == Opcode::kIConst) return unsupported(op);
  const Inst inst{.op = m.op, .type = type_of(out.type), .args = {index_of(a.value)}};
  out.value = is_pure(m.op) ? f_.make(inst) : f_.check(inst, block_);
}

void GraphBuilder::binary(Op op, Slot& a, Slot& b, Slot& out) {
  if (is_simd(op)) return simd(op, {a.value, b.value}, out);
  const Mapped m = mapped(op);
  if (m.op == Opcode::kIConst) return unsupported(op);
  const Inst inst{.op = m.op,
                  .type = type_of(out.type),
                  .aux = m.cond,
                  .args = {index_of(a.value), index_of(b.value)}};
  out.value = is_pure(m.op) ? f_.make(inst) : f_.check(inst, block_);
}

void GraphBuilder::ternary(Op op, Slot& a, Slot& b, Slot& c, Slot& out) {
  simd(op, {a.value, b.value, c.value}, out);
}

/// 128 bits in two halves.
void GraphBuilder::wide(Op op, std::span<Slot> args, std::span<Slot> results) {
  auto arg = [&](u32 i) { return args[i].value; };
  Value low, high;
  switch (op) {
    case Op::kI64Add128:
      low = f_.add(arg(0), arg(2));
      high = f_.add(f_.add(arg(1), arg(3)), f_.zext(f_.icmp(IntCond::kLtU, low, arg(0))));
      break;
    case Op::kI64Sub128:
      low = f_.binary(Opcode::kISub, arg(0), arg(2));
      high = f_.binary(Opcode::kISub, f_.binary(Opcode::kISub, arg(1), arg(3)),
                       f_.zext(f_.icmp(IntCond::kLtU, arg(0), arg(2))));
      break;
    case Op::kI64MulWideS:
    case Op::kI64MulWideU:
      low = f_.binary(Opcode::kIMul, arg(0), arg(1));
      high =
          f_.binary(op == Op::kI64MulWideS ? Opcode::kSMulHigh : Opcode::kUMulHigh, arg(0), arg(1));
      break;
    default: return unsupported(op);
  }
  results[0].value = low;
  results[1].value = high;
}

// Vectors -----------------------------------------------------------------------------------------

void GraphBuilder::simd(Op op, std::initializer_list<Value> args, Slot& out) {
  constexpr Opcode kByCount[] = {Opcode::kSimd1, Opcode::kSimd2, Opcode::kSimd3};
  Inst inst{
      .op = kByCount[args.size() - 1], .type = type_of(out.type), .aux = static_cast<u16>(op)};
  u32 i = 0;
  for (Value v : args) inst.args[i++] = index_of(v);
  out.value = f_.make(inst);
}

void GraphBuilder::extract_lane(Op op, u32 lane, Slot& vector, Slot& out) {
  out.value = f_.make({.op = Opcode::kExtract,
                       .type = type_of(out.type),
                       .aux = static_cast<u16>(op),
                       .args = {index_of(vector.value), 0, lane}});
}

void GraphBuilder::replace_lane(Op op, u32 lane, Slot& vector, Slot& x, Slot& out) {
  out.value = f_.make({.op = Opcode::kReplace,
                       .type = Type::kV128,
                       .aux = static_cast<u16>(op),
                       .args = {index_of(vector.value), index_of(x.value), lane}});
}

void GraphBuilder::shuffle(const u8* lanes, Slot& a, Slot& b, Slot& out) {
  Graph::Bytes16 copy;
  std::copy_n(lanes, 16, copy.begin());
  out.value = f_.make({.op = Opcode::kShuffle,
                       .type = Type::kV128,
                       .args = {index_of(a.value), index_of(b.value), g_.add_vector(copy)}});
}

}  // namespace wazuka::opt
