// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Deferring and fusing: superinstructions.
//
// An instruction whose result is consumed right behind it can be left to its consumer. Whether it
// is, is known from the next opcode, because the operand is on top of the stack; a local.get in
// between pushes another operand, which is the consumer's second. So at most one operand is
// deferred at any time, nothing is emitted while it is, and its own operands stay where they were
// taken. A consumer that cannot use it that way has it computed first (`realize`).
#include "interp/lowering/lowering.h"
#include "interp/lowering/op_map.h"

namespace wazuka::interp {

namespace {

constexpr u8 code_of(Op op) {
  return static_cast<u8>(op_info(op).code);
}

i64 int_value(const Operand& o) {
  return o.type == kI32 ? i64{static_cast<i32>(o.bits)} : static_cast<i64>(o.bits);
}
bool is_small(const Operand& o) {
  return o.is_const && int_value(o) == static_cast<i16>(int_value(o));
}

/// outer(x, inner(a, b)) as one operation; the inner one's b as an immediate or in a slot.
struct Pair {
  Base inner;
  Base outer;
  bool immediate;
  Base fused;
};
constexpr Pair kPairs[] = {
    {Base::kShl32, Base::kAdd, true, Base::kShlAdd32},
    {Base::kShl32, Base::kOr, true, Base::kShlOr32},
    {Base::kShl32, Base::kXor, true, Base::kShlXor32},
    {Base::kShrU32, Base::kAdd, true, Base::kShrUAdd32},
    {Base::kShrU32, Base::kOr, true, Base::kShrUOr32},
    {Base::kShrU32, Base::kXor, true, Base::kShrUXor32},
    {Base::kRotl32, Base::kAdd, true, Base::kRotlAdd32},
    {Base::kRotl32, Base::kXor, true, Base::kRotlXor32},
    {Base::kShl64, Base::kAdd, true, Base::kShlAdd64},
    {Base::kShl64, Base::kOr, true, Base::kShlOr64},
    {Base::kShl64, Base::kXor, true, Base::kShlXor64},
    {Base::kShrU64, Base::kAdd, true, Base::kShrUAdd64},
    {Base::kShrU64, Base::kOr, true, Base::kShrUOr64},
    {Base::kShrU64, Base::kXor, true, Base::kShrUXor64},
    {Base::kRotl64, Base::kAdd, true, Base::kRotlAdd64},
    {Base::kRotl64, Base::kXor, true, Base::kRotlXor64},
    {Base::kAnd, Base::kAdd, true, Base::kAndIAdd},
    {Base::kAnd, Base::kOr, true, Base::kAndIOr},
    {Base::kMul, Base::kAdd, true, Base::kMulIAdd},
    {Base::kAdd, Base::kAdd, true, Base::kAddIAdd},
    {Base::kAdd, Base::kAnd, true, Base::kAddIAnd},
    {Base::kAdd, Base::kXor, true, Base::kAddIXor},
    {Base::kAnd, Base::kAdd, false, Base::kAndAdd},
    {Base::kAnd, Base::kOr, false, Base::kAndOr},
    {Base::kAnd, Base::kXor, false, Base::kAndXor},
    {Base::kXor, Base::kAdd, false, Base::kXorAdd},
    {Base::kXor, Base::kAnd, false, Base::kXorAnd},
    {Base::kXor, Base::kXor, false, Base::kXorXor},
    {Base::kOr, Base::kAnd, false, Base::kOrAnd},
    {Base::kOr, Base::kOr, false, Base::kOrOr},
    {Base::kMul, Base::kAdd, false, Base::kMulAdd},
    {Base::kAdd, Base::kAdd, false, Base::kAddAdd},
    {Base::kAdd, Base::kXor, false, Base::kAddXor},
    {Base::kF32Mul, Base::kF32Add, false, Base::kF32MulAdd},
    {Base::kF32Mul, Base::kF32Sub, false, Base::kF32MulSub},
    {Base::kF64Mul, Base::kF64Add, false, Base::kF64MulAdd},
    {Base::kF64Mul, Base::kF64Sub, false, Base::kF64MulSub},
};

const Pair* find_pair(Base inner, Base outer, bool immediate) {
  for (const Pair& p : kPairs) {
    if (p.inner == inner && p.outer == outer && p.immediate == immediate) return &p;
  }
  return nullptr;
}

/// Operations on memory that have the loaded value as their second operand.
struct LoadPair {
  Op outer;
  Op load;
  Base fused;
};
constexpr LoadPair kLoadPairs[] = {
    {Op::kF32Add, Op::kF32Load, Base::kF32AddLoad}, {Op::kF32Sub, Op::kF32Load, Base::kF32SubLoad},
    {Op::kF32Mul, Op::kF32Load, Base::kF32MulLoad}, {Op::kF64Add, Op::kF64Load, Base::kF64AddLoad},
    {Op::kF64Sub, Op::kF64Load, Base::kF64SubLoad}, {Op::kF64Mul, Op::kF64Load, Base::kF64MulLoad},
    {Op::kI32Add, Op::kI32Load, Base::kI32AddLoad}, {Op::kI32Xor, Op::kI32Load, Base::kI32XorLoad},
    {Op::kI64Add, Op::kI64Load, Base::kI64AddLoad}, {Op::kI64Xor, Op::kI64Load, Base::kI64XorLoad},
};

}  // namespace

// What comes next --------------------------------------------------------------------------------

/// Whether the instruction `skip` bytes behind the current one is br_if or if.
bool Lowering::next_is_branch(u32 skip) const {
  if (next_.size() <= skip) return false;
  return next_[skip] == code_of(Op::kBrIf) || next_[skip] == code_of(Op::kIf);
}

bool Lowering::next_is_load() const {
  return !next_.empty() && next_[0] >= code_of(Op::kI32Load) &&
         next_[0] <= code_of(Op::kI64Load32U);
}

/// The opcode of the instruction that takes the current one's result together with the operand
/// below it, or with a local that is pushed in between; 0 if unknown.
u8 Lowering::consumer() const {
  if (next_.empty()) return 0;
  if (next_[0] != code_of(Op::kLocalGet)) return next_[0];
  size_t i = 1;
  while (i < next_.size() && (next_[i] & 0x80) != 0) ++i;
  return i + 1 < next_.size() ? next_[i + 1] : 0;
}

// Deferring --------------------------------------------------------------------------------------

bool Lowering::defer(const Deferred& d, Slot& out) {
  deferred_ = d;
  out.value = top_value(Where::kDeferred, out.type);
  return true;
}

/// A compare, or an `and`, for a branch or for i32.eqz and a branch.
bool Lowering::defer_condition(Base base, const Operand& x, const Operand& y, Slot& out) {
  const bool used_by_branch =
      next_is_branch() || (!next_.empty() && next_[0] == code_of(Op::kI32Eqz) && next_is_branch(1));
  if (!used_by_branch) return false;
  Deferred d;
  d.base = base;
  d.x = x;
  d.y = y;
  return defer(d, out);
}

bool Lowering::defer_binary(Op op, Base base, const Operand& x, const Operand& y, Slot& out) {
  if (is_int_compare(base) || is_float_compare(base)) return defer_condition(base, x, y, out);
  if (op == Op::kI32And && defer_condition(base, x, y, out)) return true;
  if (x.is_const) return false;
  if (context_.options.canonical_nans && class_of(out.type) != Class::kInt) return false;
  Deferred d;
  d.base = base;
  d.x = x;
  d.y = y;
  if (op == Op::kI32Add && next_is_load() && !is_memory64(0)) return defer(d, out);
  const u8 next = consumer();
  const u16 outer = find_op(0, next);
  if (outer == kNoOp || !mapping(static_cast<Op>(outer)).known) return false;
  // An immediate outer operand has no fused form.
  if (op == Op::kI32Rotr || op == Op::kI64Rotr) {
    if (!y.is_const) return false;
    const u32 width = op == Op::kI32Rotr ? 32 : 64;
    d.base = op == Op::kI32Rotr ? Base::kRotl32 : Base::kRotl64;
    d.y.bits = (width - y.bits) & (width - 1);
  }
  if (y.is_const && !is_small(d.y)) return false;
  const OpMapping& m = mapping(static_cast<Op>(outer));
  if (m.exchange || op_info(static_cast<Op>(outer)).category != OpCategory::kBinary) return false;
  if (find_pair(d.base, m.base, y.is_const) == nullptr) return false;
  if (!y.is_const && !y.in_slot && !x.in_slot) return false;
  return defer(d, out);
}

bool Lowering::negate_deferred() {
  if (deferred_.is_load) return false;
  if (deferred_.base == Base::kAnd) {  // not a truth value: remembered
    deferred_.negate = !deferred_.negate;
    return true;
  }
  if (!is_int_compare(deferred_.base) && !is_float_compare(deferred_.base)) return false;
  deferred_.base = negated(deferred_.base);
  return true;
}

bool Lowering::defer_load(Op op, const Operand& address, u32 end, Slot& out) {
  if (is_memory64(0)) return false;
  const u8 next = consumer();
  for (const LoadPair& p : kLoadPairs) {
    if (p.load != op || code_of(p.outer) != next) continue;
    Deferred d;
    d.is_load = true;
    d.base = mapping(op).base;
    d.x = address;
    d.end = end;
    return defer(d, out);
  }
  return false;
}

/// Computes a deferred operand, into its accumulator. The caller takes it from there.
void Lowering::realize(Slot& s) {
  const u32 cell = s.value.cell;
  Deferred d = deferred_;
  Accumulator& a = acc(class_of(s.type));
  if (d.is_load) {
    Fields f = Fields().imm(d.end);
    if (d.has_addend) {
      const Base base = base_at(index_of(Base::kLoadAdd8S) +
                                (index_of(d.base) - index_of(Base::kLoad8S)) / 3 * 2);
      produce(base, d.x.in_acc ? 1 : 0, d.x.in_acc ? f : f.set(1, d.x.cell), s);
      e_.word(d.addend);
    } else {
      const Kind kind = d.x.in_acc ? Kind::kR : Kind::kS;
      if (kind == Kind::kS) f.set(1, d.x.cell);
      produce(d.base, find_combo(d.base, {kind, Kind::kNone}), f, s);
    }
  } else if (d.shifted) {
    Operand shift;
    shift.type = kI32;
    shift.is_const = true;
    shift.bits = d.shift;
    emit_fused(Base::kShlAdd32, d.x, d.y, shift, s);
  } else {
    emit_binary(d.base, d.x, d.y, s);
    if (d.negate) {
      a.operand = Accumulator::kNone;
      Operand masked;
      masked.type = kI32;
      masked.in_acc = true;
      Operand zero;
      zero.type = kI32;
      zero.is_const = true;
      emit_binary(Base::kEq32, masked, zero, s);
    }
  }
  s.value.cell = cell;
  s.value.where = Where::kAcc;
  a.operand = Accumulator::kNone;
  note_cells(u64{cell} + 1);
}

/// Computes an operand of the stack, or one just popped, if it is deferred.
void Lowering::compute(Slot& s) {
  if (s.value.where != Where::kDeferred) return;
  realize(s);
  acc(class_of(s.type)).operand = static_cast<u32>(&s - stack_);
}

// Fusing -----------------------------------------------------------------------------------------

/// The binary operation `op` if one of its operands is deferred and there is a form for both.
bool Lowering::fuse(Op op, Slot& a, Slot& b, Slot& out) {
  const bool second = b.value.where == Where::kDeferred;
  if (!second && a.value.where != Where::kDeferred) return false;
  if (mapping(op).exchange) return false;
  Slot& other = second ? a : b;
  if (other.value.where == Where::kConst) return false;
  // Nothing may be taken before it is sure that there is a form.
  const Deferred d = deferred_;
  const Base outer = mapping(op).base;
  if (d.is_load) {
    for (const LoadPair& p : kLoadPairs) {
      if (p.outer != op || mapping(p.load).base != d.base) continue;
      const bool subtraction = op == Op::kF32Sub || op == Op::kF64Sub;
      return fuse_load(p.fused, subtraction && !second, take(other), out);
    }
    return false;
  }
  if (d.negate || d.shifted) return false;
  const Pair* pair = find_pair(d.base, outer, d.y.is_const);
  if (pair == nullptr) return false;
  // An address: base + (index << shift), for the load that follows.
  if (op == Op::kI32Add && d.base == Base::kShl32 && d.y.is_const && next_is_load() &&
      !is_memory64(0)) {
    Operand base = take(other);
    if (!base.in_slot) return emit_fused(pair->fused, base, d.x, d.y, out);
    Deferred sum;
    sum.base = Base::kAdd;
    sum.shifted = true;
    sum.x = base;
    sum.y = d.x;
    sum.shift = static_cast<u32>(d.y.bits) & 31;
    return defer(sum, out);
  }
  Base fused = pair->fused;
  if (!second && (op == Op::kF32Sub || op == Op::kF64Sub)) {
    fused = op == Op::kF32Sub ? Base::kF32MulRsub : Base::kF64MulRsub;
  }
  return emit_fused(fused, take(other), d.x, d.y, out);
}

/// fused(x, a, b): x and a in slots or, one of them, in the accumulator.
bool Lowering::emit_fused(Base base, const Operand& x, Operand a, const Operand& b, Slot& out) {
  Operand last = b;
  if (!last.is_const && !last.in_slot) std::swap(a, last);  // the inner operation commutes
  Combo kinds{x.in_acc ? Kind::kR : Kind::kS, a.in_acc ? Kind::kR : Kind::kS};
  if (kinds.a == Kind::kR && kinds.b == Kind::kR) {
    (x.in_slot ? kinds.a : kinds.b) = Kind::kS;
  }
  Fields f;
  if (kinds.a == Kind::kS) f.set(1, x.cell);
  if (kinds.b == Kind::kS) f.set(2, a.cell);
  f.set(3, last.is_const ? static_cast<u32>(last.bits) : last.cell);
  produce(base, find_combo(base, kinds), f, out);
  return true;
}

/// x ∘ memory.
bool Lowering::fuse_load(Base base, bool reversed, const Operand& x, Slot& out) {
  const Deferred d = deferred_;
  if (reversed) base = base_at(index_of(base) + 1);  // x − m, then m − x
  Kind address = d.has_addend ? Kind::kI : d.x.in_acc ? Kind::kR : Kind::kS;
  Kind value = x.in_acc ? Kind::kR : Kind::kS;
  if (class_of(x.type) == Class::kInt && value == Kind::kR && address == Kind::kR) {
    (x.in_slot ? value : address) = Kind::kS;
  }
  Fields f;
  if (value == Kind::kS) f.set(1, x.cell);
  if (address != Kind::kR) f.set(2, d.x.cell);
  produce(base, find_combo(base, {value, address}), f, out);
  e_.word(u64{d.end} | u64{d.has_addend ? d.addend : 0} << 32);
  return true;
}

/// A load whose address is a deferred sum.
bool Lowering::load_deferred_address(Op op, u32 end, Slot& out) {
  const Deferred d = deferred_;
  if (d.is_load || d.base != Base::kAdd || is_memory64(0)) return false;
  const u32 row = (index_of(mapping(op).base) - index_of(Base::kLoad8S)) / 3 * 2;
  if (d.y.is_const && !d.shifted) {
    if (d.x.in_slot && defer_load(op, d.x, end, out)) {
      deferred_.has_addend = true;
      deferred_.addend = static_cast<u32>(d.y.bits);
      deferred_.x.in_acc = false;
      return true;
    }
    const Base base = base_at(index_of(Base::kLoadAdd8S) + row);
    Fields f = Fields().imm(end);
    if (!d.x.in_acc) f.set(1, d.x.cell);
    produce(base, d.x.in_acc ? 1 : 0, f, out);
    e_.word(static_cast<u32>(d.y.bits));
    return true;
  }
  Operand x = d.x, y = d.y;
  if (!x.in_slot && y.in_slot && !d.shifted) std::swap(x, y);
  if (!x.in_slot) return false;
  const Base base = base_at(index_of(Base::kLoadIndex8S) + row);
  Fields f = Fields().set(1, x.cell).set(3, d.shift);
  if (!y.in_acc) f.set(2, y.cell);
  produce(base, y.in_acc ? 1 : 0, f, out);
  e_.word(end);
  return true;
}

/// Two additions of constants that are both stored, one behind the other, become one instruction.
void Lowering::pair_additions() {
  const Form add = make_form(Base::kAdd, find_combo(Base::kAdd, {Kind::kS, Kind::kI}), true);
  const Emitter::Last second = e_.last(), first = e_.before_last();
  if (!second.valid || !first.valid || second.form != add || first.form != add) return;
  const Fields f = e_.fields(first.position), g = e_.fields(second.position);
  e_.take_back();
  e_.take_back();
  const u32 at =
      e_.emit(Base::kAddAddImm,
              Fields().set(0, f.get(0)).set(1, f.get(1)).set(2, g.get(0)).set(3, g.get(1)));
  e_.word(u64{static_cast<u32>(f.imm())} | u64{static_cast<u32>(g.imm())} << 32);
  acc(Class::kInt).producer = at;
}

}  // namespace wazuka::interp
