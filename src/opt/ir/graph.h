// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A function in the IR: blocks with parameters, instructions in SSA form (docs/optimizing.md).
//
// Instructions are 16 bytes each, by number. Those with a place are in the list of their block,
// from first to terminator; pure ones float until elaboration links them, too. Nothing is ever
// moved in memory, and nothing knows its uses: who wants them counts them (analysis/uses.h).
#pragma once

#include <array>
#include <span>
#include <vector>

#include "abi/code_object.h"
#include "opt/ir/inst.h"

namespace wazuka::opt {

struct BlockData {
  Value first = kNoValue, last = kNoValue;
  u32 params_begin = 0, params_count = 0;  // in the list pool
  u16 loop_depth = 0;                      // set by elaboration, for the back end
  bool cold = false;                       // hinted, or ends in a trap
};

class Graph {
 public:
  void clear();

  // Instructions ---------------------------------------------------------------------------------

  const Inst& operator[](Value v) const { return insts_[index_of(v)]; }
  Inst& operator[](Value v) { return insts_[index_of(v)]; }
  Type type(Value v) const { return insts_[index_of(v)].type; }
  u32 num_values() const { return static_cast<u32>(insts_.size()); }
  /// Appends to no block.
  Value add(const Inst& inst, u32 wasm_offset = kNoOffset) {
    insts_.push_back(inst);
    places_.push_back({});
    offsets_.push_back(wasm_offset);
    return Value{static_cast<u32>(insts_.size() - 1)};
  }
  /// Byte offset in the module of the wasm instruction that it comes from, for traps and calls.
  u32 wasm_offset(Value v) const { return offsets_[index_of(v)]; }
  void set_wasm_offset(Value v, u32 offset) { offsets_[index_of(v)] = offset; }

  // Blocks ---------------------------------------------------------------------------------------

  static constexpr Block kEntry{0};  // its parameters are the function's
  u32 num_blocks() const { return static_cast<u32>(blocks_.size()); }
  Block add_block() {
    blocks_.emplace_back();
    return Block{static_cast<u32>(blocks_.size() - 1)};
  }
  const BlockData& operator[](Block b) const { return blocks_[index_of(b)]; }
  BlockData& operator[](Block b) { return blocks_[index_of(b)]; }
  std::span<const u32> raw_params(Block b) const {
    const BlockData& d = (*this)[b];
    return {lists_.data() + d.params_begin, d.params_count};
  }
  Value param(Block b, u32 i) const { return Value{raw_params(b)[i]}; }
  Value add_param(Block b, Type type, bool traced = false);
  /// The same with an instruction that is there already.
  void define_param(Block b, Value v, Type type, bool traced);
  /// Renumbers and keeps those for which `keep` has a non-zero entry.
  void filter_params(Block b, std::span<const u8> keep);
  Value terminator(Block b) const { return (*this)[b].last; }

  /// The block that an instruction is in; kNoBlock if it floats. For parameters, theirs.
  Block block_of(Value v) const { return places_[index_of(v)].block; }
  /// Where the source has a floating instruction, if that is known: dominates its uses.
  Block origin(Value v) const { return places_[index_of(v)].origin; }
  void set_origin(Value v, Block b) { places_[index_of(v)].origin = b; }
  Value next(Value v) const { return places_[index_of(v)].next; }
  Value prev(Value v) const { return places_[index_of(v)].prev; }
  void append(Block b, Value v) { insert_after(b, (*this)[b].last, v); }
  void insert_after(Block b, Value after, Value v);  // kNoValue: at the beginning
  void insert_before(Value before, Value v) { insert_after(block_of(before), prev(before), v); }
  void unlink(Value v);
  /// Gives the blocks new numbers, in this order; those that are not in it are gone, and nothing
  /// may lead to them.
  void renumber_blocks(std::span<const Block> order);
  /// Removes everything from a block that nothing leads to.
  void clear_block(Block b);
  /// Moves everything behind `v` to the end of another block.
  void split_after(Value v, Block to);

  /// The instructions of a block in order; unlinking the current one is allowed.
  class Iterator {
   public:
    Iterator(const Graph* g, Value v) : graph_(g), at_(v) { advance_next(); }
    Value operator*() const { return at_; }
    Iterator& operator++() {
      at_ = next_;
      advance_next();
      return *this;
    }
    bool operator!=(const Iterator& o) const { return at_ != o.at_; }

   private:
    void advance_next() { next_ = at_ == kNoValue ? kNoValue : graph_->next(at_); }
    const Graph* graph_;
    Value at_, next_ = kNoValue;
  };
  struct Range {
    Iterator first, last;
    Iterator begin() const { return first; }
    Iterator end() const { return last; }
  };
  Range insts(Block b) const {
    return {Iterator(this, (*this)[b].first), Iterator(this, kNoValue)};
  }

  // Side tables ----------------------------------------------------------------------------------

  std::span<const u32> list(u32 begin, u32 count) const { return {lists_.data() + begin, count}; }
  std::span<u32> list(u32 begin, u32 count) { return {lists_.data() + begin, count}; }
  /// A copy in the list pool: where it begins.
  u32 add_list(std::span<const u32> values);

  const Edge& operator[](EdgeId e) const { return edges_[index_of(e)]; }
  Edge& operator[](EdgeId e) { return edges_[index_of(e)]; }
  u32 num_edges() const { return static_cast<u32>(edges_.size()); }
  EdgeId add_edge(Block target, std::span<const u32> args = {});
  /// A new one that takes over the list of values.
  EdgeId copy_edge(Edge edge) {
    edges_.push_back(edge);
    return EdgeId{static_cast<u32>(edges_.size() - 1)};
  }
  std::span<const u32> edge_args(EdgeId e) const {
    return list((*this)[e].args_begin, (*this)[e].args_count);
  }
  /// Keeps the values for which `keep` has a non-zero entry.
  void filter_edge(EdgeId e, std::span<const u8> keep);
  std::span<u32> edge_args(EdgeId e) { return list((*this)[e].args_begin, (*this)[e].args_count); }

  /// Interned; kNoAccess if there are too many.
  static constexpr u32 kNoAccess = 0xffff;
  u32 intern(const Access& access);
  u32 num_accesses() const { return static_cast<u32>(accesses_.size()); }
  const Access& access(u32 index) const { return accesses_[index]; }
  const Access& access(const Inst& inst) const { return accesses_[inst.aux]; }

  using Bytes16 = std::array<u8, 16>;
  u32 add_vector(const Bytes16& bytes);
  const Bytes16& vector(u32 index) const { return vectors_[index]; }

  const CallInfo& operator[](CallId c) const { return calls_[index_of(c)]; }
  CallInfo& operator[](CallId c) { return calls_[index_of(c)]; }
  u32 num_calls() const { return static_cast<u32>(calls_.size()); }
  CallId add_call(const CallInfo& call) {
    calls_.push_back(call);
    return CallId{static_cast<u32>(calls_.size() - 1)};
  }
  u32 add_handlers(std::span<const Handler> handlers);
  std::span<const Handler> handlers(const CallInfo& c) const {
    return {handlers_.data() + c.handlers_begin, c.handlers_count};
  }

  SlotId add_slot(u32 cells, bool traced = false) {
    slots_.push_back({cells, traced});
    return SlotId{static_cast<u32>(slots_.size() - 1)};
  }
  const StackSlot& operator[](SlotId s) const { return slots_[index_of(s)]; }
  u32 num_slots() const { return static_cast<u32>(slots_.size()); }

  // What instructions refer to -------------------------------------------------------------------

  /// Calls f(u32& value) for every operand but the values that edges carry, in order; missing ones
  /// are skipped. `f` must not add to the graph.
  template <class F>
  void operands(Value v, F&& f);
  template <class F>
  void operands(Value v, F&& f) const {
    const_cast<Graph*>(this)->operands(v, [&f](u32& x) { f(Value{x}); });
  }
  /// The edges of a terminator: consecutive numbers, or none.
  struct EdgeRange {
    u32 first = 0, count = 0;
    EdgeId operator[](u32 i) const { return EdgeId{first + i}; }
  };
  /// Of a Branch: args[1] is taken if the condition is not zero, args[2] otherwise; `edges` relies
  /// on the two being consecutive.
  EdgeRange edges(Value terminator) const;
  /// operands, and then what the edges carry.
  template <class F>
  void all_operands(Value v, F&& f) {
    operands(v, f);
    if (!is_terminator((*this)[v].op)) return;
    const EdgeRange range = edges(v);
    for (u32 i = 0; i < range.count; ++i) {
      for (u32& x : edge_args(range[i])) f(x);
    }
  }

  static constexpr u32 kNoOffset = ~u32{0};

  // Positions in inlined bodies, as instructions have them for offsets.
  u32 add_position(const InlinedPosition& p) {
    positions_.push_back(p);
    return kInlinedPosition | static_cast<u32>(positions_.size() - 1);
  }
  std::span<const InlinedPosition> positions() const { return positions_; }

  // Of the function as a whole.
  u32 func_index = 0;         // in the module's function index space
  u32 taken_frame_bytes = 0;  // OsrEntry::frame_bytes, if the graph begins at a loop; else 0
  u32 inlined_cells = 0;      // homes that baseline code has for the bodies that are inlined

 private:
  struct Place {
    Block block = kNoBlock;
    Value prev = kNoValue, next = kNoValue;
    Block origin = kNoBlock;
  };

  std::vector<Inst> insts_;
  std::vector<Place> places_;
  std::vector<u32> offsets_;
  std::vector<BlockData> blocks_;
  std::vector<u32> lists_;
  std::vector<Edge> edges_;
  std::vector<Access> accesses_;
  std::vector<u16> access_map_;  // open addressing; a power of two
  std::vector<Bytes16> vectors_;
  std::vector<CallInfo> calls_;
  std::vector<Handler> handlers_;
  std::vector<StackSlot> slots_;
  std::vector<InlinedPosition> positions_;
};

template <class F>
void Graph::operands(Value v, F&& f) {
  Inst& inst = insts_[index_of(v)];
  const OpcodeInfo& info = info_of(inst.op);
  if (!info.is_listed()) {
    for (u32 i = 0; i < info.operands; ++i) {
      if (inst.args[i] != index_of(kNoValue)) f(inst.args[i]);
    }
    return;
  }
  switch (info.imm) {
    case Imm::kCall:
    case Imm::kInvoke: {
      if (inst.args[1] != index_of(kNoValue)) f(inst.args[1]);
      const CallInfo& c = calls_[inst.args[0]];
      for (u32 i = 0; i < c.args_count; ++i) f(lists_[c.args_begin + i]);
      return;
    }
    case Imm::kList:
    case Imm::kAccess:
      for (u32 i = 0; i < inst.args[1]; ++i) {
        u32& x = lists_[inst.args[0] + i];
        if (x != index_of(kNoValue)) f(x);
      }
      return;
    case Imm::kBranch:
    case Imm::kSwitch: f(inst.args[0]); return;
    default: return;
  }
}

}  // namespace wazuka::opt
