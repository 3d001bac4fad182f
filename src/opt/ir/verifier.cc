// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Dominance of floating values: a pure instruction stands at the lowest place that one of its
// operands has (`anchor_`), since all of them dominate its uses and so lie on one path of the
// dominator tree. So a use is right if the anchor dominates it.
#include "opt/ir/verifier.h"

#include <fmt/format.h>
#include <vector>

#include "opt/analysis/cfg.h"
#include "opt/ir/printer.h"

namespace wazuka::opt {

namespace {

class Verifier {
 public:
  Verifier(const Graph& g, Stage stage) : g_(g), stage_(stage) {}

  std::optional<std::string> run() {
    check_blocks();
    if (error_) return error_;
    cfg_.compute(g_);
    if (!cfg_.reducible()) return "the control flow is not reducible";
    check_types();
    if (error_) return error_;
    compute_positions();
    check_dominance();
    if (stage_ == Stage::kElaborated && !error_) check_order();
    return error_;
  }

 private:
  /// Where a value is: in a block, at a position (0: its beginning).
  struct Position {
    Block block = kNoBlock;
    u32 at = 0;
  };

  void fail(Value v, std::string_view what) {
    if (!error_) error_ = fmt::format("{}: {}", print(g_, v), what);
  }
  bool valid(u32 v) const { return v < g_.num_values(); }

  void check_blocks();
  void check_list(Block b);
  void check_edges(Value v);
  void check_types();
  void check_signature(Value v);
  void check_call(Value v);
  void compute_positions();
  Position anchor(Value v);
  bool before(Position a, Position b) const {
    return a.block == b.block ? a.at < b.at : cfg_.dominators().dominates(a.block, b.block);
  }
  void check_use(Value user, Value used, Position where);
  void check_dominance();
  void check_order();

  const Graph& g_;
  Stage stage_;
  Cfg cfg_;
  std::vector<Position> positions_;
  std::vector<u8> state_;  // of anchors: 0 unknown, 1 in work, 2 known
  std::optional<std::string> error_;
};

// Structure ---------------------------------------------------------------------------------------

void Verifier::check_blocks() {
  if (g_.num_blocks() == 0) {
    error_ = "no blocks";
    return;
  }
  for (u32 i = 0; i < g_.num_blocks() && !error_; ++i) check_list(Block{i});
}

void Verifier::check_list(Block b) {
  const std::span<const u32> params = g_.raw_params(b);
  for (u32 i = 0; i < params.size(); ++i) {
    const Inst& p = g_[Value{params[i]}];
    if (p.op != Opcode::kParam || p.args[0] != index_of(b) || p.args[1] != i) {
      return fail(Value{params[i]}, "not this parameter of its block");
    }
  }
  const bool removed = g_[b].first == kNoValue;
  if (removed) {
    if (b == Graph::kEntry) error_ = "the entry block is empty";
    return;
  }
  Value last = kNoValue;
  for (Value v : g_.insts(b)) {
    if (g_.block_of(v) != b || g_.prev(v) != last) return fail(v, "wrong links");
    if (last != kNoValue && is_terminator(g_[last].op)) return fail(v, "behind a terminator");
    if (is_leaf(g_[v].op) || g_[v].op == Opcode::kParam) return fail(v, "has no place in a block");
    if (stage_ == Stage::kBuilt && is_pure(g_[v].op)) return fail(v, "should float");
    bool ok = true;
    g_.operands(v, [&](Value x) { ok = ok && valid(index_of(x)); });
    if (!ok) return fail(v, "an operand that does not exist");
    last = v;
  }
  if (last != g_[b].last) return fail(last, "not the last of its block");
  if (!is_terminator(g_[last].op)) return fail(last, "the block has no terminator");
  check_edges(last);
}

void Verifier::check_edges(Value v) {
  const Graph::EdgeRange edges = g_.edges(v);
  if (g_[v].op == Opcode::kBranch && g_[v].args[2] != g_[v].args[1] + 1) {
    return fail(v, "edges that are not consecutive");
  }
  for (u32 i = 0; i < edges.count; ++i) {
    if (index_of(edges[i]) >= g_.num_edges()) return fail(v, "an edge that does not exist");
    const Block target = g_[edges[i]].target;
    if (index_of(target) >= g_.num_blocks() || g_[target].first == kNoValue) {
      return fail(v, "leads to a block that does not exist");
    }
    if (target == Graph::kEntry) return fail(v, "leads to the entry");
    const std::span<const u32> args = g_.edge_args(edges[i]), params = g_.raw_params(target);
    if (args.size() != params.size()) return fail(v, "wrong number of values on an edge");
    for (size_t k = 0; k < args.size(); ++k) {
      if (!valid(args[k])) return fail(v, "an operand that does not exist");
      if (g_.type(Value{args[k]}) != g_.type(Value{params[k]})) {
        return fail(v, "a value of the wrong type on an edge");
      }
    }
  }
}

// Types -------------------------------------------------------------------------------------------

void Verifier::check_types() {
  for (u32 i = 0; i < g_.num_values() && !error_; ++i) {
    const Value v{i};
    if (g_.block_of(v) != kNoBlock || is_pure(g_[v].op)) check_signature(v);
  }
}

/// Whether a type fits a letter of ops.def; letters that stand for one type have it in `bound`.
bool fits(char letter, Type t, Type& bound) {
  switch (letter) {
    case 'i': return t == Type::kI32;
    case 'I': return t == Type::kI64;
    case 'f': return t == Type::kF32;
    case 'd': return t == Type::kF64;
    case 'v': return t == Type::kV128;
    case 'x': return is_int(t);
    case 'y': return is_float(t);
    case 'a': return true;
    case '-': return t == Type::kNone;
    default: break;
  }
  if (t == Type::kNone || (letter == 'n' && !is_int(t)) || (letter == 'r' && !is_float(t))) {
    return false;
  }
  if (bound == Type::kNone) bound = t;
  return bound == t;
}

void Verifier::check_signature(Value v) {
  const Inst& inst = g_[v];
  const OpcodeInfo& info = info_of(inst.op);
  const std::string_view sig = info.signature.view();
  const size_t colon = sig.find(':');
  Type bound = Type::kNone;
  if (!fits(sig[colon + 1], inst.type, bound)) return fail(v, "wrong type of the result");
  if (info.imm == Imm::kCall || info.imm == Imm::kInvoke) return check_call(v);
  if (info.is_listed()) {
    if (inst.op == Opcode::kBranch || inst.op == Opcode::kSwitch) {
      if (g_.type(inst.arg(0)) != Type::kI32) fail(v, "wrong type of an operand");
    }
    return;
  }
  u32 arg = 0;
  for (size_t i = 0; i < colon; ++i) {
    if (sig[i] == '?') continue;
    const u32 x = inst.args[arg++];
    const bool optional = sig[i + 1] == '?';
    if (x == index_of(kNoValue) && optional) continue;
    if (!valid(x)) return fail(v, "an operand that does not exist");
    if (inst.op == Opcode::kResult) continue;  // of a call, which has no type
    if (g_.type(Value{x}) == Type::kNone) return fail(v, "an operand without a value");
    if (!fits(sig[i], g_.type(Value{x}), bound)) return fail(v, "wrong type of an operand");
  }
}

void Verifier::check_call(Value v) {
  const Inst& inst = g_[v];
  if (inst.args[0] >= g_.num_calls()) return fail(v, "a call that does not exist");
  const CallInfo& c = g_[inst.call()];
  const bool has_callee = inst.args[1] != index_of(kNoValue);
  if (inst.op == Opcode::kRaise) {
    if (!has_callee || g_.type(inst.arg(1)) != Type::kI32) fail(v, "no TrapOr to raise");
    return;
  }
  if (has_callee != (c.kind == CallInfo::Kind::kFuncRef)) return fail(v, "wrong kind of callee");
  if (has_callee && g_.type(inst.arg(1)) != Type::kI64) return fail(v, "wrong type of callee");
  if (c.kind == CallInfo::Kind::kBuiltin && inst.type != builtin_type(c.builtin)) {
    fail(v, "wrong type of the result");
  }
}

// Dominance ---------------------------------------------------------------------------------------

void Verifier::compute_positions() {
  positions_.assign(g_.num_values(), {});
  state_.assign(g_.num_values(), 0);
  for (Block b : cfg_.order()) {
    for (u32 p : g_.raw_params(b)) {
      positions_[p] = {b, 0};
      state_[p] = 2;
    }
    u32 at = 0;
    for (Value v : g_.insts(b)) {
      positions_[index_of(v)] = {b, ++at};
      state_[index_of(v)] = 2;
    }
  }
}

/// Where a floating value could stand at the earliest; without recursion.
Verifier::Position Verifier::anchor(Value root) {
  std::vector<Value> stack{root};
  while (!stack.empty()) {
    const Value v = stack.back();
    u8& state = state_[index_of(v)];
    if (state == 2) {
      stack.pop_back();
      continue;
    }
    if (!is_pure(g_[v].op)) {
      fail(v, "is used but is in no reachable block");
      state = 2;
      continue;
    }
    const bool second = state == 1;
    state = 1;
    Position at{Graph::kEntry, 0};
    bool ready = true;
    g_.operands(v, [&](Value x) {
      if (state_[index_of(x)] != 2) {
        if (state_[index_of(x)] == 1 || second) fail(v, "depends on itself");
        ready = false;
        stack.push_back(x);
        return;
      }
      const Position p = positions_[index_of(x)];
      if (p.block == kNoBlock) return;
      if (before(at, p)) at = p;
      // All operands on one path: where the lowest one is, the others are known.
      if (!before(p, at) && (p.block != at.block || p.at != at.at)) {
        fail(v, "operands that are never there together");
      }
    });
    if (error_) return at;
    if (!ready) continue;
    positions_[index_of(v)] = at;
    state = 2;
  }
  return positions_[index_of(root)];
}

void Verifier::check_use(Value user, Value used, Position where) {
  if (is_leaf(g_[used].op)) return;
  if (stage_ == Stage::kElaborated && state_[index_of(used)] != 2) {
    return fail(user, fmt::format("uses v{}, which is in no block", index_of(used)));
  }
  const Position p = anchor(used);
  if (!error_ && !before(p, where)) {
    fail(user, fmt::format("uses v{}, which does not dominate it", index_of(used)));
  }
}

void Verifier::check_dominance() {
  for (Block b : cfg_.order()) {
    for (Value v : g_.insts(b)) {
      const Position here = positions_[index_of(v)];
      g_.operands(v, [&](Value x) { check_use(v, x, here); });
      if (!is_terminator(g_[v].op)) continue;
      const Graph::EdgeRange edges = g_.edges(v);
      for (u32 i = 0; i < edges.count; ++i) {
        for (u32 x : g_.edge_args(edges[i])) {
          // The result of an invoke is there on its normal edge.
          const bool own = x == index_of(v) && g_[v].op == Opcode::kInvoke && i == 0;
          if (!own) check_use(v, Value{x}, here);
        }
      }
      if (error_) return;
    }
  }
}

void Verifier::check_order() {
  for (u32 i = 0; i < g_.num_blocks() && !error_; ++i) {
    const Block b{i};
    if (!cfg_.reachable(b)) {
      error_ = fmt::format("block{} is unreachable", i);
      return;
    }
    if (b != Graph::kEntry && cfg_.idom(b) >= b) error_ = fmt::format("block{} is misplaced", i);
    const Graph::EdgeRange edges = g_.edges(g_.terminator(b));
    for (u32 e = 0; e < edges.count; ++e) {
      const Block to = g_[edges[e]].target;
      if (to <= b && !cfg_.dominators().dominates(to, b)) {
        error_ = fmt::format("block{} leads back to block{}", i, index_of(to));
      }
      if (edges.count == 1 || cfg_.preds(to).size() == 1) continue;
      bool shared = g_[g_.terminator(b)].op == Opcode::kSwitch && g_.edge_args(edges[e]).empty();
      for (const Pred& p : cfg_.preds(to)) shared = shared && p.from == b;
      if (!shared) error_ = fmt::format("a critical edge from block{} to block{}", i, index_of(to));
    }
  }
}

}  // namespace

std::optional<std::string> verify(const Graph& g, Stage stage) {
  return Verifier(g, stage).run();
}

}  // namespace wazuka::opt
