// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operations and instructions; all about operations derives from ops.def.
#pragma once

#include <array>
#include <bit>
#include <string_view>

#include "base/fixed_text.h"
#include "opt/ir/types.h"

// Switches over operations name the few that they are about.
#pragma GCC diagnostic ignored "-Wswitch-enum"

namespace wazuka::opt {

enum class Opcode : u8 {
#define OP(name, text, sig, imm, effects) k##name,
#include "opt/ir/ops.def"
#undef OP
};

#define OP(name, text, sig, imm, effects) +1
inline constexpr u32 kOpcodeCount = 0
#include "opt/ir/ops.def"
    ;
#undef OP

enum class Imm : u8 {
  kNone,
  kBits,
  kVector,
  kHome,
  kParam,
  kResult,
  kCond,
  kTrap,
  kAccess,
  kSimd,
  kSimdLane,
  kShuffle,
  kOffset,
  kScale,
  kExtent,
  kSlot,
  kCall,
  kJump,
  kBranch,
  kSwitch,
  kInvoke,
  kList,
};

enum class Effect : u8 { kPure, kPinned, kCheck, kRead, kWrite, kReadWrite, kCall, kEnd };

struct OpcodeInfo {
  FixedText<12> text;
  FixedText<8> signature;  // see ops.def
  Imm imm = Imm::kNone;
  Effect effect = Effect::kPure;
  u8 operands = 0;  // fixed ones, in Inst::args[0…]

  constexpr bool is_listed() const { return signature.view()[0] == '*'; }
};

inline constexpr std::array<OpcodeInfo, kOpcodeCount> kOpcodeInfo = [] {
  std::array<OpcodeInfo, kOpcodeCount> all{{
#define OP(name, text, sig, imm, effects) OpcodeInfo{text, sig, Imm::k##imm, Effect::k##effects, 0},
#include "opt/ir/ops.def"
#undef OP
  }};
  for (OpcodeInfo& info : all) {
    for (char c : info.signature.view()) {
      if (c == ':') break;
      if (c != '?' && c != '*') ++info.operands;
    }
  }
  return all;
}();

constexpr const OpcodeInfo& info_of(Opcode op) {
  return kOpcodeInfo[static_cast<u32>(op)];
}
constexpr std::string_view opcode_name(Opcode op) {
  return info_of(op).text.view();
}

/// Made where they are used, never in a block.
constexpr bool is_leaf(Opcode op) {
  return op <= Opcode::kVmCtx;
}
constexpr bool is_const(Opcode op) {
  return op <= Opcode::kVConst;
}
/// Has no place until elaboration gives it one.
constexpr bool is_pure(Opcode op) {
  return info_of(op).effect == Effect::kPure;
}
constexpr bool is_terminator(Opcode op) {
  return info_of(op).effect == Effect::kEnd;
}

struct Inst {
  Opcode op = Opcode::kIConst;
  Type type : 4 = Type::kNone;  // of the result
  u8 traced : 1 = 0;            // the result is a reference that the collector traces
  u8 spare : 3 = 0;             // instructions are compared as bytes
  u16 aux = 0;
  u32 args[3] = {};

  Value arg(u32 i) const { return Value{args[i]}; }
  u64 bits() const { return u64{args[1]} << 32 | args[0]; }  // IConst, FConst
  i64 signed_bits() const {                                  // IConst
    return type == Type::kI32 ? i64{static_cast<i32>(args[0])} : static_cast<i64>(bits());
  }
  bool is_const(u64 value) const { return op == Opcode::kIConst && bits() == value; }
  IntCond int_cond() const { return static_cast<IntCond>(aux); }
  FloatCond float_cond() const { return static_cast<FloatCond>(aux); }
  TrapCode trap() const { return static_cast<TrapCode>(aux); }
  wazuka::Op simd() const { return static_cast<wazuka::Op>(aux); }
  u32 lane() const { return args[2]; }
  i32 offset() const { return static_cast<i32>(args[2]); }
  u32 extent() const { return args[2]; }
  SlotId slot() const { return SlotId{args[2]}; }
  CallId call() const { return CallId{args[0]}; }
};
static_assert(sizeof(Inst) == 16);

}  // namespace wazuka::opt
