// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "baseline/loop_scan.h"

#include <algorithm>
#include <array>

#include "baseline/value.h"
#include "wasm/instruction_reader.h"

#pragma GCC diagnostic ignored "-Wswitch-enum"

namespace wazuka::baseline {

namespace {

/// What follows an opcode of one byte.
enum class Shape : u8 { kOther, kNothing, kLocal, kNumber, kBlock, kMemArg, kBytes4, kBytes8 };

constexpr Shape shape_of(ImmKind imm) {
  switch (imm) {
    case ImmKind::kNone: return Shape::kNothing;
    case ImmKind::kLocal: return Shape::kLocal;
    case ImmKind::kLabel:
    case ImmKind::kFunc:
    case ImmKind::kGlobal:
    case ImmKind::kMemory:
    case ImmKind::kI32:
    case ImmKind::kI64: return Shape::kNumber;
    case ImmKind::kBlock: return Shape::kBlock;
    case ImmKind::kMemArg: return Shape::kMemArg;
    case ImmKind::kF32: return Shape::kBytes4;
    case ImmKind::kF64: return Shape::kBytes8;
    default: return Shape::kOther;
  }
}

constexpr std::array<Shape, 256> kShapes = [] {
  std::array<Shape, 256> shapes{};
  for (const OpInfo& info : kOpInfo) {
    if (info.prefix == 0) shapes[info.code & 0xff] = shape_of(info.imm);
  }
  return shapes;
}();

const u8* skip_number(const u8* p) {
  while (*p++ >= 0x80) {
  }
  return p;
}

u32 read_number(const u8*& p) {
  u32 value = 0, shift = 0, byte;
  do {
    byte = *p++;
    value |= (byte & 0x7f) << shift;
    shift += 7;
  } while (byte >= 0x80);
  return value;
}

/// Behind the memarg.
const u8* skip_memarg(const u8* p) {
  const bool has_memory = (*p & 0x40) != 0;
  p = skip_number(p);
  return skip_number(has_memory ? skip_number(p) : p);
}

/// Behind the block type if it is an index, a number type or nothing; null if it is a reference.
const u8* skip_block_type(const u8* p) {
  if (*p == 0x40 || (*p >= 0x7b && *p < 0x80)) return p + 1;
  return *p < 0x40 || *p >= 0x80 ? skip_number(p) : nullptr;
}

}  // namespace

/// The module is valid: nothing can go wrong.
void LoopScan::run(const Module& module, u32 func_index, std::span<const ValType> locals) {
  const FuncInfo& info = module.func_infos[func_index - module.imported_funcs];
  types_ = locals;
  loops_.assign(info.num_loops, Loop{});
  locals_.clear();
  log_.clear();
  if (counts_.size() < locals.size()) counts_.resize(locals.size());
  budget_ = u64{4} * module.funcs[func_index].body.size;
  const std::span<const LoopInfo> loops = module.func_info_pool.loops_of(info);
  for (u32 next = 0; next < loops.size();) next = scan(module, loops, next);
}

/// Reads an outermost loop, with those in it; returns the next one.
u32 LoopScan::scan(const Module& module, std::span<const LoopInfo> infos, u32 next) {
  const u8* const base = module.bytes.data();
  const u8* pc = base + infos[next].begin;
  const u8* opens = pc;        // where the next loop begins
  const u8* closes = nullptr;  // where the innermost one ends
  InstructionReader reader(module.bytes, {infos[next].begin, infos[next].end - infos[next].begin});
  for (;;) {
    if (pc == opens) {
      open_.push_back({next, infos[next].end, static_cast<u32>(log_.size())});
      closes = base + infos[next].end;
      opens = ++next < infos.size() ? base + infos[next].begin : nullptr;
    } else if (pc == closes) {
      end_loop();
      if (open_.empty()) return next;
      closes = base + open_.back().end;
    }
    const u8* behind = nullptr;
    switch (kShapes[*pc]) {
      case Shape::kOther: break;
      case Shape::kNothing: behind = pc + 1; break;
      case Shape::kLocal:
        behind = pc + 1;
        log_.push_back({read_number(behind), 1});
        break;
      case Shape::kNumber: behind = skip_number(pc + 1); break;
      case Shape::kBlock: behind = skip_block_type(pc + 1); break;
      case Shape::kMemArg: behind = skip_memarg(pc + 1); break;
      case Shape::kBytes4: behind = pc + 5; break;
      case Shape::kBytes8: behind = pc + 9; break;
    }
    if (behind == nullptr) {
      Instruction instruction;
      reader.seek(static_cast<u32>(pc - base));
      reader.next(instruction);
      behind = base + reader.position();
    }
    pc = behind;
  }
}

void LoopScan::end_loop() {
  const OpenLoop open = open_.back();
  open_.pop_back();
  const auto begin = log_.begin() + open.log_begin, end = log_.end();
  const u64 work = static_cast<u64>(end - begin);
  if (work <= budget_) {
    budget_ -= work;
    distinct_.clear();
    for (auto use = begin; use != end; ++use) {
      if (counts_[use->local] == 0) distinct_.push_back(use->local);
      counts_[use->local] += use->count;
    }
    // For the loop around it.
    log_.resize(open.log_begin);
    for (u32 local : distinct_) log_.push_back({local, counts_[local]});
    choose(loops_[open.ordinal]);
    for (u32 local : distinct_) counts_[local] = 0;
  }
  if (open_.empty()) log_.clear();
}

void LoopScan::choose(Loop& loop) {
  constexpr size_t kEnough = 40;
  auto more = [this](u32 a, u32 b) { return counts_[a] > counts_[b]; };
  const size_t n = std::min(kEnough, distinct_.size());
  std::partial_sort(distinct_.begin(), distinct_.begin() + static_cast<ptrdiff_t>(n),
                    distinct_.end(), more);
  loop.known = true;
  loop.begin = static_cast<u32>(locals_.size());
  u32 gprs = 0, xmms = 0;
  for (size_t i = 0; i < n; ++i) {
    const bool xmm = in_xmm(types_[distinct_[i]]);
    if (xmm ? xmms == kMaxXmms : gprs == kMaxGprs) continue;
    ++(xmm ? xmms : gprs);
    locals_.push_back(distinct_[i]);
  }
  loop.count = static_cast<u32>(locals_.size()) - loop.begin;
}

}  // namespace wazuka::baseline
