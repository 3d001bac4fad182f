// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wat/fold.h"

#include <array>

namespace wazuka::wat {
namespace {

/// Instructions that always take and give the same numbers of values, and whose signature the table
/// of opcodes does not tell.
struct FixedArity {
  Op op;
  u8 takes, gives;
};
constexpr FixedArity kFixed[] = {
    {Op::kThrowRef, 1, 0},
    {Op::kDrop, 1, 0},
    {Op::kSelect, 3, 1},
    {Op::kSelectT, 3, 1},
    {Op::kLocalGet, 0, 1},
    {Op::kLocalSet, 1, 0},
    {Op::kLocalTee, 1, 1},
    {Op::kGlobalGet, 0, 1},
    {Op::kGlobalSet, 1, 0},
    {Op::kTableGet, 1, 1},
    {Op::kTableSet, 2, 0},
    {Op::kTableGrow, 2, 1},
    {Op::kTableSize, 0, 1},
    {Op::kTableFill, 3, 0},
    {Op::kTableInit, 3, 0},
    {Op::kTableCopy, 3, 0},
    {Op::kMemorySize, 0, 1},
    {Op::kMemoryGrow, 1, 1},
    {Op::kMemoryInit, 3, 0},
    {Op::kMemoryCopy, 3, 0},
    {Op::kMemoryFill, 3, 0},
    {Op::kRefNull, 0, 1},
    {Op::kRefIsNull, 1, 1},
    {Op::kRefFunc, 0, 1},
    {Op::kRefEq, 2, 1},
    {Op::kRefAsNonNull, 1, 1},
    {Op::kContNew, 1, 1},
    {Op::kStructGet, 1, 1},
    {Op::kStructGetS, 1, 1},
    {Op::kStructGetU, 1, 1},
    {Op::kStructSet, 2, 0},
    {Op::kStructNewDefault, 0, 1},
    {Op::kArrayNew, 2, 1},
    {Op::kArrayNewDefault, 1, 1},
    {Op::kArrayNewData, 2, 1},
    {Op::kArrayNewElem, 2, 1},
    {Op::kArrayGet, 2, 1},
    {Op::kArrayGetS, 2, 1},
    {Op::kArrayGetU, 2, 1},
    {Op::kArraySet, 3, 0},
    {Op::kArrayLen, 1, 1},
    {Op::kArrayFill, 4, 0},
    {Op::kArrayCopy, 5, 0},
    {Op::kArrayInitData, 4, 0},
    {Op::kArrayInitElem, 4, 0},
    {Op::kRefTest, 1, 1},
    {Op::kRefTestNull, 1, 1},
    {Op::kRefCast, 1, 1},
    {Op::kRefCastNull, 1, 1},
    {Op::kAnyConvertExtern, 1, 1},
    {Op::kExternConvertAny, 1, 1},
    {Op::kRefI31, 1, 1},
    {Op::kI31GetS, 1, 1},
    {Op::kI31GetU, 1, 1},
    {Op::kStructNewDefaultDesc, 1, 1},
    {Op::kRefGetDesc, 1, 1},
    {Op::kRefCastDescEq, 2, 1},
    {Op::kRefCastDescEqNull, 2, 1},
};

struct KnownArity {
  bool known = false;
  u8 takes = 0, gives = 0;
};
constexpr std::array<KnownArity, kOpCount> kKnown = [] {
  std::array<KnownArity, kOpCount> table{};
  for (const FixedArity& f : kFixed) table[static_cast<u32>(f.op)] = {true, f.takes, f.gives};
  return table;
}();

u32 count(size_t n) {
  return static_cast<u32>(n);
}

}  // namespace

bool FoldTree::build(const Module& module, u32 func, InstructionReader& reader) {
  m_ = &module;
  nodes_.clear(), units_.clear(), blocks_.clear();
  next_label_ = 0;
  const FuncType* type = func_type(module.funcs[func].type_index);
  results_ = type == nullptr ? 0 : count(type->results.size());
  Instruction i;
  while (reader.next(i)) {
    if (i.op == Op::kEnd && blocks_.empty()) return reader.at_end();
    if (!step(i, reader)) return false;
  }
  return false;
}

u32 FoldTree::opener(u32 last) const {
  u32 node = last;
  while (!opens_block(nodes_[node].op)) node = nodes_[node].link;
  return node;
}

bool FoldTree::step(const Instruction& i, const InstructionReader& reader) {
  u32 node = count(nodes_.size());
  nodes_.push_back({i.offset, i.op, node, FoldNode::kNone, 0});
  if (opens_block(i.op)) return open(node, i), true;
  if (closes_block(i.op) || divides_block(i.op)) return close(node, i);
  Arity a = arity(i, reader);
  nodes_[node].first = swallow(node, a.takes);
  units_.push_back({nodes_[node].first, a.gives});
  return true;
}

/// Takes the units before `node` as its operands, if there are enough that give one value each.
u32 FoldTree::swallow(u32 node, u32 takes) {
  size_t base = blocks_.empty() ? 0 : blocks_.back().units;
  if (takes == 0 || units_.size() - base < takes) return node;
  for (u32 k = 1; k <= takes; ++k) {
    if (units_[units_.size() - k].gives != 1) return node;
  }
  u32 first = units_[units_.size() - takes].first;
  units_.resize(units_.size() - takes);
  return first;
}

void FoldTree::open(u32 node, const Instruction& i) {
  if (i.op == Op::kIf) nodes_[node].first = swallow(node, 1);
  nodes_[node].label = next_label_++;
  Block block;
  block.last_divider = node;
  block.units = count(units_.size());
  if (i.block.kind == BlockType::kValue) block.results = 1;
  if (i.block.kind == BlockType::kFuncType) {
    if (const FuncType* type = func_type(i.block.index)) {
      block.params = count(type->params.size());
      block.results = count(type->results.size());
    }
  }
  block.label = i.op == Op::kLoop ? block.params : block.results;
  blocks_.push_back(block);
}

/// `else`, `catch`, `catch_all`, `delegate` and `end`.
bool FoldTree::close(u32 node, const Instruction& i) {
  if (blocks_.empty()) return false;
  Block& block = blocks_.back();
  Op before = nodes_[block.last_divider].op;
  bool in_try = before == Op::kTry || before == Op::kCatch;
  bool fits = i.op == Op::kEnd || (i.op == Op::kElse && before == Op::kIf) ||
              ((i.op == Op::kCatch || i.op == Op::kCatchAll) && in_try) ||
              (i.op == Op::kDelegate && before == Op::kTry);
  if (!fits) return false;
  nodes_[node].link = block.last_divider;
  units_.resize(block.units);
  if (divides_block(i.op)) return block.last_divider = node, true;
  // Parameters are on the stack before the construct, and stay units of their own.
  u32 first = nodes_[opener(node)].first;
  nodes_[node].first = first;
  u32 gives = block.params == 0 ? block.results : ~u32{0};
  blocks_.pop_back();
  units_.push_back({first, gives});
  return true;
}

// ---- How many values

const FuncType* FoldTree::func_type(u32 index) const {
  bool is_func = index < m_->types.size() && m_->types[index].kind == CompositeKind::kFunc;
  return is_func ? &m_->types[index].func : nullptr;
}

const FuncType* FoldTree::cont_type(u32 index) const {
  bool is_cont = index < m_->types.size() && m_->types[index].kind == CompositeKind::kCont;
  return is_cont ? func_type(m_->types[index].cont_func) : nullptr;
}

const FuncType* FoldTree::tag_type(u32 tag) const {
  return tag < m_->tags.size() ? func_type(m_->tags[tag].type_index) : nullptr;
}

u32 FoldTree::label_arity(u32 depth) const {
  if (depth < blocks_.size()) return blocks_[blocks_.size() - 1 - depth].label;
  return depth == blocks_.size() ? results_ : 0;
}

auto FoldTree::arity(const Instruction& i, const InstructionReader& reader) const -> Arity {
  const OpInfo& info = op_info(i.op);
  if (!info.typed_by_hand()) {
    std::string_view signature = info.signature.view();
    size_t colon = signature.find(':');
    return {count(colon), count(signature.size() - colon - 1)};
  }
  const KnownArity& fixed = kKnown[static_cast<u32>(i.op)];
  if (fixed.known) return {fixed.takes, fixed.gives};
  if (info.category == OpCategory::kCall) return call_arity(i);
  if (info.category == OpCategory::kGc) {
    return info.imm == ImmKind::kBrCast ? branch_arity(i, reader) : gc_arity(i);
  }
  if (info.category == OpCategory::kContinuation) return continuation_arity(i);
  if (i.op == Op::kThrow) {
    const FuncType* type = tag_type(i.index);
    return {type == nullptr ? 0 : count(type->params.size()), 0};
  }
  return branch_arity(i, reader);
}

auto FoldTree::call_arity(const Instruction& i) const -> Arity {
  const FuncType* type = nullptr;
  bool direct = i.op == Op::kCall || i.op == Op::kReturnCall;
  if (!direct) type = func_type(i.index);
  if (direct && i.index < m_->funcs.size()) type = func_type(m_->funcs[i.index].type_index);
  if (type == nullptr) return {};
  bool returns =
      i.op == Op::kReturnCall || i.op == Op::kReturnCallIndirect || i.op == Op::kReturnCallRef;
  return {count(type->params.size()) + (direct ? 0 : 1), returns ? 0 : count(type->results.size())};
}

auto FoldTree::branch_arity(const Instruction& i, const InstructionReader& reader) const -> Arity {
  if (i.op == Op::kReturn) return {results_, 0};
  if (i.op == Op::kBrTable) return {label_arity(reader.targets().back()) + 1, 0};
  u32 n = label_arity(i.index);
  if (i.op == Op::kBr) return {n, 0};
  if (i.op == Op::kBrIf) return {n + 1, n};
  if (i.op == Op::kBrOnNull) return {n + 1, n + 1};
  if (i.op == Op::kBrOnNonNull) return {n, n == 0 ? 0 : n - 1};
  bool desc = i.op == Op::kBrOnCastDescEq || i.op == Op::kBrOnCastDescEqFail;
  if (op_info(i.op).imm == ImmKind::kBrCast) return {n + (desc ? 1 : 0), n};
  return {};  // nop, unreachable, rethrow, elem.drop, data.drop
}

auto FoldTree::gc_arity(const Instruction& i) const -> Arity {
  if (i.op == Op::kArrayNewFixed) return {i.index2, 1};
  u32 fields = i.index < m_->types.size() ? count(m_->types[i.index].fields.size()) : 0;
  return {fields + (i.op == Op::kStructNewDesc ? 1 : 0), 1};
}

auto FoldTree::continuation_arity(const Instruction& i) const -> Arity {
  const FuncType* type = i.op == Op::kSuspend ? tag_type(i.index) : cont_type(i.index);
  if (type == nullptr) return {};
  u32 params = count(type->params.size()), results = count(type->results.size());
  if (i.op == Op::kSuspend) return {params, results};
  if (i.op == Op::kResume) return {params + 1, results};
  if (i.op == Op::kResumeThrowRef) return {2, results};
  if (i.op == Op::kResumeThrow) {
    const FuncType* tag = tag_type(i.index2);
    return tag == nullptr ? Arity() : Arity{count(tag->params.size()) + 1, results};
  }
  if (i.op == Op::kContBind) {
    const FuncType* to = cont_type(i.index2);
    if (to == nullptr || to->params.size() > params) return {};
    return {params - count(to->params.size()) + 1, 1};
  }
  // switch: the last parameter is the continuation that comes back.
  if (params == 0) return {};
  ValType back = type->params.back();
  const FuncType* to =
      back.is_ref() && back.heap().is_index() ? cont_type(back.heap().type_index()) : nullptr;
  return to == nullptr ? Arity() : Arity{params, count(to->params.size())};
}

}  // namespace wazuka::wat
