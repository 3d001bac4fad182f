// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the verifier knows about registers and stack slots at a place in the code.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/ints.h"

namespace wazuka::verify {

enum class Kind : u8 {
  kNumber,        // anything; at most `max`
  kFuncRef,       // VMFuncRef* or null
  kUntyped,       // a value of a type that is not known here: used as a kFuncRef, it is one
  kContext,       // the function's own VMContext
  kOtherContext,  // of a callee
  kStore,         // VMStoreContext
  kMemory,        // VMMemory of memory `index`
  kSize,          // its size - `room`, which is not below zero if `proven`
  kBase,          // its base
  kGcBase,
  kTable,      // VMTable of table `index`
  kTableSize,  // its size
  kElements,   // its elements
  kElement,    // the address of one of them
  kGlobal,     // VMGlobal of imported global `index`
  kCode,       // FuncCode; of function `index` if `proven`
  kEpoch,      // the address of the epoch
  kFrame,      // rbp + `offset`
  kCallerFrame,
  kReturn,  // the return address
  kPlace,   // offset `offset` of this code
  kEntry,   // a 32-bit entry of the table of jumps at `offset`, of max + 1; made at `index`
  kDelta,   // the contents of that entry; `proven`: a distance from the table
  kTarget,  // where it leads
  kBetter,  // better code, or null (VMContext::tier_up_stub)
};

/// What comparisons have shown about a number.
enum class Fact : u8 {
  kNone,
  kMemory,       // number + fact_room <= size of memory fact_index
  kTable,        // number < size of table fact_index
  kTableOffset,  // 8 times such a number
  kEightfold,    // 8 times some number
};

struct Value {
  Kind kind = Kind::kNumber;
  bool proven = false;
  bool exact = false;  // kNumber: it is `max`
  Fact fact = Fact::kNone;
  bool is_bit = false;  // the lowest byte is 0 or 1
  u32 index = 0;
  u32 fact_index = 0;
  // Not 0: the values of all registers and slots of a state that have this one are the same, so
  // that what is learned of one is known of all. A name, which says nothing else.
  u32 id = 0;
  u32 eighth = 0;  // not 0: 8 times what has this name
  i64 offset = 0;
  u64 max = ~u64{0};
  u64 room = 0;
  u64 fact_room = 0;

  static Value any() { return {}; }
  static Value at_most(u64 max) { return {.max = max}; }
  static Value number(u64 v) { return {.exact = true, .max = v}; }
  static Value of(Kind kind, u32 index = 0) { return {.kind = kind, .index = index}; }
  static Value frame(i64 offset) { return {.kind = Kind::kFrame, .offset = offset}; }

  bool is_null() const { return kind == Kind::kNumber && exact && max == 0; }
  bool is_constant() const { return kind == Kind::kNumber && exact; }
  bool fits_32() const { return kind == Kind::kNumber && max <= 0xffff'ffff; }
  bool is_reference() const { return kind == Kind::kFuncRef || kind == Kind::kUntyped; }
  bool is_limit() const { return kind == Kind::kSize && proven; }
  /// Something may be learned of it, or of what it is joined with.
  bool can_have_name() const {
    return kind == Kind::kNumber || kind == Kind::kSize || kind == Kind::kTableSize;
  }
  /// Worth remembering in a stack slot.
  bool matters() const {
    return kind != Kind::kNumber || max <= 0xffff'ffff || fact != Fact::kNone || id != 0 ||
           eighth != 0;
  }
  Value nameless() const {
    Value v = *this;
    v.id = v.eighth = 0;
    return v;
  }

  friend bool operator==(const Value&, const Value&) = default;
};

/// 8 times an index: an offset in a table, if it is an index of one.
inline Value eightfold(const Value& index) {
  if (index.kind != Kind::kNumber) return Value::any();
  const bool small = index.max < u64{1} << 32;
  if (index.fact != Fact::kTable && !small) return Value::any();
  Value v = Value::at_most(small ? index.max * 8 : ~u64{0});
  v.fact = index.fact == Fact::kTable ? Fact::kTableOffset : Fact::kEightfold;
  v.fact_index = index.fact == Fact::kTable ? index.fact_index : 0;
  v.eighth = index.id;
  return v;
}

/// What holds of both, but for the names.
inline Value join(const Value& named_a, const Value& named_b) {
  const Value a = named_a.nameless(), b = named_b.nameless();
  if (a == b) return a;
  if (a.kind == Kind::kNumber && b.kind == Kind::kNumber) {
    // In few steps, so that loops come to an end.
    u64 most = std::max(a.max, b.max);
    if (a.max != b.max) {
      most = most <= 0xff          ? 0xff
             : most <= 0xffff      ? 0xffff
             : most <= 0xffff'ffff ? 0xffff'ffff
                                   : ~u64{0};
    }
    Value r = Value::at_most(most);
    if (a.fact == b.fact && a.fact_index == b.fact_index) {
      r.fact = a.fact;
      r.fact_index = a.fact_index;
      r.fact_room = std::min(a.fact_room, b.fact_room);
    }
    return r;
  }
  auto reference_or_null = [](const Value& v) { return v.is_reference() || v.is_null(); };
  if (reference_or_null(a) && reference_or_null(b)) {
    const bool untyped = a.kind == Kind::kUntyped || b.kind == Kind::kUntyped;
    return Value::of(untyped ? Kind::kUntyped : Kind::kFuncRef);
  }
  auto context = [](const Value& v) {
    return v.kind == Kind::kContext || v.kind == Kind::kOtherContext;
  };
  if (context(a) && context(b)) return Value::of(Kind::kOtherContext);
  if (a.kind == b.kind && a.kind == Kind::kSize && a.index == b.index && a.room == b.room) {
    Value r = Value::of(Kind::kSize, a.index);
    r.room = a.room;
    return r;
  }
  if (a.kind == b.kind && a.kind == Kind::kCode) return Value::of(Kind::kCode);
  return Value::any();
}

inline constexpr u8 kNoRegister = 0xff;

/// One side of a comparison: what it was, and the register that it was in and still is, if any.
struct Side {
  u8 reg = kNoRegister;
  Value value;
  friend bool operator==(const Side&, const Side&) = default;
};

/// The last comparison, as far as it is good for something.
struct Flags {
  enum class Kind : u8 {
    kUnknown,
    kCompare,
    kCompareStack,  // left, in the frame, with the stack's limit
    kSubtract       // left is the difference
  } kind = Kind::kUnknown;
  u8 bits = 0;  // width
  Side left, right;

  friend bool operator==(const Flags&, const Flags&) = default;
};

inline constexpr u32 kRsp = 4, kRbp = 5, kR10 = 10, kR11 = 11, kR14 = 14;

struct State {
  struct Slot {
    i64 at;  // from rbp; a multiple of 8
    Value value;
    friend bool operator==(const Slot&, const Slot&) = default;
  };
  /// A memory or table has been found to be at least so large; it never gets smaller.
  struct Least {
    bool is_table;
    u32 index;
    u64 size;
    friend bool operator==(const Least&, const Least&) = default;
  };

  std::array<Value, 16> gpr;
  u16 zero_xmms = 0;
  std::vector<Slot> slots;  // ascending; others hold anything
  std::vector<Least> least;
  Flags flags;
  i64 room = 8;  // from rbp: down to here there is stack; at first where the caller was

  Value slot(i64 at) const {
    auto it = find(at);
    return it != slots.end() && it->at == at ? it->value : Value::any();
  }
  void set_slot(i64 at, const Value& v) {
    forget_slots(at, at + 8);
    if (!v.matters()) return;
    slots.insert(slots.begin() + (find(at) - slots.begin()), {at, v});
  }
  /// Something is written to [begin, end).
  void forget_slots(i64 begin, i64 end) {
    std::erase_if(slots, [&](const Slot& s) { return s.at < end && s.at + 8 > begin; });
  }

  u64 least_of(bool is_table, u32 index) const {
    for (const Least& l : least) {
      if (l.is_table == is_table && l.index == index) return l.size;
    }
    return 0;
  }
  void set_least(bool is_table, u32 index, u64 size);

  /// A register gets another value: a comparison's side is in it no more.
  void leave_register(u32 reg) {
    for (Side* side : {&flags.left, &flags.right}) {
      if (side->reg != reg) continue;
      side->reg = kNoRegister;
      side->value.id = gpr[reg].id;
    }
  }
  /// Gives a value a name, of the place where it is copied, unless it has one.
  void name(Value& v, u32 place);
  /// For all that is the same as a side of the comparison.
  template <class Change>
  void learn(const Side& side, Change change) {
    const u32 id = side.reg != kNoRegister ? gpr[side.reg].id : side.value.id;
    if (side.reg != kNoRegister) change(gpr[side.reg]);
    if (id == 0) return;
    Value changed;
    auto visit = [&](Value& v, bool done) {
      if (v.id == id && !done) change(v);
      if (v.id == id) changed = v;
    };
    for (u32 i = 0; i < 16; ++i) visit(gpr[i], i == side.reg);
    for (Slot& s : slots) visit(s.value, false);
    // And of what is 8 times it.
    auto scale = [&](Value& v) {
      if (v.eighth != id || changed.id != id) return;
      const u32 own = v.id;
      v = eightfold(changed);
      v.id = own;
    };
    for (Value& v : gpr) scale(v);
    for (Slot& s : slots) scale(s.value);
  }

  /// At a place where paths may meet, names are those of the place.
  void rename();
  /// Makes this what holds of both; whether that is less than before.
  bool meet(const State& other);

  friend bool operator==(const State&, const State&) = default;

 private:
  std::vector<Slot>::const_iterator find(i64 at) const {
    return std::lower_bound(slots.begin(), slots.end(), at,
                            [](const Slot& s, i64 a) { return s.at < a; });
  }
};

}  // namespace wazuka::verify
