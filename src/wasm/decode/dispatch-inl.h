// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// BodyDecoder: the loop over instructions, feature gates, and skipping of unreachable code.
#pragma once

#include <algorithm>

#include "wasm/body_decoder.h"
#include "wasm/feature_names.h"

namespace wazuka {

// Selects rows of opcodes.def by prefix: WAZUKA_OPS_0x00 and so on are defined around each use.
#define WAZUKA_STEP(name, code) \
  case code: step<Op::k##name>(); break;
#define WAZUKA_STEP_AT(name, code) \
  case code: step<Op::k##name>(cursor); break;
#define WAZUKA_SKIP(name, code)
#define OP(name, prefix, code, text, feature, imm, sig, category, flags) \
  WAZUKA_OPS_##prefix(name, code)

template <class Sink, Validate kMode, Expression kWhat>
void BodyDecoder<Sink, kMode, kWhat>::decode_instructions() {
  if (kFast && !readable_beyond_end()) copy_with_padding();
  Cursor cursor{pc_, sp_};
  while (cursor.pc < end_) {
    if (WAZUKA_UNLIKELY(cursor.sp > high_water_)) {
      sp_ = cursor.sp;
      raise_high_water();
      cursor.sp = sp_;
    }
    switch (*cursor.pc) {
#define WAZUKA_OPS_0x00 WAZUKA_STEP_AT
#define WAZUKA_OPS_0xfb WAZUKA_SKIP
#define WAZUKA_OPS_0xfc WAZUKA_SKIP
#define WAZUKA_OPS_0xfd WAZUKA_SKIP
#define WAZUKA_OPS_0xfe WAZUKA_SKIP
#include "wasm/opcodes.def"
#undef WAZUKA_OPS_0x00
#undef WAZUKA_OPS_0xfb
#undef WAZUKA_OPS_0xfc
#undef WAZUKA_OPS_0xfd
#undef WAZUKA_OPS_0xfe
      default:
        begin_step(cursor);
        other_opcode();
        cursor = {pc_, sp_};
        break;
    }
  }
  pc_ = cursor.pc;
  sp_ = cursor.sp;
  if (pc_ > end_) {  // a short cut read immediates beyond the end
    pc_ = end_;
    unexpected_end();
  }
}

/// Prefixes and bytes that are no opcode.
template <class Sink, Validate kMode, Expression kWhat>
void BodyDecoder<Sink, kMode, kWhat>::other_opcode() {
  switch (*op_start_) {
    case 0xfb: prefixed<0xfb>(); break;
    case 0xfc: prefixed<0xfc>(); break;
    case 0xfd: prefixed<0xfd>(); break;
    case 0xfe: prefixed<0xfe>(); break;
    default: fail({"illegal opcode: 0x", Hex{*op_start_}}); break;
  }
}

template <class Sink, Validate kMode, Expression kWhat>
template <Op kOp>
WAZUKA_ALWAYS_INLINE void BodyDecoder<Sink, kMode, kWhat>::step(Cursor& cursor) {
  if constexpr (kFast && decode::Fast::has<kOp>()) {
    if (WAZUKA_LIKELY(decode::Fast::step<kOp>(*this, cursor))) return;
    begin_step(cursor);
    outlined_step<kOp>();
  } else {
    begin_step(cursor);
    step<kOp>();
  }
  cursor = {pc_, sp_};
}

template <class Sink, Validate kMode, Expression kWhat>
template <u8 kPrefix>
void BodyDecoder<Sink, kMode, kWhat>::prefixed() {
  u32 code = read_u32();
  if (failed()) return;
  u16 found = find_op(kPrefix, code);
  if (found == kNoOp) {
    return fail({"unknown 0x", Hex{kPrefix}, " subopcode: 0x", Hex{code}});
  }
  Op op = static_cast<Op>(found);
  const OpInfo& info = op_info(op);
  if (!info.typed_by_hand()) {
    if (!check_feature(info) || (kConstExpr && !check_constant(info))) return;
    if (live_) sink_.next_instruction(*this, op);
    return plain_prefixed(op, info);
  }
  if constexpr (kPrefix == 0xfb) {
    switch (code) {
#define WAZUKA_OPS_0x00 WAZUKA_SKIP
#define WAZUKA_OPS_0xfb WAZUKA_STEP
#define WAZUKA_OPS_0xfc WAZUKA_SKIP
#define WAZUKA_OPS_0xfd WAZUKA_SKIP
#define WAZUKA_OPS_0xfe WAZUKA_SKIP
#include "wasm/opcodes.def"
#undef WAZUKA_OPS_0xfb
#undef WAZUKA_OPS_0xfc
      default: break;
    }
  } else if constexpr (kPrefix == 0xfc) {
    switch (code) {
#define WAZUKA_OPS_0xfb WAZUKA_SKIP
#define WAZUKA_OPS_0xfc WAZUKA_STEP
#include "wasm/opcodes.def"
#undef WAZUKA_OPS_0x00
#undef WAZUKA_OPS_0xfb
#undef WAZUKA_OPS_0xfc
#undef WAZUKA_OPS_0xfd
#undef WAZUKA_OPS_0xfe
      default: break;
    }
  }
}

#undef OP
#undef WAZUKA_STEP
#undef WAZUKA_STEP_AT
#undef WAZUKA_SKIP

/// Prefixed opcodes with a signature: found by category at run time, there are 300 of them.
template <class Sink, Validate kMode, Expression kWhat>
void BodyDecoder<Sink, kMode, kWhat>::plain_prefixed(Op op, const OpInfo& info) {
  switch (info.category) {
    case OpCategory::kUnary:
    case OpCategory::kBinary:
    case OpCategory::kCompare:
    case OpCategory::kTernary:
    case OpCategory::kWide: return decode::Numeric::plain(*this, op);
    case OpCategory::kConst: return decode::Simd::constant(*this);
    case OpCategory::kLoad:
      return decode::Memory::load(*this, op, op_signature(op).result_types[0]);
    case OpCategory::kStore:
      return decode::Memory::store(*this, op, op_signature(op).param_types[1]);
    case OpCategory::kLoadLane:
    case OpCategory::kStoreLane: return decode::Simd::load_or_store_lane(*this, op);
    case OpCategory::kExtractLane: return decode::Simd::extract_lane(*this, op);
    case OpCategory::kReplaceLane: return decode::Simd::replace_lane(*this, op);
    case OpCategory::kShuffle: return decode::Simd::shuffle(*this);
    case OpCategory::kAtomicLoad:
    case OpCategory::kAtomicStore:
    case OpCategory::kAtomicRmw:
    case OpCategory::kAtomicCmpxchg:
    case OpCategory::kAtomicWait:
    case OpCategory::kAtomicNotify:
    case OpCategory::kAtomicFence: return decode::Memory::atomic(*this, op);
    case OpCategory::kControl:
    case OpCategory::kCall:
    case OpCategory::kException:
    case OpCategory::kParametric:
    case OpCategory::kVariable:
    case OpCategory::kTable:
    case OpCategory::kMemory:
    case OpCategory::kReference:
    case OpCategory::kGc:
    case OpCategory::kContinuation: return;  // typed by hand
  }
}

/// One instruction whose opcode is known at compile time.
template <class Sink, Validate kMode, Expression kWhat>
template <Op kOp>
WAZUKA_ALWAYS_INLINE void BodyDecoder<Sink, kMode, kWhat>::step() {
  constexpr const OpInfo& kInfo = op_info(kOp);
  if constexpr (kInfo.prefix != 0 && !kInfo.typed_by_hand()) return;  // see plain_prefixed
  if constexpr (kValidate && kInfo.feature != Feature::kMvp) {
    if (!check_feature(kInfo)) return;
  }
  if constexpr (kConstExpr) {
    if (!check_constant(kInfo)) return;
    if constexpr (!kInfo.has(OpFlags::kConst) && !kInfo.has(OpFlags::kExtendedConst) &&
                  kOp != Op::kEnd) {
      return;
    }
  }
  // What ends an arm is seen even if the arm's end is unreachable.
  constexpr bool kEndsArm = kOp == Op::kEnd || kOp == Op::kElse || kOp == Op::kCatch ||
                            kOp == Op::kCatchAll || kOp == Op::kDelegate;
  if (kEndsArm ? frame_->live : live_) sink_.next_instruction(*this, kOp);
  if constexpr (kInfo.category == OpCategory::kControl) {
    decode::Control::step<kOp>(*this);
  } else if constexpr (kInfo.category == OpCategory::kCall) {
    decode::Calls::step<kOp>(*this);
  } else if constexpr (kInfo.category == OpCategory::kException) {
    decode::Exceptions::step<kOp>(*this);
  } else if constexpr (kInfo.category == OpCategory::kParametric ||
                       kInfo.category == OpCategory::kVariable) {
    decode::Variables::step<kOp>(*this);
  } else if constexpr (kInfo.category == OpCategory::kMemory ||
                       kInfo.category == OpCategory::kTable) {
    decode::Memory::step<kOp>(*this);
  } else if constexpr (kInfo.category == OpCategory::kReference) {
    decode::References::step<kOp>(*this);
  } else if constexpr (kInfo.category == OpCategory::kGc) {
    decode::Gc::step<kOp>(*this);
  } else if constexpr (kInfo.category == OpCategory::kContinuation) {
    decode::StackSwitching::step<kOp>(*this);
  } else if constexpr (kInfo.category == OpCategory::kConst && kInfo.prefix == 0) {
    decode::Numeric::constant<kOp>(*this);
  } else if constexpr (kInfo.category == OpCategory::kLoad && kInfo.prefix == 0) {
    decode::Memory::load(*this, kOp, op_signature(kOp).result_types[0]);
  } else if constexpr (kInfo.category == OpCategory::kStore && kInfo.prefix == 0) {
    decode::Memory::store(*this, kOp, op_signature(kOp).param_types[1]);
  } else if constexpr (kInfo.prefix == 0) {
    decode::Numeric::plain<kOp>(*this);
  }
}

template <class Sink, Validate kMode, Expression kWhat>
bool BodyDecoder<Sink, kMode, kWhat>::check_feature(const OpInfo& info) {
  if (!kValidate || WAZUKA_LIKELY(features_.has(info.feature))) return true;
  return fail({feature_title(info.feature), " support is not enabled"}), false;
}

template <class Sink, Validate kMode, Expression kWhat>
bool BodyDecoder<Sink, kMode, kWhat>::check_constant(const OpInfo& info) {
  if (!kValidate || info.has(OpFlags::kConst) || &info == &op_info(Op::kEnd)) return true;
  if (info.has(OpFlags::kExtendedConst) && features_.has(Feature::kExtendedConst)) return true;
  std::string name(info.text);
  std::ranges::replace(name, '.', '_');
  fail({"constant expression required: non-constant operator: visit_", name});
  return false;
}

/// Validate::kNo: moves to the end of the current arm. Nesting needs no stack: only its depth
/// matters.
template <class Sink, Validate kMode, Expression kWhat>
void BodyDecoder<Sink, kMode, kWhat>::skip_dead_code() {
  u32 depth = 0;
  while (pc_ < end_) {
    const u8* start = pc_;
    u8 prefix = *pc_ >= 0xfb ? *pc_ : 0;
    ++pc_;
    u16 found = find_op(prefix, prefix != 0 ? read_u32() : *start);
    if (found == kNoOp) return unexpected_end();  // not validated: cannot happen
    Op op = static_cast<Op>(found);
    bool opens = op == Op::kBlock || op == Op::kLoop || op == Op::kIf || op == Op::kTry ||
                 op == Op::kTryTable;
    bool closes = op == Op::kEnd || op == Op::kDelegate;
    bool divides = op == Op::kElse || op == Op::kCatch || op == Op::kCatchAll;
    if (depth == 0 && (closes || divides)) {
      pc_ = start;
      return;
    }
    if (opens) ++depth;
    if (closes) --depth;
    skip_immediates(op_info(op).imm);
  }
}

template <class Sink, Validate kMode, Expression kWhat>
void BodyDecoder<Sink, kMode, kWhat>::skip_immediates(ImmKind kind) {
  bool exact;
  switch (kind) {
    case ImmKind::kNone: return;
    case ImmKind::kBlock: return void(read_block_type());
    case ImmKind::kLabel:
    case ImmKind::kFunc:
    case ImmKind::kType:
    case ImmKind::kTag:
    case ImmKind::kLocal:
    case ImmKind::kGlobal:
    case ImmKind::kTable:
    case ImmKind::kElem:
    case ImmKind::kMemory:
    case ImmKind::kData: return void(read_u32());
    case ImmKind::kCallIndirect:
    case ImmKind::kTypeType:
    case ImmKind::kTypeField:
    case ImmKind::kTypeCount:
    case ImmKind::kTypeData:
    case ImmKind::kTypeElem:
    case ImmKind::kTypeTag:
    case ImmKind::kTableTable:
    case ImmKind::kElemTable:
    case ImmKind::kMemoryMemory:
    case ImmKind::kDataMemory: return read_u32(), void(read_u32());
    case ImmKind::kI32: return void(read_s32());
    case ImmKind::kI64: return void(read_s64());
    case ImmKind::kF32: return void(read_bytes(4));
    case ImmKind::kF64: return void(read_bytes(8));
    case ImmKind::kV128:
    case ImmKind::kShuffle: return void(read_bytes(16));
    case ImmKind::kLane:
    case ImmKind::kFence: return void(read_u8());
    case ImmKind::kHeapType: return void(read_heap_type(&exact));
    case ImmKind::kBrCast:
      read_u8(), read_u32();
      read_heap_type(&exact);
      return void(read_heap_type(&exact));
    case ImmKind::kMemArg:
    case ImmKind::kMemArgLane:
      if ((read_u32() & 0x40) != 0) read_u32();
      read_u64();
      if (kind == ImmKind::kMemArgLane) read_u8();
      return;
    case ImmKind::kBrTable:
    case ImmKind::kSelectTypes:
    case ImmKind::kTryTable:
    case ImmKind::kResume:
    case ImmKind::kResumeThrow: return skip_clauses(kind);
  }
}

/// Immediates that are vectors.
template <class Sink, Validate kMode, Expression kWhat>
void BodyDecoder<Sink, kMode, kWhat>::skip_clauses(ImmKind kind) {
  if (kind == ImmKind::kTryTable) read_block_type();
  if (kind == ImmKind::kResume || kind == ImmKind::kResumeThrow) read_u32();
  if (kind == ImmKind::kResumeThrow) read_u32();
  u32 count = read_u32();
  for (u32 i = 0; i < count && !failed(); ++i) {
    if (kind == ImmKind::kBrTable) {
      read_u32();
    } else if (kind == ImmKind::kSelectTypes) {
      read_val_type();
    } else if (kind == ImmKind::kTryTable) {
      if (read_u8() < 2) read_u32();
      read_u32();
    } else {  // (on $tag $label) or (on $tag switch)
      u8 clause = read_u8();
      read_u32();
      if (clause == 0) read_u32();
    }
  }
  if (kind == ImmKind::kBrTable) read_u32();
}

}  // namespace wazuka
