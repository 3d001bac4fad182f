// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From places to the answer: a location for each operand, and moves wherever a value changes its
// place: between pieces, on edges, for fixed operands and overwritten inputs.
//
// All moves of one place happen at once (and are put in a sequence at the end). There are three
// places before an instruction, in this order: what comes from the instruction before, or over the
// edge into the block; the gap; the edge out of the block, before its jump.
//
// Stores. SSA has one definition, so that a slot that has been written once holds its virtual
// register from there on, and stores after that are redundant. A piece in a register is *clean* if
// the slot is written on all ways into it: if it is entered from slots and from clean pieces only.
// Stores are needed where a way leads from a piece that is not clean into the slot; if they are
// executed more often than the definition, there is one after the definition instead.
#include <algorithm>
#include <cassert>

#include "opt/regalloc/places.h"
#include "opt/regalloc/sequence.h"

namespace wazuka::regalloc {
namespace {

enum class When : u8 { kArrival, kGap, kJump };

class Rewriter {
 public:
  Rewriter(State& s, Output& output) : s_(s), f_(s.f), out_(output), places_(s) {}

  void run() {
    colour_slots();
    out_.allocations.assign(f_.operands.size(), {});
    place_operands();
    for (VReg v = 0; v < s_.vregs.size(); ++v) connect(v);
    pass_arguments();
    sequence();
  }

 private:
  struct RawMove {
    u64 key;
    Move move;
  };
  // A way from one piece to another, or from the definition by a terminator (kNone).
  struct Way {
    u32 from, to;
    u64 key;
    float frequency;
  };

  static u64 key(Inst i, When when) { return u64{i} << 2 | static_cast<u64>(when); }
  static Inst before(u64 k) { return static_cast<Inst>(k >> 2); }

  void colour_slots();
  void place_operands();
  void place_operand(Inst i, u32 number);
  void place_stack(Inst i, u32 number);
  void copy(Inst i);
  void reuse_input(Inst i, const Operand& def);

  Allocation location(VReg v, const Piece& piece) const;
  Allocation at(VReg v, Point p) const { return location(v, places_.at(v, p)); }
  Allocation at_end(VReg v, Block block) const;
  Allocation defined_by_terminator(VReg v) const;
  void move(u64 k, VReg v, Allocation from, Allocation to);

  u64 edge_key(Block from, Block to, float& frequency) const;
  void connect(VReg v);
  void find_ways(VReg v);
  void find_edge_ways(VReg v, u32 piece);
  u32 piece_index(VReg v, Point p) const {
    return static_cast<u32>(&places_.at(v, p) - places_.of(v).data());
  }
  void find_clean_pieces(VReg v);
  bool store_once(VReg v);
  void pass_arguments();
  void sequence();

  State& s_;
  const Function& f_;
  Output& out_;
  Places places_;
  SlotColouring slots_;
  std::vector<u32> stack_slots_;  // of kStack operands, in their order
  u32 next_stack_slot_ = 0;
  std::vector<Allocation> stack_defs_;  // by terminators: pairs with stack_def_vregs_
  std::vector<VReg> stack_def_vregs_;
  std::vector<RawMove> moves_;
  std::vector<Way> ways_;
  std::vector<u8> clean_;
  std::vector<u32> work_;
};

// ---- slots ----

void Rewriter::colour_slots() {
  for (VReg v = 0; v < s_.vregs.size(); ++v) {
    std::span<const Piece> pieces = places_.of(v);
    if (s_.vregs[v].remat != kNoRemat) continue;
    auto in_slot = [](const Piece& p) { return p.reg == Piece::kSlot; };
    if (std::none_of(pieces.begin(), pieces.end(), in_slot)) continue;
    Web& web = s_.webs[s_.vregs[v].web];
    web.slot_from = std::min(web.slot_from, pieces.front().from);
    web.slot_to = std::max(web.slot_to, pieces.back().to);
  }
  for (Web& web : s_.webs) {
    if (web.slot_to != 0) web.slot = slots_.add(web.slot_from, web.slot_to, web.reg_class);
  }
  for (Inst i = 0; i < f_.insts.size(); ++i) {
    Range operands = f_.insts[i].operands;
    for (const Operand& o : f_.operands.subspan(operands.first, operands.count)) {
      if (o.constraint != Constraint::kStack) continue;
      stack_slots_.push_back(slots_.add(pre(i), pre(i + 1) + 1, s_.class_of(o.vreg)));
    }
  }
  slots_.run();
  out_.slot_units = slots_.units();
}

// ---- locations and moves ----

Allocation Rewriter::location(VReg v, const Piece& piece) const {
  if (piece.reg != Piece::kSlot) return Allocation::reg(piece.reg);
  const VRegInfo& info = s_.vregs[v];
  return info.remat != kNoRemat ? Allocation() : slots_.slot(s_.webs[info.web].slot);
}

// What a terminator defines in a place of its own, nothing moves within the block.
Allocation Rewriter::defined_by_terminator(VReg v) const {
  const VRegInfo& info = s_.vregs[v];
  if (info.def != pre(s_.terminator(info.block)) + 3) return {};
  if (info.fixed_def != kNoReg) return Allocation::reg(info.fixed_def);
  for (size_t n = stack_def_vregs_.size(); n-- > 0;) {
    if (stack_def_vregs_[n] == v) return stack_defs_[n];
  }
  return {};
}

Allocation Rewriter::at_end(VReg v, Block block) const {
  if (s_.vregs[v].block == block) {
    Allocation defined = defined_by_terminator(v);
    if (!defined.is_none()) return defined;
  }
  return at(v, s_.block_to(block) - 1);
}

void Rewriter::move(u64 k, VReg v, Allocation from, Allocation to) {
  if (from == to || to.is_none()) return;
  u32 remat = from.is_none() ? s_.vregs[v].remat : kNoRemat;
  assert(!from.is_none() || remat != kNoRemat);
  assert(before(k) < f_.insts.size());
  moves_.push_back({k, {before(k), from, to, v, remat, s_.class_of(v)}});
}

void Rewriter::place_operands() {
  for (Inst i = 0; i < f_.insts.size(); ++i) {
    const InstInfo& inst = f_.insts[i];
    if (inst.is_move) {
      copy(i);
      continue;
    }
    for (u32 n = inst.operands.first; n < inst.operands.end(); ++n) place_operand(i, n);
    for (const Operand& o : f_.operands.subspan(inst.operands.first, inst.operands.count)) {
      if (o.constraint == Constraint::kReuse) reuse_input(i, o);
    }
  }
}

void Rewriter::copy(Inst i) {
  const Operand* operands = &f_.operands[f_.insts[i].operands.first];
  bool use_first = operands[0].kind == OperandKind::kUse;
  VReg from = operands[use_first ? 0 : 1].vreg;
  VReg to = operands[use_first ? 1 : 0].vreg;
  if (places_.of(to).empty()) return;
  move(key(i, When::kGap), from, at(from, pre(i)), at(to, early(i)));
}

void Rewriter::reuse_input(Inst i, const Operand& def) {
  u32 input = f_.insts[i].operands.first + def.data;
  VReg v = f_.operands[input].vreg;
  Allocation to = at(def.vreg, early(i));
  move(key(i, When::kGap), v, at(v, pre(i)), to);
  out_.allocations[input] = to;
}

void Rewriter::place_operand(Inst i, u32 number) {
  const Operand& o = f_.operands[number];
  Allocation& allocation = out_.allocations[number];
  bool use = o.kind == OperandKind::kUse;
  switch (o.constraint) {
    case Constraint::kFixed:
      allocation = Allocation::reg(o.data);
      if (use) {
        move(key(i, When::kGap), o.vreg, at(o.vreg, pre(i)), allocation);
      } else if (o.kind == OperandKind::kDef && !s_.is_terminator(i) &&
                 !places_.of(o.vreg).empty()) {
        move(key(i + 1, When::kArrival), o.vreg, allocation, at(o.vreg, post(i)));
      }
      return;
    case Constraint::kStack: return place_stack(i, number);
    case Constraint::kReuse: allocation = at(o.vreg, early(i)); return;
    case Constraint::kAny:
    case Constraint::kReg: break;
  }
  if (use) {
    // If another operand overwrites it, its location is set with that.
    Point p = o.position == Position::kEarly ? early(i) : late(i);
    const Piece* piece = places_.find(o.vreg, p);
    if (piece != nullptr) allocation = location(o.vreg, *piece);
    return;
  }
  Point p = o.position == Position::kEarly || o.kind == OperandKind::kTemp ? early(i) : late(i);
  allocation = at(o.vreg, p);
}

// In the slot of the virtual register if it happens to be there, or else in one for the
// instruction.
void Rewriter::place_stack(Inst i, u32 number) {
  const Operand& o = f_.operands[number];
  Allocation slot = slots_.slot(stack_slots_[next_stack_slot_++]);
  if (o.kind == OperandKind::kUse) {
    Allocation now = at(o.vreg, pre(i));
    if (now.is_slot()) {
      slot = now;
    } else {
      move(key(i, When::kGap), o.vreg, now, slot);
    }
  } else if (!places_.of(o.vreg).empty()) {
    if (s_.is_terminator(i)) {
      stack_defs_.push_back(slot);
      stack_def_vregs_.push_back(o.vreg);
    } else {
      move(key(i + 1, When::kArrival), o.vreg, slot, at(o.vreg, post(i)));
    }
  }
  out_.allocations[number] = slot;
}

// ---- ways between pieces ----

u64 Rewriter::edge_key(Block from, Block to, float& frequency) const {
  bool at_successor = f_.blocks[to].preds.count == 1;
  frequency = f_.blocks[at_successor ? to : from].frequency;
  return at_successor ? key(f_.blocks[to].insts.first, When::kArrival)
                      : key(s_.terminator(from), When::kJump);
}

void Rewriter::connect(VReg v) {
  std::span<const Piece> pieces = places_.of(v);
  if (pieces.empty()) return;
  bool arrives_on_edges = !defined_by_terminator(v).is_none();
  auto other = [&](const Piece& p) { return p.reg != pieces[0].reg; };
  if (!arrives_on_edges && std::none_of(pieces.begin(), pieces.end(), other)) return;
  ways_.clear();
  find_ways(v);
  find_clean_pieces(v);
  bool stored = store_once(v);
  for (const Way& way : ways_) {
    Allocation to = location(v, pieces[way.to]);
    if (way.from == kNone) {
      move(way.key, v, defined_by_terminator(v), to);
      continue;
    }
    Allocation from = location(v, pieces[way.from]);
    if (to.is_slot() && from != to && (stored || clean_[way.from])) {
      ++s_.stats.removed_moves;
    } else {
      move(way.key, v, from, to);
    }
  }
}

void Rewriter::find_ways(VReg v) {
  std::span<const Piece> pieces = places_.of(v);
  for (u32 n = 0; n < pieces.size(); ++n) {
    Point p = pieces[n].from;
    bool follows = n > 0 && pieces[n - 1].to == p;
    Inst i = inst_of(p);
    if (follows && (p & 3) == 1) {
      ways_.push_back({n - 1, n, key(i, When::kGap), s_.frequency_at(p)});
    } else if (follows && (p & 3) == 3) {
      ways_.push_back({n - 1, n, key(i + 1, When::kArrival), s_.frequency_at(p)});
    } else if (follows && (p & 3) == 2) {
      // Within an instruction values only fall back to their slots, which are written before it.
      assert(pieces[n].reg == Piece::kSlot);
      u32 from = pieces[n - 1].from == early(i) ? n - 2 : n - 1;
      if (pieces[from].reg != Piece::kSlot) {
        ways_.push_back({from, n, key(i, When::kGap), s_.frequency_at(p)});
      }
    }
    find_edge_ways(v, n);
  }
}

void Rewriter::find_edge_ways(VReg v, u32 index) {
  const Piece& piece = places_.of(v)[index];
  const VRegInfo& info = s_.vregs[v];
  const bool arrives_on_edges = !defined_by_terminator(v).is_none();
  Block block = s_.block_at(piece.from);
  if (s_.block_from(block) < piece.from) ++block;
  for (; block < f_.blocks.size() && s_.block_from(block) < piece.to; ++block) {
    if (block == info.block) continue;  // its definition, as a parameter
    Range preds = f_.blocks[block].preds;
    s_.stats.liveness_steps += 1 + preds.count;
    for (Block p : f_.preds.subspan(preds.first, preds.count)) {
      bool by_terminator = p == info.block && arrives_on_edges;
      Point end = s_.block_to(p) - 1;
      // Mostly blocks of the same piece.
      if (!by_terminator && piece.from <= end && end < piece.to) continue;
      u32 from = by_terminator ? kNone : piece_index(v, end);
      float frequency;
      u64 k = edge_key(p, block, frequency);
      ways_.push_back({from, index, k, frequency});
    }
  }
}

void Rewriter::find_clean_pieces(VReg v) {
  std::span<const Piece> pieces = places_.of(v);
  clean_.assign(pieces.size(), 1);
  if (s_.vregs[v].remat != kNoRemat) return;
  auto soil = [&](u32 piece) {
    if (!clean_[piece] || pieces[piece].reg == Piece::kSlot) return;
    clean_[piece] = 0;
    work_.push_back(piece);
  };
  soil(piece_index(v, s_.vregs[v].def));
  for (const Way& way : ways_) {
    if (way.from == kNone) soil(way.to);
  }
  // Pieces and ways are few, or the budget ended splitting: a pass for each level is affordable.
  if (work_.empty() || ways_.size() < 2) {
    work_.clear();
    return;
  }
  std::sort(ways_.begin(), ways_.end(), [](const Way& a, const Way& b) { return a.from < b.from; });
  while (!work_.empty()) {
    u32 piece = work_.back();
    work_.pop_back();
    auto way = std::partition_point(ways_.begin(), ways_.end(),
                                    [&](const Way& w) { return w.from < piece; });
    for (; way != ways_.end() && way->from == piece; ++way) soil(way->to);
  }
}

// Whether the stores that are needed are better replaced by one after the definition, which is
// made.
bool Rewriter::store_once(VReg v) {
  std::span<const Piece> pieces = places_.of(v);
  const VRegInfo& info = s_.vregs[v];
  if (info.remat != kNoRemat) return false;
  float cost = 0;
  u32 stores = 0;
  for (const Way& way : ways_) {
    if (way.from == kNone) return false;
    if (pieces[way.to].reg != Piece::kSlot || clean_[way.from]) continue;
    if (pieces[way.from].reg == Piece::kSlot) continue;
    cost += way.frequency;
    ++stores;
  }
  if (stores < 2) {
    if (stores == 0 || cost <= f_.blocks[info.block].frequency) return false;
  }
  if (cost < f_.blocks[info.block].frequency) return false;
  Allocation slot = slots_.slot(s_.webs[info.web].slot);
  Inst i = inst_of(info.def);
  if (info.parameter) {
    move(key(i, When::kGap), v, at(v, info.def), slot);
  } else if (s_.is_terminator(i)) {
    return false;
  } else if (info.def == post(i)) {
    Allocation from = Allocation::reg(info.fixed_def);
    if (info.fixed_def == kNoReg) return false;
    move(key(i + 1, When::kArrival), v, from, slot);
  } else {
    move(key(i + 1, When::kArrival), v, at(v, info.def), slot);
  }
  return true;
}

void Rewriter::pass_arguments() {
  for (Block b = 0; b < f_.blocks.size(); ++b) {
    Range succs = f_.blocks[b].succs;
    for (const Edge& edge : f_.edges.subspan(succs.first, succs.count)) {
      Range params = f_.blocks[edge.to].params;
      float frequency;
      u64 k = edge_key(b, edge.to, frequency);
      for (u32 n = 0; n < edge.args.count; ++n) {
        VReg to = f_.params[params.first + n];
        VReg from = f_.args[edge.args.first + n];
        if (places_.of(to).empty()) continue;
        move(k, from, at_end(from, b), at(to, s_.block_from(edge.to)));
      }
    }
  }
}

// ---- the answer ----

void Rewriter::sequence() {
  auto earlier = [](const RawMove& a, const RawMove& b) {
    return a.key != b.key ? a.key < b.key : a.move.to.bits() < b.move.to.bits();
  };
  std::sort(moves_.begin(), moves_.end(), earlier);
  Sequencer sequencer(s_.machine);
  std::vector<Move> group;
  for (size_t n = 0; n < moves_.size();) {
    group.clear();
    u64 k = moves_[n].key;
    for (; n < moves_.size() && moves_[n].key == k; ++n) {
      const Move& m = moves_[n].move;
      if (!group.empty() && group.back().to == m.to) {
        assert(group.back().from == m.from && group.back().vreg == m.vreg);
        continue;
      }
      group.push_back(m);
    }
    sequencer.run(group, out_.moves);
  }
}

}  // namespace

void rewrite(State& s, Output& output) {
  Rewriter(s, output).run();
}

}  // namespace wazuka::regalloc
