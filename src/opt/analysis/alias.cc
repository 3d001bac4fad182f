// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "opt/analysis/alias.h"

namespace wazuka::opt {

namespace {

constexpr RegionSet kHeap = region_bit(Region::kField) | region_bit(Region::kElement) |
                            region_bit(Region::kStore) | region_bit(Region::kSlot);

RegionSet written_by(Builtin b) {
  switch (b) {
    case Builtin::k_is_subtype:
    case Builtin::k_gc_is_instance:
    case Builtin::k_gc_has_descriptor:
    case Builtin::k_ref_func:
    case Builtin::k_data_drop:
    case Builtin::k_elem_drop: return kNoRegions;
    case Builtin::k_memory_grow: return region_bit(Region::kMemorySize) | kHeap;
    case Builtin::k_memory_init:
    case Builtin::k_memory_fill:
    case Builtin::k_memory_copy: return region_bit(Region::kMemory);
    case Builtin::k_table_grow:
      return region_bit(Region::kTable) | region_bit(Region::kTableShape) | kHeap;
    case Builtin::k_table_init:
    case Builtin::k_table_fill:
    case Builtin::k_table_copy: return region_bit(Region::kTable) | kHeap;
    default: return kMutableRegions;
  }
}

}  // namespace

bool may_collect(Builtin b) {
  return b != Builtin::k_is_subtype && b != Builtin::k_gc_is_instance &&
         b != Builtin::k_gc_has_descriptor;
}

Effects effects_of(const Graph& g, Value v) {
  const Inst& inst = g[v];
  const Effect effect = info_of(inst.op).effect;
  switch (effect) {
    case Effect::kPure:
    case Effect::kPinned: return {};
    case Effect::kCheck: return {.traps = true};
    case Effect::kCall:
    case Effect::kEnd: {
      if (info_of(inst.op).imm != Imm::kCall && info_of(inst.op).imm != Imm::kInvoke) return {};
      const CallInfo& c = g[inst.call()];
      const bool is_builtin = c.kind == CallInfo::Kind::kBuiltin && inst.op != Opcode::kRaise;
      return {.reads = ~RegionSet{0},
              .writes = is_builtin ? written_by(c.builtin) : kMutableRegions,
              .traps = !is_builtin};
    }
    case Effect::kRead:
    case Effect::kWrite:
    case Effect::kReadWrite: break;
  }
  Effects e{.exact = true};
  RegionSet region;
  if (info_of(inst.op).imm == Imm::kSlot) {
    region = region_bit(Region::kSlot);
    e.index = inst.args[2];
  } else if (inst.op == Opcode::kFence) {
    return {.reads = kMutableRegions, .writes = kMutableRegions};
  } else if (inst.op == Opcode::kLimitIf) {
    return {.reads = kMutableRegions, .writes = kMutableRegions, .traps = true};
  } else {
    const Access& a = g.access(inst);
    region = a.region == Region::kAny ? ~RegionSet{0} : region_bit(a.region);
    e.index = a.region_index;
    e.exact = a.region != Region::kAny;
    e.traps = a.traps;
    // Orders everything that other threads can see.
    if (a.atomic && a.region == Region::kMemory) {
      e.writes = region_bit(Region::kMemory) | region_bit(Region::kMemorySize);
      e.exact = false;
    }
  }
  if (effect != Effect::kWrite) e.reads |= region;
  if (effect != Effect::kRead) e.writes |= region;
  return e;
}

bool commute(const Effects& a, const Effects& b) {
  if (a.traps && (b.traps || b.writes != kNoRegions)) return false;
  if (b.traps && a.writes != kNoRegions) return false;
  const RegionSet common = (a.writes & (b.reads | b.writes)) | (b.writes & a.reads);
  if (common == kNoRegions) return true;
  return a.exact && b.exact && a.index != b.index;
}

bool can_sink_load(const Graph& g, Value load, Value user) {
  constexpr u32 kFar = 32;
  if (g.block_of(load) != g.block_of(user)) return false;
  const Effects mine = effects_of(g, load);
  u32 distance = 0;
  for (Value v = g.next(load); v != user; v = g.next(v)) {
    if (v == kNoValue || ++distance > kFar || !commute(mine, effects_of(g, v))) return false;
  }
  return true;
}

}  // namespace wazuka::opt
