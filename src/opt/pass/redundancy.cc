// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Blocks are visited in order, so that all but back edges come from blocks seen before.
//
// Every place (a region with its index) has a version: a number that changes with every write that
// may touch it, where ways meet that disagree, and at the head of a loop that writes it. A load is
// redundant if an equal one, of the same version, dominates it: on all ways between nothing wrote.
// A store gives the place a new version and the value for loads of the same shape; what is known of
// other offsets from the same address is kept.
//
// Facts are values known to be zero or not: from the branch that alone leads to a block, and from
// checks passed. Bounds checks are remembered by their index.
#include "opt/pass/redundancy.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "opt/analysis/alias.h"
#include "opt/analysis/cfg.h"
#include "opt/pass/factory.h"

namespace wazuka::opt {

namespace {

using PlaceSet = u64;

class Redundancies {
 public:
  Redundancies(const CompileEnv& env, Graph& g) : env_(env), g_(g), f_(g) {}

  void run() {
    cfg_.compute(g_);
    number_places();
    collect_writes();
    const u32 n = g_.num_values();
    map_.assign(n, index_of(kNoValue));
    facts_.assign(n, {});
    bounds_.assign(n, {});
    exits_.resize(g_.num_blocks() * places_);
    for (Block b : cfg_.order()) visit(b);
  }

 private:
  static constexpr u32 kMaxPlaces = 63;  // the rest share the last one
  // Where objects are: changes when they may move, so that addresses in the heap are not reused.
  static constexpr u32 kMoves = 0;

  void number_places();
  PlaceSet places_in(RegionSet regions) const;
  PlaceSet written_by(Value v) const;
  bool is_volatile(const Access& a) const;
  void collect_writes();

  void visit(Block b);
  void enter(Block b);
  void learn_from_branch(Block b);
  void visit_inst(Value v);
  void visit_load(Value v);
  void visit_store(Value v);
  void visit_bounds(Value v);
  void visit_check(Value v);
  void visit_end(Value v);
  void remap(Value v);
  Value mapped(Value v);
  void replace(Value v, Value by) {
    set_map(v, by);
    g_.unlink(v);
  }
  void set_map(Value v, Value to) {
    if (index_of(v) < map_.size()) map_[index_of(v)] = index_of(to);
  }
  void write(PlaceSet places);
  bool hoist(Value v, u32 place);
  bool invariant(Value base) const;

  // What is known.
  struct Fact {
    Block where = kNoBlock;
    bool zero = false;
  };
  void learn(Value v, bool zero);
  void learn_here(Value v, bool zero);
  const Fact* fact(Value v) const;
  const Fact* known(Value condition) const;
  u64 upper_bound(Value v) const;
  struct Bound {
    Block where = kNoBlock;
    Value value = kNoValue;
    u32 extent = 0;
    u32 memory = 0;
  };
  bool reaches(Block where) const {
    return where != kNoBlock && cfg_.dominators().dominates(where, block_);
  }

  // Values in memory.
  struct Known {
    Inst key;
    u32 version;
    Value value;
    Block where;
  };
  static u64 hash_of(const Inst& key, u32 version);
  Known* find_known(const Inst& key, u32 version);
  void remember(const Inst& key, u32 place, Value value, Block where);
  void grow_known();
  static Inst load_key(const Inst& inst, Type type);

  const CompileEnv& env_;
  Graph& g_;
  Factory f_;
  Cfg cfg_;
  std::vector<u32> map_;
  std::vector<Fact> facts_;
  std::vector<Bound> bounds_;

  u32 places_ = 1;
  std::vector<u8> place_of_access_;
  std::vector<Region> region_of_place_;
  std::vector<PlaceSet> loop_writes_;  // by head
  std::vector<u32> version_;           // by place, now
  std::vector<u32> exits_;             // by block and place, at the end
  u32 next_version_ = 1;

  std::vector<Known> known_;  // open addressing; version 0: free
  u32 known_count_ = 0;
  std::vector<Known> recent_;  // of linear memories, since the last merge
  Block block_ = kNoBlock;
  std::vector<Block> path_;
  std::vector<Value> work_;
  std::vector<u32> operands_;
};

// Places ------------------------------------------------------------------------------------------

void Redundancies::number_places() {
  std::unordered_map<u64, u32> numbers;
  region_of_place_.assign(1, Region::kAny);
  for (u32 i = 0; i < g_.num_accesses(); ++i) {
    const Access& a = g_.access(i);
    const u64 key = u64{static_cast<u8>(a.region)} << 32 | a.region_index;
    auto [it, added] = numbers.try_emplace(key, places_);
    if (added) {
      if (places_ < kMaxPlaces) {
        ++places_;
        region_of_place_.push_back(a.region);
      } else {
        // Shared by all that are left; written by whatever writes anything.
        it->second = kMaxPlaces;
        if (region_of_place_.size() == kMaxPlaces) region_of_place_.push_back(Region::kAny);
      }
    }
    place_of_access_.push_back(static_cast<u8>(it->second));
  }
  places_ = static_cast<u32>(region_of_place_.size());
  version_.assign(places_, 0);
  loop_writes_.assign(g_.num_blocks(), 0);
}

PlaceSet Redundancies::places_in(RegionSet regions) const {
  PlaceSet set = 0;
  if (regions == kNoRegions) return set;
  for (u32 p = 1; p < places_; ++p) {
    const Region r = region_of_place_[p];
    if (r == Region::kAny || (regions & region_bit(r)) != 0) set |= PlaceSet{1} << p;
  }
  return set;
}

PlaceSet Redundancies::written_by(Value v) const {
  const Inst& inst = g_[v];
  if (inst.op == Opcode::kStore || inst.op == Opcode::kStoreLane) {
    const Access& a = g_.access(inst);
    if (!a.atomic && a.region != Region::kAny) return PlaceSet{1} << place_of_access_[inst.aux];
  }
  const Effects e = effects_of(g_, v);
  PlaceSet set = places_in(e.writes);
  if (inst.op == Opcode::kCall || inst.op == Opcode::kInvoke) {
    const CallInfo& c = g_[inst.call()];
    if (c.kind != CallInfo::Kind::kBuiltin || may_collect(c.builtin)) set |= PlaceSet{1} << kMoves;
  }
  return set;
}

/// What other threads can see is left alone.
bool Redundancies::is_volatile(const Access& a) const {
  if (a.atomic || a.region == Region::kAny) return true;
  const bool memory = a.region == Region::kMemory || a.region == Region::kMemorySize;
  if (!memory) return false;
  if (a.region_index != kImportedIndex) return env_.module.memories[a.region_index].shared;
  for (u32 i = 0; i < env_.module.imported_memories; ++i) {
    if (env_.module.memories[i].shared) return true;
  }
  return false;
}

/// By loop, inner ones included.
void Redundancies::collect_writes() {
  const std::span<const Block> order = cfg_.order();
  for (Block b : order) {
    const Block head = cfg_.head(b);
    if (head == kNoBlock) continue;
    for (Value v : g_.insts(b)) loop_writes_[index_of(head)] |= written_by(v);
  }
  // Inner heads have larger numbers.
  for (size_t i = order.size(); i-- > 0;) {
    const Block b = order[i];
    if (cfg_.head(b) != b || cfg_.outer(b) == kNoBlock) continue;
    loop_writes_[index_of(cfg_.outer(b))] |= loop_writes_[index_of(b)];
  }
}

void Redundancies::write(PlaceSet places) {
  for (u32 p = 0; p < places_; ++p) {
    if ((places >> p & 1) != 0) version_[p] = next_version_++;
  }
}

// Blocks ------------------------------------------------------------------------------------------

void Redundancies::enter(Block b) {
  const DomTree& dominators = cfg_.dominators();
  while (!path_.empty() && !dominators.dominates(path_.back(), b)) {
    path_.pop_back();
    f_.pop_scope();
  }
  path_.push_back(b);
  f_.push_scope();
  f_.origin = block_ = b;
  const std::span<const Pred> preds = cfg_.preds(b);
  if (preds.empty()) {
    for (u32 p = 0; p < places_; ++p) version_[p] = next_version_++;
    return;
  }
  bool first = true;
  for (const Pred& pred : preds) {
    if (cfg_.is_back_edge(pred.from, b)) continue;
    const u32* exit = &exits_[size_t{index_of(pred.from)} * places_];
    for (u32 p = 0; p < places_; ++p) {
      if (first) {
        version_[p] = exit[p];
      } else if (version_[p] != exit[p]) {
        version_[p] = 0;
      }
    }
    first = false;
  }
  for (u32 p = 0; p < places_; ++p) {
    if (version_[p] == 0) version_[p] = next_version_++;
  }
  if (cfg_.is_loop_head(b)) write(loop_writes_[index_of(b)]);
  if (preds.size() != 1) recent_.clear();
}

void Redundancies::visit(Block b) {
  enter(b);
  learn_from_branch(b);
  for (Value v : g_.insts(b)) visit_inst(v);
  std::copy(version_.begin(), version_.end(), exits_.begin() + size_t{index_of(b)} * places_);
  // The next block may be another one's successor.
  recent_.clear();
}

void Redundancies::visit_inst(Value v) {
  f_.wasm_offset = g_.wasm_offset(v);
  remap(v);
  const Inst& inst = g_[v];
  switch (info_of(inst.op).effect) {
    case Effect::kPinned:
      if (inst.op == Opcode::kRefOffset) {
        const Inst key = inst;
        if (const Known* k = find_known(key, version_[kMoves])) return replace(v, k->value);
        remember(key, kMoves, v, block_);
      }
      return;
    case Effect::kCheck: return inst.op == Opcode::kBounds ? visit_bounds(v) : visit_check(v);
    case Effect::kRead:
      if (inst.op == Opcode::kLoad) return visit_load(v);
      return write(written_by(v));
    case Effect::kWrite:
      if (inst.op == Opcode::kStore) return visit_store(v);
      return write(written_by(v));
    case Effect::kReadWrite:
    case Effect::kCall: return write(written_by(v));
    case Effect::kEnd: return visit_end(v);
    case Effect::kPure: return;
  }
}

// Operands ----------------------------------------------------------------------------------------

/// What a value has become; for floating ones that is found out now, operands first.
Value Redundancies::mapped(Value root) {
  auto known = [&](Value v) {
    return index_of(v) >= map_.size() || map_[index_of(v)] != index_of(kNoValue);
  };
  auto get = [&](Value v) { return index_of(v) >= map_.size() ? v : Value{map_[index_of(v)]}; };
  if (known(root)) return get(root);
  if (!is_pure(g_[root].op)) return root;
  work_.assign(1, root);
  while (!work_.empty()) {
    const Value v = work_.back();
    if (known(v)) {
      work_.pop_back();
      continue;
    }
    bool ready = true, changed = false;
    Inst copy = g_[v];
    const u32 operands = is_leaf(copy.op) ? 0 : info_of(copy.op).operands;
    for (u32 i = 0; i < operands; ++i) {
      const Value x = copy.arg(i);
      if (x == kNoValue) continue;
      if (!known(x)) {
        if (is_pure(g_[x].op)) {
          ready = false;
          work_.push_back(x);
        }
        continue;
      }
      copy.args[i] = index_of(get(x));
      changed = changed || get(x) != x;
    }
    if (!ready) continue;
    work_.pop_back();
    const Block origin = f_.origin;
    if (g_.origin(v) != kNoBlock) f_.origin = g_.origin(v);
    set_map(v, changed ? f_.make(copy) : f_.share(v));
    f_.origin = origin;
  }
  return get(root);
}

void Redundancies::remap(Value v) {
  operands_.clear();
  g_.all_operands(v, [&](u32& x) { operands_.push_back(x); });
  for (u32& x : operands_) x = index_of(mapped(Value{x}));
  const u32* next = operands_.data();
  g_.all_operands(v, [&](u32& x) { x = *next++; });
}

// Memory ------------------------------------------------------------------------------------------

u64 Redundancies::hash_of(const Inst& key, u32 version) {
  u64 h = u64{key.args[0]} << 32 | key.args[1];
  h = (h ^ (u64{key.aux} << 48 | u64{static_cast<u8>(key.op)} << 40 | key.args[2])) *
      0x9e3779b97f4a7c15;
  h = (h ^ version ^ (h >> 29)) * 0xbf58476d1ce4e5b9;
  return h ^ (h >> 32);
}

Redundancies::Known* Redundancies::find_known(const Inst& key, u32 version) {
  if (known_.empty()) return nullptr;
  const u64 mask = known_.size() - 1;
  for (u64 at = hash_of(key, version) & mask; known_[at].version != 0; at = (at + 1) & mask) {
    Known& k = known_[at];
    if (k.version == version && k.key.op == key.op && k.key.type == key.type &&
        k.key.aux == key.aux && k.key.args[0] == key.args[0] && k.key.args[1] == key.args[1] &&
        k.key.args[2] == key.args[2]) {
      return reaches(k.where) ? &k : nullptr;
    }
  }
  return nullptr;
}

void Redundancies::grow_known() {
  std::vector<Known> old(std::max<size_t>(64, 2 * known_.size()), Known{{}, 0, kNoValue, kNoBlock});
  old.swap(known_);
  const u64 mask = known_.size() - 1;
  for (const Known& k : old) {
    if (k.version == 0) continue;
    u64 at = hash_of(k.key, k.version) & mask;
    while (known_[at].version != 0) at = (at + 1) & mask;
    known_[at] = k;
  }
}

void Redundancies::remember(const Inst& key, u32 place, Value value, Block where) {
  if (known_.size() < 2 * (known_count_ + 1)) grow_known();
  const u64 mask = known_.size() - 1;
  const u32 version = version_[place];
  u64 at = hash_of(key, version) & mask;
  // The newest of several equal ones is found first by who comes next: they replace each other.
  for (; known_[at].version != 0; at = (at + 1) & mask) {
    const Known& k = known_[at];
    if (k.version == version && k.key.op == key.op && k.key.type == key.type &&
        k.key.aux == key.aux && k.key.args[0] == key.args[0] && k.key.args[1] == key.args[1] &&
        k.key.args[2] == key.args[2]) {
      break;
    }
  }
  if (known_[at].version == 0) ++known_count_;
  known_[at] = {key, version, value, where};
}

/// The load that would give what a store has stored, or an access itself.
Inst Redundancies::load_key(const Inst& inst, Type type) {
  return {
      .op = Opcode::kLoad, .type = type, .aux = inst.aux, .args = {inst.args[0], inst.args[1], 0}};
}

void Redundancies::visit_load(Value v) {
  const Inst inst = g_[v];
  const Access access = g_.access(inst);
  const u32 place = place_of_access_[inst.aux];
  if (is_volatile(access)) return write(written_by(v));
  const Inst key = load_key(inst, inst.type);
  if (const Known* k = find_known(key, version_[place])) return replace(v, k->value);
  if (hoist(v, place)) return;
  remember(key, place, v, block_);
  if (access.region == Region::kMemory && recent_.size() < 16) {
    recent_.push_back({key, version_[place], v, block_});
  }
}

void Redundancies::visit_store(Value v) {
  const Inst inst = g_[v];
  const Access access = g_.access(inst);
  const u32 place = place_of_access_[inst.aux];
  const u32 before = version_[place];
  write(written_by(v));
  if (is_volatile(access)) return;
  // What is behind or in front of it is as before.
  if (access.region == Region::kMemory) {
    size_t kept = 0;
    for (const Known& k : std::vector<Known>(recent_)) {
      const Access& a = g_.access(k.key);
      const bool same_address = k.version == before && k.key.args[0] == inst.args[0] &&
                                k.key.args[1] == inst.args[1] &&
                                a.region_index == access.region_index;
      const bool apart =
          a.offset + a.bytes <= access.offset || access.offset + access.bytes <= a.offset;
      if (!same_address || !apart) continue;
      remember(k.key, place, k.value, k.where);
      recent_[kept] = k;
      recent_[kept++].version = version_[place];
    }
    recent_.resize(kept);
  }
  const Value stored = inst.arg(2);
  const Type type = g_.type(stored);
  if (type_bytes(type) != access.bytes || access.simd != wazuka::Op::kNop) return;
  const Inst key = load_key(inst, type);
  remember(key, place, stored, block_);
  if (access.region == Region::kMemory && recent_.size() < 16) {
    recent_.push_back({key, version_[place], stored, block_});
  }
}

/// Addresses that are valid everywhere in the function.
bool Redundancies::invariant(Value base) const {
  for (u32 depth = 0; depth < 4; ++depth) {
    if (g_[base].op == Opcode::kVmCtx) return true;
    if (g_[base].op != Opcode::kVmLoad) return false;
    base = g_[base].arg(0);
  }
  return false;
}

/// In front of the outermost loop that does not write it.
bool Redundancies::hoist(Value v, u32 place) {
  const Inst inst = g_[v];
  // There may be no heap outside of the loop.
  if (g_.access(inst).region == Region::kHeapBase) return false;
  if (g_.access(inst).traps || inst.arg(1) != kNoValue || !invariant(inst.arg(0))) return false;
  Block to = kNoBlock;
  for (Block head = cfg_.head(block_); head != kNoBlock; head = cfg_.outer(head)) {
    if ((loop_writes_[index_of(head)] >> place & 1) != 0) break;
    Block outside = kNoBlock;
    u32 ways = 0;
    for (const Pred& p : cfg_.preds(head)) {
      if (cfg_.is_back_edge(p.from, head)) continue;
      outside = p.from;
      ++ways;
    }
    if (ways != 1) break;
    // Nothing has written on the way to here either.
    if (exits_[size_t{index_of(outside)} * places_ + place] != version_[place]) break;
    to = outside;
  }
  if (to == kNoBlock) return false;
  g_.unlink(v);
  g_.insert_before(g_.terminator(to), v);
  remember(load_key(inst, inst.type), place, v, to);
  return true;
}

// Facts -------------------------------------------------------------------------------------------

void Redundancies::learn_here(Value v, bool zero) {
  if (index_of(v) < facts_.size()) facts_[index_of(v)] = {block_, zero};
}

/// Also what follows from it.
void Redundancies::learn(Value v, bool zero) {
  learn_here(v, zero);
  const Inst& inst = g_[v];
  if (inst.op != Opcode::kICmp || g_[inst.arg(1)].op != Opcode::kIConst ||
      g_[inst.arg(1)].bits() != 0) {
    return;
  }
  if (inst.int_cond() == IntCond::kEq) learn_here(inst.arg(0), !zero);
  if (inst.int_cond() == IntCond::kNe) learn_here(inst.arg(0), zero);
}

const Redundancies::Fact* Redundancies::fact(Value v) const {
  if (index_of(v) >= facts_.size() || !reaches(facts_[index_of(v)].where)) return nullptr;
  return &facts_[index_of(v)];
}

/// Whether a condition is known to be zero or not.
const Redundancies::Fact* Redundancies::known(Value condition) const {
  static constexpr Fact kZero{kNoBlock, true}, kNotZero{kNoBlock, false};
  if (const Fact* f = fact(condition)) return f;
  const Inst& inst = g_[condition];
  if (inst.op != Opcode::kICmp || g_[inst.arg(1)].op != Opcode::kIConst ||
      g_[inst.arg(1)].bits() != 0) {
    return nullptr;
  }
  const Fact* f = fact(inst.arg(0));
  if (f == nullptr) return nullptr;
  if (inst.int_cond() == IntCond::kEq) return f->zero ? &kNotZero : &kZero;
  if (inst.int_cond() == IntCond::kNe) return f->zero ? &kZero : &kNotZero;
  return nullptr;
}

void Redundancies::learn_from_branch(Block b) {
  const std::span<const Pred> preds = cfg_.preds(b);
  if (preds.size() != 1) return;
  const Inst& inst = g_[g_.terminator(preds[0].from)];
  if (inst.op != Opcode::kBranch) return;
  learn(inst.arg(0), index_of(preds[0].edge) == inst.args[2]);
}

void Redundancies::visit_check(Value v) {
  if (g_[v].op == Opcode::kTrapIf) {
    const Fact* f = known(g_[v].arg(0));
    if (f != nullptr && f->zero) return g_.unlink(v);
  }
  const Value to = f_.check_again(v);
  if (to == kNoValue) return g_.unlink(v);
  if (to != v) return replace(v, to);
  if (g_[v].op == Opcode::kTrapIf) learn(g_[v].arg(0), true);
}

void Redundancies::visit_end(Value v) {
  const Inst inst = g_[v];
  if (inst.op == Opcode::kInvoke || inst.op == Opcode::kRaise) return write(written_by(v));
  if (inst.op != Opcode::kBranch) return;
  const Value condition = f_.truth(inst.arg(0));
  g_[v].args[0] = index_of(condition);
  if (const Fact* f = known(condition)) g_[v].args[0] = index_of(f_.i32_const(!f->zero));
}

// Bounds ------------------------------------------------------------------------------------------

u64 Redundancies::upper_bound(Value v) const {
  const Inst& inst = g_[v];
  const u64 all = inst.type == Type::kI32 ? 0xffffffff : ~u64{0};
  auto constant = [&](u64* c) {
    if (g_[inst.arg(1)].op != Opcode::kIConst) return false;
    *c = g_[inst.arg(1)].bits();
    return true;
  };
  u64 c = 0;
  switch (inst.op) {
    case Opcode::kIConst: return inst.bits();
    case Opcode::kICmp:
    case Opcode::kFCmp: return 1;
    case Opcode::kIAnd: return constant(&c) ? c : all;
    case Opcode::kUShr:
      return constant(&c) ? all >> (c & (inst.type == Type::kI32 ? 31 : 63)) : all;
    case Opcode::kLoad: {
      const Access& a = g_.access(inst);
      return a.sign || a.bytes >= 4 ? all : (u64{1} << (8 * a.bytes)) - 1;
    }
    case Opcode::kIShl: {
      if (!constant(&c)) return all;
      c &= inst.type == Type::kI32 ? 31 : 63;
      const Inst& x = g_[inst.arg(0)];
      if (x.op != Opcode::kIAnd && x.op != Opcode::kLoad && x.op != Opcode::kUShr) return all;
      const u64 bound = upper_bound(inst.arg(0));
      return bound <= all >> c ? bound << c : all;
    }
    default: return all;
  }
}

void Redundancies::visit_bounds(Value v) {
  const Inst inst = g_[v];
  const Value index = inst.arg(0), size = inst.arg(1);
  // Sizes of memories only: they never become less.
  if (g_[size].op != Opcode::kLoad || g_.access(g_[size]).region != Region::kMemorySize) return;
  const u32 memory = g_.access(g_[size]).region_index;
  if (memory == kImportedIndex) return;
  const bool wide = inst.type == Type::kI64 && g_.type(index) == Type::kI64;
  const MemoryType& type = env_.module.memories[memory];
  const u64 least =
      type.limits.min < (u64{1} << 40) ? type.limits.min << type.page_size_log2 : ~u64{0} >> 1;
  const u64 most = upper_bound(index);
  if (most <= least && inst.extent() <= least - most) {
    return replace(v, wide ? index : f_.zext(index));
  }
  if (index_of(index) >= bounds_.size()) return;
  Bound& b = bounds_[index_of(index)];
  if (reaches(b.where) && b.memory == memory && b.extent >= inst.extent()) {
    return replace(v, b.value);
  }
  b = {block_, v, inst.extent(), memory};
}

}  // namespace

void remove_redundancies(const CompileEnv& env, Graph& g) {
  Redundancies(env, g).run();
}

}  // namespace wazuka::opt
