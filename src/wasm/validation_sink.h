// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The Sink of validation: collects FuncInfo. Everything else a body says is only type-checked.
//
// Assigned locals of loops: inside a loop every local.set and local.tee is logged; the end of a
// loop sorts its part of the log, drops duplicates and copies it to the pool; what remains is part
// of the enclosing loop's log. Deep nesting times many locals would make this quadratic in the body
// size, so a body may record at most half its bytes; loops beyond that say "all locals".
#pragma once

#include <algorithm>
#include <vector>

#include "wasm/body_decoder.h"
#include "wasm/func_info.h"

namespace wazuka {

struct LoopMark {
  u32 log_begin = 0;
};

class ValidationSink : public SinkBase<Empty, LoopMark> {
 public:
  static constexpr bool kWantsLocals = false;
  static constexpr bool kPassive = true;

  FuncInfo info;

  void begin_body(u32 body_bytes, FuncInfoPool* pool) {
    pool_ = pool;
    info = {};
    info.loops_begin = static_cast<u32>(pool->loops.size());
    budget_ = body_bytes / 2 + 64;
    log_.clear();
    open_loops_ = 0;
  }

  template <class P>
  void end_function(P& p) {
    info.max_stack_height = p.max_height();
    info.num_locals = p.num_locals();
    info.num_loops = p.num_loops();
  }

  template <class P>
  void loop(P& p, Frame& frame) {
    info.flags |= BodyFlags::kLoops;
    frame.data.log_begin = static_cast<u32>(log_.size());
    pool_->loops.emplace_back().begin = p.offset();
    ++open_loops_;
  }
  template <class P>
  void end(P& p, Frame& frame, bool, std::span<Slot>) {
    if (frame.kind == ControlKind::kLoop) end_loop(p.offset(), frame);
  }

  template <class P>
  void local_set(P&, u32 index, Slot&) {
    if (open_loops_ > 0) log_.push_back(index);
  }
  template <class P>
  void local_tee(P&, u32 index, Slot&, Slot&) {
    if (open_loops_ > 0) log_.push_back(index);
  }

  template <class P>
  void call(P&, u32, std::span<Slot>, std::span<Slot>) {
    count_call(0);
  }
  template <class P>
  void call_indirect(P&, u32, u32, Slot&, std::span<Slot>, std::span<Slot>) {
    count_call(0);
  }
  template <class P>
  void call_ref(P&, u32, Slot&, std::span<Slot>, std::span<Slot>) {
    count_call(BodyFlags::kFuncRefs);
  }
  template <class P>
  void return_call(P&, u32, std::span<Slot>) {
    count_call(BodyFlags::kTailCall);
  }
  template <class P>
  void return_call_indirect(P&, u32, u32, Slot&, std::span<Slot>) {
    count_call(BodyFlags::kTailCall);
  }
  template <class P>
  void return_call_ref(P&, u32, Slot&, std::span<Slot>) {
    count_call(BodyFlags::kTailCall | BodyFlags::kFuncRefs);
  }

  template <class P>
  void load(P&, Op op, const MemArg& arg, Slot&, Slot&) {
    note_memory(op, arg.memory);
  }
  template <class P>
  void store(P&, Op op, const MemArg& arg, Slot&, Slot&) {
    note_memory(op, arg.memory);
  }
  template <class P>
  void load_lane(P&, Op op, const MemArg& arg, u32, Slot&, Slot&, Slot&) {
    note_memory(op, arg.memory);
  }
  template <class P>
  void store_lane(P&, Op op, const MemArg& arg, u32, Slot&, Slot&) {
    note_memory(op, arg.memory);
  }
  template <class P>
  void atomic(P&, Op op, const MemArg& arg, std::span<Slot>, std::span<Slot>) {
    info.flags |= BodyFlags::kAtomics;
    if (op != Op::kAtomicFence) note_memory(op, arg.memory);
  }

  template <class P>
  void unary(P&, Op op, Slot&, Slot&) {
    note_simd(op);
  }
  template <class P>
  void binary(P&, Op op, Slot&, Slot&, Slot&) {
    note_simd(op);
  }
  template <class P>
  void ternary(P&, Op, Slot&, Slot&, Slot&, Slot&) {
    info.flags |= BodyFlags::kSimd;
  }
  template <class P>
  void v128_const(P&, const u8*, Slot&) {
    info.flags |= BodyFlags::kSimd;
  }
  template <class P>
  void shuffle(P&, const u8*, Slot&, Slot&, Slot&) {
    info.flags |= BodyFlags::kSimd;
  }

  template <class P>
  void other(P&, Op op, const Immediates& imm, std::span<Slot>, std::span<Slot>) {
    OpCategory category = op_info(op).category;
    if (category == OpCategory::kGc) info.flags |= BodyFlags::kGc;
    if (category == OpCategory::kContinuation) info.flags |= BodyFlags::kStackSwitching;
    if (category == OpCategory::kReference) note_reference(op);
    if (category == OpCategory::kMemory) note_bulk_memory(op, imm);
    if (category == OpCategory::kTable) note_table(op);
  }
  template <class P>
  void br_on_null(P&, u32, Slot&, Slot&) {
    info.flags |= BodyFlags::kFuncRefs;
  }
  template <class P>
  void br_on_non_null(P&, u32, Slot&) {
    info.flags |= BodyFlags::kFuncRefs;
  }
  template <class P>
  void br_on_cast(P&, Op, u32, const Immediates&, Slot&, Slot*, Slot&) {
    info.flags |= BodyFlags::kGc;
  }

  template <class P>
  void try_table(P&, Frame&, std::span<const CatchClause>) {
    info.flags |= BodyFlags::kExceptions;
  }
  template <class P>
  void throw_(P&, u32, std::span<Slot>) {
    info.flags |= BodyFlags::kExceptions;
  }
  template <class P>
  void throw_ref(P&, Slot&) {
    info.flags |= BodyFlags::kExceptions;
  }
  template <class P>
  void legacy_try(P&, Frame&) {
    info.flags |= BodyFlags::kExceptions;
  }
  template <class P>
  void resume(P&, Op, u32, u32, std::span<const ResumeHandler>, std::span<Slot>, std::span<Slot>) {
    count_call(BodyFlags::kStackSwitching);
  }

 private:
  void count_call(u32 flags) {
    ++info.num_calls;
    info.flags |= BodyFlags::kCalls | flags;
  }

  void note_memory(Op op, u32 memory) {
    info.flags |= memory == 0 ? BodyFlags::kMemory0 : BodyFlags::kOtherMemory;
    note_simd(op);
  }

  void note_simd(Op op) {
    if (op_info(op).prefix == 0xfd) info.flags |= BodyFlags::kSimd;
  }

  void note_reference(Op op) {
    if (op == Op::kRefEq) info.flags |= BodyFlags::kGc;
    if (op == Op::kRefAsNonNull) info.flags |= BodyFlags::kFuncRefs;
  }

  void note_table(Op op) {
    if (op == Op::kTableGet || op == Op::kTableSize || op == Op::kElemDrop) return;
    info.flags |= BodyFlags::kWritesTables;
  }

  /// memory.init has its memory second; memory.copy has two.
  void note_bulk_memory(Op op, const Immediates& imm) {
    if (op == Op::kDataDrop) return;
    if (op != Op::kMemoryInit) note_memory(op, imm.index);
    if (op == Op::kMemoryInit || op == Op::kMemoryCopy) note_memory(op, imm.index2);
  }

  [[gnu::noinline]] void end_loop(u32 offset, Frame& frame) {
    --open_loops_;
    LoopInfo& loop = pool_->loops[info.loops_begin + frame.loop_ordinal];
    loop.end = offset;
    if (budget_ == 0) {
      loop.assigned_count = LoopInfo::kAllLocals;
      return;
    }
    auto begin = log_.begin() + frame.data.log_begin;
    std::sort(begin, log_.end());
    log_.erase(std::unique(begin, log_.end()), log_.end());
    u32 count = static_cast<u32>(log_.size()) - frame.data.log_begin;
    if (count > budget_) {
      budget_ = 0;
      loop.assigned_count = LoopInfo::kAllLocals;
    } else {
      budget_ -= count;
      loop.assigned_begin = static_cast<u32>(pool_->assigned_locals.size());
      loop.assigned_count = count;
      pool_->assigned_locals.insert(pool_->assigned_locals.end(),
                                    log_.begin() + frame.data.log_begin, log_.end());
    }
    if (open_loops_ == 0) log_.clear();
  }

  FuncInfoPool* pool_ = nullptr;
  std::vector<u32> log_;
  u32 open_loops_ = 0;
  u32 budget_ = 0;
};

}  // namespace wazuka
