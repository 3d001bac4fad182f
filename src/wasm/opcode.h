// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Opcodes and their static description, all derived from opcodes.def.
#pragma once

#include <array>
#include <string_view>

#include "base/fixed_text.h"
#include "base/ints.h"
#include "wasm/feature.h"

namespace wazuka {

enum class Op : u16 {
#define OP(name, prefix, code, text, feature, imm, sig, category, flags) k##name,
#include "wasm/opcodes.def"
#undef OP
};

#define OP(name, prefix, code, text, feature, imm, sig, category, flags) +1
inline constexpr u32 kOpCount = 0
#include "wasm/opcodes.def"
    ;
#undef OP

/// What follows an opcode in the binary; also says how the text format spells it.
enum class ImmKind : u8 {
  kNone,
  kBlock,         // block type
  kLabel,         // label index
  kBrTable,       // vector of labels and a default
  kFunc,          // function index
  kCallIndirect,  // type index, table index (text: table first)
  kType,          // type index
  kTypeType,      // two type indices
  kTypeField,     // type index, field index
  kTypeCount,     // type index, u32
  kTypeData,      // type index, data index
  kTypeElem,      // type index, element segment index
  kTypeTag,       // type index, tag index
  kTag,           // tag index
  kTryTable,      // block type, vector of catch clauses
  kResume,        // type index, vector of handlers
  kResumeThrow,   // type index, tag index, vector of handlers
  kSelectTypes,   // vector of value types
  kLocal,
  kGlobal,
  kTable,
  kTableTable,  // destination, source
  kElem,
  kElemTable,   // element segment, table (text: table first)
  kMemArg,      // alignment and memory index, offset
  kMemArgLane,  // memarg, lane
  kMemory,
  kMemoryMemory,  // destination, source
  kData,
  kDataMemory,  // data segment, memory (text: memory first)
  kI32,
  kI64,
  kF32,
  kF64,
  kV128,
  kLane,
  kShuffle,   // 16 lanes
  kHeapType,  // ref.null, ref.test, ref.cast
  kBrCast,    // flags, label, two heap types
  kFence,     // one reserved zero byte
};

/// The Sink hook that the body decoder calls.
enum class OpCategory : u8 {
  kControl,
  kCall,
  kException,
  kParametric,
  kVariable,
  kTable,
  kMemory,
  kConst,
  kUnary,
  kBinary,
  kCompare,
  kTernary,
  kWide,
  kLoad,
  kStore,
  kLoadLane,
  kStoreLane,
  kExtractLane,
  kReplaceLane,
  kShuffle,
  kReference,
  kGc,
  kContinuation,
  kAtomicLoad,
  kAtomicStore,
  kAtomicRmw,
  kAtomicCmpxchg,
  kAtomicWait,
  kAtomicNotify,
  kAtomicFence,
};

struct OpFlags {
  static constexpr u16 kConst = 1, kExtendedConst = 2, kTraps = 4, kCommutative = 8, kNullable = 16;
  static constexpr u16 access(u16 bytes) { return static_cast<u16>(bytes << 8); }
  static constexpr u16 lanes(u16 n) { return static_cast<u16>(n << 8); }
};

struct OpInfo {
  FixedText<40> text;      // mnemonic
  FixedText<7> signature;  // see opcodes.def
  u16 code;                // after the prefix
  u8 prefix;               // 0 or 0xfb..0xfe
  Feature feature;
  ImmKind imm;
  OpCategory category;
  u16 flags;

  constexpr bool has(u16 flag) const { return (flags & flag) != 0; }
  constexpr u32 access_bytes() const { return flags >> 8; }  // loads, stores, atomics
  constexpr u32 lane_count() const { return flags >> 8; }    // extract_lane, replace_lane
  constexpr bool typed_by_hand() const { return signature.view() == "*"; }
};

inline constexpr std::array<OpInfo, kOpCount> kOpInfo = [] {
  constexpr u16 kConst = OpFlags::kConst, kExtendedConst = OpFlags::kExtendedConst,
                kTraps = OpFlags::kTraps, kCommutative = OpFlags::kCommutative,
                kNullable = OpFlags::kNullable;
  auto access = [](u16 n) { return OpFlags::access(n); };
  auto lanes = [](u16 n) { return OpFlags::lanes(n); };
  (void)kConst, (void)kExtendedConst, (void)kTraps, (void)kCommutative, (void)kNullable;
  return std::array<OpInfo, kOpCount>{{
#define OP(name, prefix, code, text, feature, imm, sig, category, flags)                         \
  OpInfo{text, sig, code, prefix, Feature::k##feature, ImmKind::k##imm, OpCategory::k##category, \
         flags},
#include "wasm/opcodes.def"
#undef OP
  }};
}();

constexpr const OpInfo& op_info(Op op) {
  return kOpInfo[static_cast<u32>(op)];
}

inline constexpr u16 kNoOp = 0xffff;

/// prefix 0 and the codes of one prefixed page → Op as u16, or kNoOp.
template <u8 kPrefix, u32 kSize>
inline constexpr std::array<u16, kSize> kOpByCode = [] {
  std::array<u16, kSize> map{};
  map.fill(kNoOp);
  for (u32 i = 0; i < kOpCount; ++i) {
    if (kOpInfo[i].prefix == kPrefix) map[kOpInfo[i].code] = static_cast<u16>(i);
  }
  return map;
}();

/// Finds an opcode by prefix (0, 0xfb..0xfe) and code; kNoOp if there is none.
constexpr u16 find_op(u8 prefix, u32 code) {
  switch (prefix) {
    case 0x00: return code < 0x100 ? kOpByCode<0x00, 0x100>[code] : kNoOp;
    case 0xfb: return code < 0x40 ? kOpByCode<0xfb, 0x40>[code] : kNoOp;
    case 0xfc: return code < 0x40 ? kOpByCode<0xfc, 0x40>[code] : kNoOp;
    case 0xfd: return code < 0x120 ? kOpByCode<0xfd, 0x120>[code] : kNoOp;
    case 0xfe: return code < 0x50 ? kOpByCode<0xfe, 0x50>[code] : kNoOp;
    default: return kNoOp;
  }
}

}  // namespace wazuka
