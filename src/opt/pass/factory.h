// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Makes instructions: simplified where a rule knows better (simplify_*.cc), and shared with equal
// ones that stand in a dominating place (hash-consing in scopes).
//
// Rules are directional: what they make is not larger than what they replace, or has fewer cycles.
// Each looks at an instruction and at most two levels of operands, so that making one takes
// constant time.
#pragma once

#include <vector>

#include "opt/ir/graph.h"

namespace wazuka::opt {

class Factory {
 public:
  explicit Factory(Graph& g) : g_(g) {}

  Graph& graph() { return g_; }
  /// Off: only constants are folded to nothing, instructions stay as they are given (tests).
  void set_rules(bool on) { rules_ = on; }
  u32 wasm_offset = Graph::kNoOffset;  // of what is made next
  Block origin = kNoBlock;

  /// A pure instruction, or what is equal to it.
  Value make(Inst inst);
  /// An instruction with effect Check: an equal one that dominates, something pure that is equal to
  /// it, kNoValue if it never traps and has no result, or a new one at the end of `block`.
  Value check(Inst inst, Block block);

  /// The same for one that is in a block and whose operands have changed: itself if it stays.
  Value check_again(Value v);
  /// For a floating one: an equal one that is known, or itself.
  Value share(Value v);

  // Scopes: what is made is forgotten when its scope ends.
  u32 scope_depth() const { return static_cast<u32>(scopes_.size()); }
  void push_scope() { scopes_.push_back(static_cast<u32>(log_.size())); }
  void pop_scope();
  /// Forgets everything.
  void reset();

  // Shorthands.
  Value iconst(Type t, u64 bits);
  Value i32_const(u32 v) { return iconst(Type::kI32, v); }
  Value i64_const(u64 v) { return iconst(Type::kI64, v); }
  Value fconst(Type t, u64 bits);
  Value vmctx() { return make({.op = Opcode::kVmCtx, .type = Type::kI64}); }
  Value unary(Opcode op, Type t, Value a) {
    return make({.op = op, .type = t, .args = {index_of(a)}});
  }
  Value binary(Opcode op, Value a, Value b) {
    return make({.op = op, .type = g_.type(a), .args = {index_of(a), index_of(b)}});
  }
  Value binary(Opcode op, Value a, u64 b) { return binary(op, a, iconst(g_.type(a), b)); }
  Value add(Value a, Value b) { return binary(Opcode::kIAdd, a, b); }
  Value icmp(IntCond c, Value a, Value b) {
    return make({.op = Opcode::kICmp,
                 .type = Type::kI32,
                 .aux = static_cast<u16>(c),
                 .args = {index_of(a), index_of(b)}});
  }
  Value icmp(IntCond c, Value a, u64 b) { return icmp(c, a, iconst(g_.type(a), b)); }
  Value fcmp(FloatCond c, Value a, Value b) {
    return make({.op = Opcode::kFCmp,
                 .type = Type::kI32,
                 .aux = static_cast<u16>(c),
                 .args = {index_of(a), index_of(b)}});
  }
  Value select(Value c, Value a, Value b);
  Value zext(Value a) { return unary(Opcode::kZExt32, Type::kI64, a); }
  Value wrap(Value a) { return unary(Opcode::kWrap, Type::kI32, a); }
  Value vmload(Type t, Value base, i32 offset) {
    return make(
        {.op = Opcode::kVmLoad, .type = t, .args = {index_of(base), 0, static_cast<u32>(offset)}});
  }

  /// The value that is zero exactly if `c` is: without comparisons with zero around it.
  Value truth(Value c);
  /// Whether the upper half of an i64 is zero.
  bool zero_extended(Value v) const;

 private:
  // Each gives an equal value, or kNoValue; it may have changed `inst` to something equal.
  Value simplify(Inst& inst);
  Value fold(const Inst& inst);
  Value simplify_int(Inst& inst);
  Value simplify_add(Inst& inst);
  Value simplify_sub(Inst& inst);
  Value simplify_mul(Inst& inst);
  Value simplify_logic(Inst& inst);
  Value simplify_shift(Inst& inst);
  Value simplify_extension(Inst& inst);
  Value simplify_wrap(Inst& inst);
  Value simplify_compare(Inst& inst);
  Value compare_with_zero(Inst& inst, Value x);
  Value compare_with_constant(Inst& inst, Value x, u64 c);
  Value simplify_select(Inst& inst);
  Value simplify_float(Inst& inst);
  Value simplify_division(Inst& inst);
  Value divide_by_power(Inst& inst, u32 log2);
  Value divide_unsigned(Value x, u64 d);
  Value divide_signed(Value x, i64 d);

  bool is_const(Value v) const { return g_[v].op == Opcode::kIConst; }
  u64 bits(Value v) const { return g_[v].bits(); }
  u32 width(Type t) const { return t == Type::kI32 ? 32 : 64; }
  u64 mask(Type t) const { return t == Type::kI32 ? 0xffffffffu : ~u64{0}; }
  bool is_op(Value v, Opcode op) const { return g_[v].op == op; }
  /// The constant second operand of an instruction with this operation.
  bool matches(Value v, Opcode op, u64* constant) const;

  // The hash table: values by their instruction; entries of inner scopes are removed in the
  // opposite order of insertion, so that probing needs no tombstones.
  u32 slot_of(const Inst& inst) const;
  Value find(const Inst& inst) const;
  void insert(Value v);
  void rehash(u32 size);

  Graph& g_;
  bool rules_ = true;
  std::vector<u32> table_;   // value or kNoValue; a power of two
  std::vector<u32> log_;     // in order of insertion
  std::vector<u32> scopes_;  // log sizes
};

}  // namespace wazuka::opt
