// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the verifier knows about registers and stack slots at a place in the code.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
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
  kSize,          // its size - `room`; not below zero if `proven`
  kBase,          // its base
  kGcBase,
  kTable,     // VMTable of table `index`
  kElements,  // its elements
  kGlobal,    // VMGlobal of imported global `index`
  kCode,      // FuncCode; of function `index` if `proven`
  kEpoch,     // the address of the epoch
  kFrame,     // rbp + `offset`
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
  kMemory,  // number + fact_room <= size of memory fact_index
  kTable,   // number < size of table fact_index
};

struct Value {
  Kind kind = Kind::kNumber;
  bool proven = false;
  bool exact = false;  // kNumber: it is `max`
  Fact fact = Fact::kNone;
  u32 index = 0;
  u32 fact_index = 0;
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
  bool fits_32() const { return kind == Kind::kNumber && max <= 0xffff'ffff; }
  bool is_reference() const { return kind == Kind::kFuncRef || kind == Kind::kUntyped; }
  /// Worth remembering in a stack slot.
  bool matters() const { return kind != Kind::kNumber || max <= 0xffff'ffff; }

  friend bool operator==(const Value&, const Value&) = default;
};

/// What holds of both.
inline Value join(const Value& a, const Value& b) {
  if (a == b) return a;
  if (a.kind == Kind::kNumber && b.kind == Kind::kNumber) {
    Value r = Value::at_most(a.fits_32() && b.fits_32() ? 0xffff'ffff : ~u64{0});
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
    Value r = a;
    r.proven = false;
    return r;
  }
  if (a.kind == b.kind && a.kind == Kind::kCode) return Value::of(Kind::kCode);
  return Value::any();
}

/// The last comparison, as far as it is good for something.
struct Flags {
  enum class Kind : u8 {
    kUnknown,
    kCompare,
    kCompareTable,
    kCompareStack,
    kSubtract
  } kind = Kind::kUnknown;
  u8 bits = 0;   // width
  u8 left = 0;   // register; of kSubtract, the one that was changed
  u8 right = 0;  // register, if right_is_register
  bool right_is_register = false;
  u64 right_value = 0;  // else
  u32 table = 0;        // kCompareTable: left with the size of this table
                        // kCompareStack: left, in the frame, with the stack's limit

  bool uses(u32 reg) const {
    return kind != Kind::kUnknown && (left == reg || (right_is_register && right == reg));
  }
  friend bool operator==(const Flags&, const Flags&) = default;
};

inline constexpr u32 kRsp = 4, kRbp = 5, kR10 = 10, kR11 = 11, kR14 = 14;

struct State {
  struct Slot {
    i64 at;  // from rbp; a multiple of 8
    Value value;
    friend bool operator==(const Slot&, const Slot&) = default;
  };

  std::array<Value, 16> gpr;
  u16 zero_xmms = 0;
  std::vector<Slot> slots;  // ascending; others hold anything
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

  /// Makes this what holds of both; whether that is less than before.
  bool meet(const State& other) {
    const State before = *this;
    for (u32 i = 0; i < 16; ++i) gpr[i] = join(gpr[i], other.gpr[i]);
    zero_xmms &= other.zero_xmms;
    room = std::max(room, other.room);
    if (flags != other.flags) flags = {};
    std::erase_if(slots, [&](Slot& s) {
      s.value = join(s.value, other.slot(s.at));
      return !s.value.matters();
    });
    return *this != before;
  }

  friend bool operator==(const State&, const State&) = default;

 private:
  std::vector<Slot>::const_iterator find(i64 at) const {
    return std::lower_bound(slots.begin(), slots.end(), at,
                            [](const Slot& s, i64 a) { return s.at < a; });
  }
};

}  // namespace wazuka::verify
