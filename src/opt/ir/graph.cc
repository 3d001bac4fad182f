// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "opt/ir/graph.h"

#include <algorithm>

namespace wazuka::opt {

void Graph::clear() {
  insts_.clear();
  places_.clear();
  offsets_.clear();
  blocks_.clear();
  lists_.clear();
  edges_.clear();
  accesses_.clear();
  access_map_.clear();
  vectors_.clear();
  calls_.clear();
  handlers_.clear();
  slots_.clear();
  positions_.clear();
  func_index = 0;
  inlined_cells = 0;
}

u32 Graph::add_list(std::span<const u32> values) {
  const u32 begin = static_cast<u32>(lists_.size());
  // The values may be a part of the pool itself.
  const bool own = !values.empty() && values.data() >= lists_.data() &&
                   values.data() < lists_.data() + lists_.size();
  const size_t from = own ? static_cast<size_t>(values.data() - lists_.data()) : 0;
  lists_.resize(begin + values.size());
  std::copy_n(own ? lists_.data() + from : values.data(), values.size(), lists_.data() + begin);
  return begin;
}

Value Graph::add_param(Block b, Type type, bool traced) {
  const Value v = add({});
  define_param(b, v, type, traced);
  return v;
}

void Graph::define_param(Block b, Value v, Type type, bool traced) {
  const u32 number = (*this)[b].params_count;
  insts_[index_of(v)] = {
      .op = Opcode::kParam, .type = type, .traced = traced, .args = {index_of(b), number}};
  places_[index_of(v)].block = b;
  BlockData& d = (*this)[b];
  if (d.params_begin + number != lists_.size() || number == 0) {
    // Another list has grown in between: the parameters move to the end.
    d.params_begin = add_list(list(d.params_begin, number));
  }
  lists_.push_back(index_of(v));
  ++d.params_count;
}

void Graph::filter_params(Block b, std::span<const u8> keep) {
  BlockData& d = (*this)[b];
  u32 kept = 0;
  for (u32 i = 0; i < d.params_count; ++i) {
    const u32 v = lists_[d.params_begin + i];
    if (keep[i] == 0) {
      places_[v].block = kNoBlock;
      continue;
    }
    insts_[v].args[1] = kept;
    lists_[d.params_begin + kept++] = v;
  }
  d.params_count = kept;
}

void Graph::insert_after(Block b, Value after, Value v) {
  BlockData& d = (*this)[b];
  Place& p = places_[index_of(v)];
  p.block = b;
  p.prev = after;
  p.next = after == kNoValue ? d.first : places_[index_of(after)].next;
  (after == kNoValue ? d.first : places_[index_of(after)].next) = v;
  (p.next == kNoValue ? d.last : places_[index_of(p.next)].prev) = v;
}

void Graph::unlink(Value v) {
  Place& p = places_[index_of(v)];
  BlockData& d = (*this)[p.block];
  (p.prev == kNoValue ? d.first : places_[index_of(p.prev)].next) = p.next;
  (p.next == kNoValue ? d.last : places_[index_of(p.next)].prev) = p.prev;
  p = {.origin = p.origin};
}

void Graph::clear_block(Block b) {
  for (Value v : insts(b)) unlink(v);
  for (u32 p : raw_params(b)) places_[p].block = kNoBlock;
  (*this)[b].params_count = 0;
}

void Graph::split_after(Value v, Block to) {
  for (Value at = next(v); at != kNoValue;) {
    const Value after = next(at);
    unlink(at);
    append(to, at);
    at = after;
  }
}

void Graph::renumber_blocks(std::span<const Block> order) {
  std::vector<Block> number(blocks_.size(), kNoBlock);
  std::vector<BlockData> blocks;
  blocks.reserve(order.size());
  for (Block b : order) {
    number[index_of(b)] = Block{static_cast<u32>(blocks.size())};
    blocks.push_back((*this)[b]);
  }
  blocks_ = std::move(blocks);
  for (Edge& e : edges_) {
    if (e.target != kNoBlock) e.target = number[index_of(e.target)];
  }
  for (u32 i = 0; i < insts_.size(); ++i) {
    Block& b = places_[i].block;
    if (b != kNoBlock) b = number[index_of(b)];
    Block& o = places_[i].origin;
    if (o != kNoBlock) o = number[index_of(o)];
    if (insts_[i].op == Opcode::kParam) insts_[i].args[0] = index_of(b);
  }
}

EdgeId Graph::add_edge(Block target, std::span<const u32> args) {
  const u32 begin = add_list(args);
  edges_.push_back({target, begin, static_cast<u32>(args.size())});
  return EdgeId{static_cast<u32>(edges_.size() - 1)};
}

void Graph::filter_edge(EdgeId e, std::span<const u8> keep) {
  Edge& edge = (*this)[e];
  u32 kept = 0;
  for (u32 i = 0; i < edge.args_count; ++i) {
    if (keep[i] != 0) lists_[edge.args_begin + kept++] = lists_[edge.args_begin + i];
  }
  edge.args_count = kept;
}

u32 Graph::add_vector(const Bytes16& bytes) {
  // Equal ones are one, if they are close: most are zero, or a mask that is used again and again.
  constexpr size_t kNear = 8;
  for (size_t i = vectors_.size(); i > 0 && vectors_.size() - i < kNear; --i) {
    if (vectors_[i - 1] == bytes) return static_cast<u32>(i - 1);
  }
  vectors_.push_back(bytes);
  return static_cast<u32>(vectors_.size() - 1);
}

u32 Graph::add_handlers(std::span<const Handler> handlers) {
  const u32 begin = static_cast<u32>(handlers_.size());
  handlers_.insert(handlers_.end(), handlers.begin(), handlers.end());
  return begin;
}

namespace {

u32 hash_of(const Access& a) {
  u64 h = a.offset;
  h = h * 0x9e3779b97f4a7c15 + a.region_index;
  h = h * 0x9e3779b97f4a7c15 + (u64{static_cast<u8>(a.region)} | u64{a.bytes} << 8 |
                                u64{a.sign} << 16 | u64{a.traps} << 17 | u64{a.atomic} << 18 |
                                u64{static_cast<u8>(a.trap)} << 20 | u64{a.lane} << 28 |
                                u64{static_cast<u16>(a.simd)} << 36);
  h *= 0x9e3779b97f4a7c15;
  return static_cast<u32>(h >> 32);
}

}  // namespace

u32 Graph::intern(const Access& access) {
  if (access_map_.size() < 2 * (accesses_.size() + 1)) {
    access_map_.assign(std::max<size_t>(64, 2 * access_map_.size()), kNoAccess);
    const u32 mask = static_cast<u32>(access_map_.size()) - 1;
    for (u32 i = 0; i < accesses_.size(); ++i) {
      u32 at = hash_of(accesses_[i]) & mask;
      while (access_map_[at] != kNoAccess) at = (at + 1) & mask;
      access_map_[at] = static_cast<u16>(i);
    }
  }
  const u32 mask = static_cast<u32>(access_map_.size()) - 1;
  u32 at = hash_of(access) & mask;
  for (; access_map_[at] != kNoAccess; at = (at + 1) & mask) {
    if (accesses_[access_map_[at]] == access) return access_map_[at];
  }
  if (accesses_.size() == kNoAccess) return kNoAccess;
  access_map_[at] = static_cast<u16>(accesses_.size());
  accesses_.push_back(access);
  return access_map_[at];
}

Graph::EdgeRange Graph::edges(Value terminator) const {
  const Inst& inst = (*this)[terminator];
  switch (info_of(inst.op).imm) {
    case Imm::kJump: return {inst.args[0], 1};
    case Imm::kBranch: return {inst.args[1], 2};
    case Imm::kSwitch: return {inst.args[1], inst.args[2]};
    case Imm::kInvoke: {
      const u32 normal = inst.op == Opcode::kInvoke ? 1 : 0;
      return {inst.args[2], normal + calls_[inst.args[0]].handlers_count};
    }
    default: return {};
  }
}

}  // namespace wazuka::opt
