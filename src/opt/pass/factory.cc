// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "opt/pass/factory.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#include "opt/ir/eval.h"

namespace wazuka::opt {

namespace {

u64 hash_of(const Inst& inst) {
  u64 words[2];
  std::memcpy(words, &inst, sizeof words);
  constexpr u64 kFactor = 0x9e3779b97f4a7c15;
  u64 h = (words[0] ^ (words[1] * kFactor)) * kFactor;
  return h ^ (h >> 32);
}

bool equal(const Inst& a, const Inst& b) {
  return std::memcmp(&a, &b, sizeof(Inst)) == 0;
}

bool is_nan(Type t, u64 bits) {
  if (t == Type::kF32) return std::isnan(std::bit_cast<f32>(static_cast<u32>(bits)));
  return std::isnan(std::bit_cast<f64>(bits));
}

/// Which NaN it gives is defined.
bool keeps_bits(Opcode op) {
  return op == Opcode::kFNeg || op == Opcode::kFAbs || op == Opcode::kFCopysign ||
         op == Opcode::kBitcast || op == Opcode::kSelect;
}

bool commutes(Opcode op) {
  switch (op) {
    case Opcode::kIAdd:
    case Opcode::kIMul:
    case Opcode::kUMulHigh:
    case Opcode::kSMulHigh:
    case Opcode::kIAnd:
    case Opcode::kIOr:
    case Opcode::kIXor: return true;
    default: return false;
  }
}

}  // namespace

// The table ---------------------------------------------------------------------------------------

u32 Factory::slot_of(const Inst& inst) const {
  const u32 mask = static_cast<u32>(table_.size()) - 1;
  u32 at = static_cast<u32>(hash_of(inst)) & mask;
  while (table_[at] != index_of(kNoValue) && !equal(g_[Value{table_[at]}], inst)) {
    at = (at + 1) & mask;
  }
  return at;
}

Value Factory::find(const Inst& inst) const {
  return table_.empty() ? kNoValue : Value{table_[slot_of(inst)]};
}

void Factory::rehash(u32 size) {
  table_.assign(size, index_of(kNoValue));
  for (u32 v : log_) table_[slot_of(g_[Value{v}])] = v;
}

void Factory::insert(Value v) {
  if (table_.size() < 2 * (log_.size() + 1))
    rehash(table_.empty() ? 256 : 2 * static_cast<u32>(table_.size()));
  table_[slot_of(g_[v])] = index_of(v);
  log_.push_back(index_of(v));
}

void Factory::pop_scope() {
  const u32 size = scopes_.back();
  scopes_.pop_back();
  while (log_.size() > size) {
    table_[slot_of(g_[Value{log_.back()}])] = index_of(kNoValue);
    log_.pop_back();
  }
}

void Factory::reset() {
  table_.assign(table_.size(), index_of(kNoValue));
  log_.clear();
  scopes_.clear();
}

// Making ------------------------------------------------------------------------------------------

Value Factory::make(Inst inst) {
  if (const Value v = simplify(inst); v != kNoValue) return v;
  if (const Value v = find(inst); v != kNoValue) return v;
  const Value v = g_.add(inst, wasm_offset);
  g_.set_origin(v, origin);
  insert(v);
  return v;
}

Value Factory::check(Inst inst, Block block) {
  if (inst.op == Opcode::kTrapIf) {
    inst.args[0] = index_of(truth(inst.arg(0)));
    if (is_const(inst.arg(0)) && bits(inst.arg(0)) == 0) return kNoValue;
  }
  if (const Value v = simplify(inst); v != kNoValue) return v;
  if (is_pure(inst.op)) return make(inst);
  if (const Value v = find(inst); v != kNoValue) return v;
  const Value v = g_.add(inst, wasm_offset);
  g_.append(block, v);
  insert(v);
  return v;
}

Value Factory::check_again(Value v) {
  Inst inst = g_[v];
  if (inst.op == Opcode::kTrapIf) {
    inst.args[0] = index_of(truth(inst.arg(0)));
    if (is_const(inst.arg(0)) && bits(inst.arg(0)) == 0) return kNoValue;
  }
  if (const Value known = simplify(inst); known != kNoValue) return known;
  if (is_pure(inst.op)) return make(inst);
  if (const Value known = find(inst); known != kNoValue) return known;
  g_[v] = inst;
  insert(v);
  return v;
}

Value Factory::share(Value v) {
  if (const Value known = find(g_[v]); known != kNoValue) return known;
  insert(v);
  return v;
}

Value Factory::iconst(Type t, u64 bits) {
  bits &= mask(t);
  return make({.op = Opcode::kIConst,
               .type = t,
               .args = {static_cast<u32>(bits), static_cast<u32>(bits >> 32)}});
}

Value Factory::fconst(Type t, u64 bits) {
  if (t == Type::kF32) bits &= 0xffffffffu;
  return make({.op = Opcode::kFConst,
               .type = t,
               .args = {static_cast<u32>(bits), static_cast<u32>(bits >> 32)}});
}

Value Factory::select(Value c, Value a, Value b) {
  return make({.op = Opcode::kSelect,
               .type = g_.type(a),
               .traced = static_cast<u8>(g_[a].traced | g_[b].traced),
               .args = {index_of(c), index_of(a), index_of(b)}});
}

bool Factory::matches(Value v, Opcode op, u64* constant) const {
  const Inst& inst = g_[v];
  if (inst.op != op || !is_const(inst.arg(1))) return false;
  *constant = bits(inst.arg(1));
  return true;
}

bool Factory::zero_extended(Value v) const {
  const Inst& inst = g_[v];
  switch (inst.op) {
    case Opcode::kIConst: return inst.bits() >> 32 == 0;
    case Opcode::kZExt32: return true;
    case Opcode::kLoad: {
      const Access& a = g_.access(inst);
      return a.bytes < 8 && !a.sign;
    }
    case Opcode::kIAnd:
      return (is_const(inst.arg(1)) && bits(inst.arg(1)) >> 32 == 0) ||
             (is_op(inst.arg(0), Opcode::kZExt32) || is_op(inst.arg(1), Opcode::kZExt32));
    case Opcode::kUShr: return is_const(inst.arg(1)) && (bits(inst.arg(1)) & 63) >= 32;
    case Opcode::kBounds: return g_.type(inst.arg(0)) == Type::kI32;
    default: return false;
  }
}

// Simplification ----------------------------------------------------------------------------------

Value Factory::fold(const Inst& inst) {
  const OpcodeInfo& info = info_of(inst.op);
  if (info.is_listed() || info.operands == 0 || info.operands > 3) return kNoValue;
  u64 x[3] = {};
  for (u32 i = 0; i < info.operands; ++i) {
    if (inst.args[i] == index_of(kNoValue)) return kNoValue;
    const Inst& arg = g_[inst.arg(i)];
    if (arg.op != Opcode::kIConst && arg.op != Opcode::kFConst) return kNoValue;
    x[i] = arg.bits();
  }
  const Evaluated result = evaluate(inst, g_.type(inst.arg(0)), x[0], x[1], x[2]);
  const u64* r = std::get_if<u64>(&result);
  if (r == nullptr) return kNoValue;  // what traps stays
  if (is_int(inst.type)) return iconst(inst.type, *r);
  return is_nan(inst.type, *r) && !keeps_bits(inst.op) ? kNoValue : fconst(inst.type, *r);
}

Value Factory::simplify(Inst& inst) {
  if (is_leaf(inst.op) || !rules_) return kNoValue;
  if (const Value v = fold(inst); v != kNoValue) return v;
  if (commutes(inst.op)) {
    // Constants second; else in a fixed order, so that equal ones are found.
    const bool first = is_const(inst.arg(0)), second = is_const(inst.arg(1));
    if (first != second ? first : inst.args[0] > inst.args[1]) {
      std::swap(inst.args[0], inst.args[1]);
    }
  }
  switch (inst.op) {
    case Opcode::kSDiv:
    case Opcode::kUDiv:
    case Opcode::kSRem:
    case Opcode::kURem: return simplify_division(inst);
    case Opcode::kSelect: return simplify_select(inst);
    default: break;
  }
  if (is_float(inst.type) || inst.op == Opcode::kFCmp) return simplify_float(inst);
  if (is_int(inst.type) && is_pure(inst.op)) return simplify_int(inst);
  return kNoValue;
}

Value Factory::truth(Value c) {
  for (;;) {
    const Inst& inst = g_[c];
    if (inst.op != Opcode::kICmp || inst.int_cond() != IntCond::kNe) return c;
    if (!is_const(inst.arg(1)) || bits(inst.arg(1)) != 0 || g_.type(inst.arg(0)) != Type::kI32) {
      return c;
    }
    c = inst.arg(0);
  }
}

Value Factory::simplify_select(Inst& inst) {
  inst.args[0] = index_of(truth(inst.arg(0)));
  if (is_const(inst.arg(0))) return bits(inst.arg(0)) != 0 ? inst.arg(1) : inst.arg(2);
  if (inst.args[1] == inst.args[2]) return inst.arg(1);
  const Inst& c = g_[inst.arg(0)];
  if (c.op == Opcode::kICmp && c.int_cond() == IntCond::kEq && is_const(c.arg(1)) &&
      bits(c.arg(1)) == 0 && g_.type(c.arg(0)) == Type::kI32) {
    inst.args[0] = c.args[0];
    std::swap(inst.args[1], inst.args[2]);
  }
  if (inst.type == Type::kI32 && is_const(inst.arg(1)) && is_const(inst.arg(2))) {
    const u64 a = bits(inst.arg(1)), b = bits(inst.arg(2));
    if (a == 1 && b == 0) return icmp(IntCond::kNe, inst.arg(0), 0);
    if (a == 0 && b == 1) return icmp(IntCond::kEq, inst.arg(0), 0);
  }
  return kNoValue;
}

Value Factory::simplify_float(Inst& inst) {
  const Value a = inst.arg(0);
  const Inst& x = g_[a];
  switch (inst.op) {
    case Opcode::kFNeg:
      if (x.op == Opcode::kFNeg) return x.arg(0);
      return kNoValue;
    case Opcode::kFAbs:
      if (x.op == Opcode::kFAbs) return a;
      if (x.op == Opcode::kFNeg) inst.args[0] = x.args[0];
      return kNoValue;
    case Opcode::kBitcast:
      if (x.op == Opcode::kBitcast && g_.type(x.arg(0)) == inst.type) return x.arg(0);
      return kNoValue;
    case Opcode::kFCopysign: {
      // Only the sign of the second operand matters.
      const Inst& y = g_[inst.arg(1)];
      if (inst.args[0] == inst.args[1]) return a;
      if (x.op == Opcode::kFNeg || x.op == Opcode::kFAbs) inst.args[0] = x.args[0];
      if (y.op == Opcode::kFAbs) return unary(Opcode::kFAbs, inst.type, inst.arg(0));
      return kNoValue;
    }
    default: return kNoValue;
  }
}

}  // namespace wazuka::opt
