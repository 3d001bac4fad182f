// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// On-stack replacement: the graph of what is left of a call that is at the beginning of one of its
// loops. The entry reads all locals and operands from the frame that it takes over, and leads to
// the loop from outside.
//
// A loop inside of others would be entered in their middle. To keep every loop entered at its head,
// the way goes through the heads of all loops around: each has one parameter more, which says
// whether this is still the way in, and branches to the next head if so. Iterations have zero
// there. So the loops stay as they are but for one branch in each iteration of the outer ones.
//
// What is before the outermost of these loops is built, since the decoder tells of it, but nothing
// leads there: finish_osr takes it out.
#include <algorithm>

#include "opt/build/graph_builder.h"
#include "opt/build/loop_chain.h"

namespace wazuka::opt {

namespace {
constexpr ValType kCaught = ValType::ref(HeapType::kExn, false);
}

/// What a frame of baseline code has in the homes from this cell on. In the entry.
Value GraphBuilder::osr_value(u32 cell, ValType t) {
  const Value v = g_.add(
      {.op = Opcode::kHome, .type = type_of(t), .traced = is_traced(t), .args = {0, 0, cell}});
  const Block entry = Graph::kEntry;
  const Value end = g_.terminator(entry);
  if (end != kNoValue && is_terminator(g_[end].op)) {
    g_.insert_before(end, v);
  } else {
    g_.append(entry, v);
  }
  return v;
}

void GraphBuilder::begin_osr(const CompileEnv& env, u32 loop) {
  osr_.active = true;
  LoopChain chain = loop_chain(env.module, g_.func_index, loop);
  osr_.chain = std::move(chain.loops);
  osr_.path = std::move(chain.constructs);
  if (osr_.chain.empty()) unsupported("a loop that is not there");
}

/// The entry: reads the locals and leads to the outermost loop.
void GraphBuilder::osr_entry() {
  u32 cell = 0;
  for (Local& l : locals_) {
    l.value = osr_value(cell, l.type);
    cell += l.type.is_v128() ? 2 : 1;
  }
  osr_.first_operand_cell = cell;
  for (const Local& l : locals_) osr_.locals.push_back(l.value);
  const Block entry = block_;
  osr_.target = g_.add_block();
  osr_.from = entry;
  const Block nowhere = g_.add_block();
  osr_.edge = g_.add_edge(osr_.target);
  const EdgeId never = g_.add_edge(nowhere);
  osr_.flag = f_.iconst(Type::kI32, 1);
  branch(osr_.flag, osr_.edge, never);
  begin_block(nowhere, entry);
}

/// Before a loop of the chain: the way in joins, if there is another way here. Afterwards
/// everything has the values that it has on both.
void GraphBuilder::join_osr(Frame& f) {
  const u32 n = static_cast<u32>(f.params.size());
  const bool last = osr_.next + 1 == osr_.chain.size();
  // What homes hold that are in use no more is no reference.
  for (ValType t : f.params) {
    if (!last && is_traced(t)) return unsupported("references as parameters of loops around");
  }
  const OsrHomes homes = homes_here();
  osr_.next == 0 ? begin_at_loop(homes) : merge_osr(homes, n, last);
  ++osr_.next;
}

/// In which cells the frame has the operands, and the exceptions of the legacy clauses around, each
/// below the operands of its clause.
GraphBuilder::OsrHomes GraphBuilder::homes_here() const {
  OsrHomes homes;
  u32 cell = osr_.first_operand_cell;
  auto clauses_below = [&](u32 operand) {
    while (homes.exceptions.size() < osr_.clauses.size() &&
           osr_.clauses[homes.exceptions.size()] <= operand) {
      homes.exceptions.push_back(cell++);
    }
  };
  for (u32 i = 0; i < height_; ++i) {
    clauses_below(i);
    homes.operands.push_back(cell);
    cell += stack_[i].type.is_v128() ? 2 : 1;
  }
  clauses_below(height_);
  return homes;
}

/// Before the outermost loop: nothing else leads there.
void GraphBuilder::begin_at_loop(const OsrHomes& homes) {
  terminate({.op = Opcode::kTrap, .aux = static_cast<u16>(TrapCode::kUnreachableCodeReached)});
  begin_block(osr_.target, osr_.from);
  fuel_ = 0;
  for (u32 i = 0; i < height_; ++i) {
    stack_[i].value = osr_value(homes.operands[i], stack_[i].type);
    shadow(Shadow::kOperand, i, stack_[i].type, stack_[i].value);
  }
  for (u32 i = 0; i < num_locals_; ++i) {
    if (locals_[i].value != osr_.locals[i]) assign(i, osr_.locals[i]);
  }
  for (u32 i = 0; i < homes.exceptions.size(); ++i) {
    shadow(Shadow::kException, i, kCaught, osr_value(homes.exceptions[i], kCaught));
  }
}

void GraphBuilder::merge_osr(const OsrHomes& homes, u32 params, bool last) {
  const EdgeId normal = g_.add_edge(osr_.target);
  jump(normal);
  begin_block(osr_.target, osr_.from);
  std::vector<u32> here, way_in;
  auto merge = [&](Value a, Value b, ValType t) {
    if (a == b) return a;
    here.push_back(index_of(a));
    way_in.push_back(index_of(b));
    return g_.add_param(osr_.target, type_of(t), is_traced(t));
  };
  for (u32 i = 0; i < height_; ++i) {
    Slot& s = stack_[i];
    // As it was at the head of the loop around: what the home has.
    const bool below = i + params < height_;
    if (below && i < osr_.stack.size() && s.value == osr_.stack[i]) continue;
    s.value = merge(s.value, osr_value(homes.operands[i], s.type), s.type);
    if (below) shadow(Shadow::kOperand, i, s.type, s.value);
  }
  for (u32 i = osr_.clauses_outside; i < homes.exceptions.size(); ++i) {
    const Value caught = locals_[shadow_of(Shadow::kException, i)].value;
    shadow(Shadow::kException, i, kCaught,
           merge(caught, osr_value(homes.exceptions[i], kCaught), kCaught));
  }
  for (u32 i = 0; i < num_locals_; ++i) {
    const Value v = merge(locals_[i].value, osr_.locals[i], locals_[i].type);
    if (v != locals_[i].value) assign(i, v);
  }
  if (!last) osr_.flag = merge(f_.iconst(Type::kI32, 0), f_.iconst(Type::kI32, 1), kI32);
  auto set = [&](EdgeId e, std::span<const u32> values) {
    const u32 begin = g_.add_list(values);
    g_[e].args_begin = begin;
    g_[e].args_count = static_cast<u32>(values.size());
  };
  set(normal, here);
  set(osr_.edge, way_in);
}

/// At the head of a loop of the chain: the way in goes on to the next one.
void GraphBuilder::fork_osr(Block head) {
  const Value flag = g_.add_param(head, Type::kI32, false);
  const Block way_in = g_.add_block(), iteration = g_.add_block();
  osr_.target = g_.add_block();
  osr_.from = head;
  osr_.locals.clear();
  for (u32 i = 0; i < num_locals_; ++i) osr_.locals.push_back(locals_[i].value);
  osr_.clauses_outside = static_cast<u32>(osr_.clauses.size());
  osr_.stack.clear();
  for (u32 i = 0; i < height_; ++i) osr_.stack.push_back(stack_[i].value);
  const EdgeId in = g_.add_edge(way_in), on = g_.add_edge(iteration);
  branch(flag, in, on);
  begin_block(way_in, head);
  osr_.edge = g_.add_edge(osr_.target);
  jump(osr_.edge);
  begin_block(iteration, head);
}

// ---- Shadows ------------------------------------------------------------------------------------
// An operand below a construct is the same behind it, says the decoder. But if the way in joins
// inside, it is what has been merged there, in one arm of the construct. So operands below the
// constructs around the loop are like locals: they are assigned where the construct begins and
// where the way in joins, merge where control flow does, and are put back on the stack behind it.
// The exception of a legacy clause, which `rethrow` names, is another local.

u32 GraphBuilder::shadow_of(Shadow kind, u32 index) {
  const u32 local = num_locals_ + 2 * index + static_cast<u32>(kind);
  if (local >= locals_.size()) {
    locals_.resize(local + 1);
    column_of_.resize(local + 1);
  }
  return local;
}

void GraphBuilder::shadow(Shadow kind, u32 index, ValType t, Value v) {
  const u32 local = shadow_of(kind, index);
  if (locals_[local].value == v) return;
  assign(local, v);
  locals_[local].type = t;
}

bool GraphBuilder::is_on_osr_path(const Frame& f) const {
  return osr_.next != 0 && body_.label == nullptr &&
         std::binary_search(osr_.path.begin(), osr_.path.end(), f.start);
}

/// Where a construct begins.
void GraphBuilder::shadow_operands(const Frame& f) {
  if (!is_on_osr_path(f)) return;
  merge_work_ += f.height;
  for (u32 i = 0; i < f.height; ++i) {
    shadow(Shadow::kOperand, i, stack_[i].type, stack_[i].value);
  }
}

void GraphBuilder::restore_operands(const Frame& f) {
  if (failed() || !is_on_osr_path(f)) return;
  for (u32 i = 0; i < f.height; ++i) {
    const Value v = locals_[shadow_of(Shadow::kOperand, i)].value;
    if (v != kNoValue) stack_[i].value = v;
  }
}

void GraphBuilder::begin_osr_clause(const Frame& f) {
  shadow(Shadow::kException, static_cast<u32>(osr_.clauses.size()), kCaught, f.data.exception);
  osr_.clauses.push_back(f.height);
}

// ---- The end ------------------------------------------------------------------------------------

/// Takes out what nothing leads to.
void GraphBuilder::finish_osr() {
  if (osr_.next != osr_.chain.size()) return unsupported("a loop that is not reached");
  const Value end = g_.terminator(Graph::kEntry);
  g_[end] = {.op = Opcode::kJump, .args = {g_[end].args[1]}};
  std::vector<u8> reached(g_.num_blocks(), 0);
  std::vector<Block> work = {Graph::kEntry};
  reached[index_of(Graph::kEntry)] = 1;
  while (!work.empty()) {
    const Graph::EdgeRange edges = g_.edges(g_.terminator(work.back()));
    work.pop_back();
    for (u32 i = 0; i < edges.count; ++i) {
      const Block to = g_[edges[i]].target;
      if (reached[index_of(to)] != 0) continue;
      reached[index_of(to)] = 1;
      work.push_back(to);
    }
  }
  std::erase_if(begun_, [&](Block b) { return reached[index_of(b)] == 0; });
}

}  // namespace wazuka::opt
