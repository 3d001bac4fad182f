// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "unit/opt/regalloc/program.h"

#include "opt/regalloc/check.h"

namespace wazuka::regalloc::test {

Function Program::function() const {
  return {blocks, insts, operands, edges, preds, params, args, classes, remat};
}

VReg Program::vreg(RegClass c, u32 cookie) {
  classes.push_back(c);
  remat.push_back(cookie);
  return static_cast<VReg>(classes.size() - 1);
}

Block Program::begin(float frequency, u32 loop_depth, std::vector<VReg> block_params) {
  BlockInfo block;
  block.insts.first = static_cast<u32>(insts.size());
  block.succs.first = static_cast<u32>(edges.size());
  block.params = {static_cast<u32>(params.size()), static_cast<u32>(block_params.size())};
  params.insert(params.end(), block_params.begin(), block_params.end());
  block.frequency = frequency;
  block.loop_depth = loop_depth;
  blocks.push_back(block);
  return static_cast<Block>(blocks.size() - 1);
}

Inst Program::add(std::vector<Operand> ops, RegSet clobbers) {
  InstInfo inst;
  inst.operands = {static_cast<u32>(operands.size()), static_cast<u32>(ops.size())};
  inst.clobbers = clobbers;
  operands.insert(operands.end(), ops.begin(), ops.end());
  insts.push_back(inst);
  ++blocks.back().insts.count;
  return static_cast<Inst>(insts.size() - 1);
}

Inst Program::copy(VReg from, VReg to) {
  Inst i = add({Operand::use(from, Constraint::kAny), Operand::def(to, Constraint::kAny)});
  insts[i].is_move = true;
  return i;
}

void Program::end(std::vector<Operand> ops, std::vector<To> to, RegSet clobbers) {
  add(std::move(ops), clobbers);
  for (const To& t : to) {
    Edge edge;
    edge.to = t.block;
    edge.args = {static_cast<u32>(args.size()), static_cast<u32>(t.args.size())};
    args.insert(args.end(), t.args.begin(), t.args.end());
    edges.push_back(edge);
    ++blocks.back().succs.count;
  }
}

void Program::finish() {
  std::vector<std::vector<Block>> into(blocks.size());
  for (Block b = 0; b < blocks.size(); ++b) {
    for (u32 n = 0; n < blocks[b].succs.count; ++n) {
      into[edges[blocks[b].succs.first + n].to].push_back(b);
    }
  }
  for (Block b = 0; b < blocks.size(); ++b) {
    blocks[b].preds = {static_cast<u32>(preds.size()), static_cast<u32>(into[b].size())};
    preds.insert(preds.end(), into[b].begin(), into[b].end());
  }
}

// ---- as text, for people who look for a bug ----

namespace {

std::string name(Allocation a) {
  if (a.is_none()) return "-";
  return (a.is_reg() ? "r" : "s") + std::to_string(a.is_reg() ? a.preg() : a.unit());
}

std::string name(const Operand& o) {
  const char* kinds[] = {"use", "def", "temp"};
  const char* constraints[] = {"any", "reg", "fixed", "reuse", "stack"};
  std::string text = kinds[static_cast<u32>(o.kind)];
  text += o.position == Position::kEarly ? "" : "+";
  text += " v" + std::to_string(o.vreg) + ":" + constraints[static_cast<u32>(o.constraint)];
  if (o.constraint == Constraint::kFixed || o.constraint == Constraint::kReuse) {
    text += "(" + std::to_string(o.data) + ")";
  }
  return text;
}

}  // namespace

std::string Program::text(const Output* output) const {
  std::string text;
  size_t next = 0;
  for (Block b = 0; b < blocks.size(); ++b) {
    const BlockInfo& block = blocks[b];
    text += "block " + std::to_string(b) + " freq " + std::to_string(block.frequency) + " depth " +
            std::to_string(block.loop_depth) + " (";
    for (u32 n = 0; n < block.params.count; ++n) {
      text += " v" + std::to_string(params[block.params.first + n]);
    }
    text += " )\n";
    for (Inst i = block.insts.first; i < block.insts.end(); ++i) {
      for (; output && next < output->moves.size() && output->moves[next].before == i; ++next) {
        const Move& m = output->moves[next];
        text +=
            "        " + name(m.to) + " = " + name(m.from) + "  v" + std::to_string(m.vreg) + "\n";
      }
      text += "  " + std::to_string(i) + (insts[i].is_move ? " copy" : "");
      for (u32 n = insts[i].operands.first; n < insts[i].operands.end(); ++n) {
        text += "  " + name(operands[n]);
        if (output) text += "=" + name(output->allocations[n]);
      }
      if (insts[i].clobbers != 0) text += "  clobbers " + std::to_string(insts[i].clobbers);
      text += "\n";
    }
    for (u32 n = block.succs.first; n < block.succs.end(); ++n) {
      text += "  -> " + std::to_string(edges[n].to);
      for (u32 a = 0; a < edges[n].args.count; ++a) {
        text += " v" + std::to_string(args[edges[n].args.first + a]);
      }
      text += "\n";
    }
  }
  return text;
}

// ---- interpreters ----

namespace {

u64 mix(u64 a, u64 b) {
  u64 x = (a ^ (b + 0x9e37'79b9'7f4a'7c15)) * 0xff51'afd7'ed55'8ccd;
  return x ^ x >> 32;
}

u64 made_again(u32 cookie) {
  return mix(cookie, 77);
}

// The one that differs is told what to do with operands and edges.
template <class Values>
Trace run(const Program& p, Values& values, u64 seed, u32 steps) {
  Trace trace;
  Block b = 0;
  for (u32 step = 0; step < steps;) {
    const BlockInfo& block = p.blocks[b];
    u64 hash = 0;
    for (Inst i = block.insts.first; i < block.insts.end(); ++i, ++step) {
      values.moves(i);
      const InstInfo& inst = p.insts[i];
      if (inst.is_move) {
        values.copy(i);
        continue;
      }
      hash = mix(seed, i);
      for (u32 n = inst.operands.first; n < inst.operands.end(); ++n) {
        if (p.operands[n].kind == OperandKind::kUse) hash = mix(hash, values.read(n));
      }
      trace.push_back(hash);
      values.spoil(i);
      for (u32 n = inst.operands.first; n < inst.operands.end(); ++n) {
        const Operand& o = p.operands[n];
        if (o.kind == OperandKind::kUse) continue;
        u32 cookie = p.remat[o.vreg];
        u64 value = cookie != kNoRemat ? made_again(cookie) : mix(hash, n);
        values.write(n, o.kind == OperandKind::kTemp ? ~value : value);
      }
    }
    if (block.succs.count == 0) break;
    const Edge& edge = p.edges[block.succs.first + mix(hash, step) % block.succs.count];
    values.edge(edge, p.blocks[edge.to]);
    b = edge.to;
  }
  return trace;
}

struct Virtual {
  const Program& p;
  std::vector<u64> values;

  void moves(Inst) {}
  void copy(Inst i) {
    const Operand* o = &p.operands[p.insts[i].operands.first];
    values[o[1].vreg] = values[o[0].vreg];
  }
  u64 read(u32 n) { return values[p.operands[n].vreg]; }
  void write(u32 n, u64 value) { values[p.operands[n].vreg] = value; }
  void spoil(Inst) {}
  void edge(const Edge& edge, const BlockInfo& to) {
    std::vector<u64> passed;
    for (u32 n = 0; n < edge.args.count; ++n) passed.push_back(values[p.args[edge.args.first + n]]);
    for (u32 n = 0; n < edge.args.count; ++n) values[p.params[to.params.first + n]] = passed[n];
  }
};

struct Physical {
  const Program& p;
  const Machine& machine;
  const Output& output;
  std::vector<size_t> first_move;
  std::vector<u64> slots;
  u64 regs[kMaxPRegs] = {};
  u64 junk = 1;

  u64 get(Allocation at, RegClass c) {
    if (at.is_reg()) return regs[at.preg()];
    u64 low = slots[at.unit()];
    bool whole = c != RegClass::kVector || slots[at.unit() + 1] == ~low;
    return whole ? low : ++junk;
  }
  void set(Allocation at, RegClass c, u64 value) {
    if (at.is_reg()) {
      regs[at.preg()] = value;
      return;
    }
    slots[at.unit()] = value;
    if (c == RegClass::kVector) slots[at.unit() + 1] = ~value;
  }
  void moves(Inst i) {
    for (size_t n = first_move[i]; n < output.moves.size() && output.moves[n].before == i; ++n) {
      const Move& m = output.moves[n];
      u64 value = m.from.is_none() ? made_again(m.remat) : get(m.from, m.reg_class);
      set(m.to, m.reg_class, value);
    }
  }
  void copy(Inst) {}
  u64 read(u32 n) { return get(output.allocations[n], p.classes[p.operands[n].vreg]); }
  void write(u32 n, u64 value) { set(output.allocations[n], p.classes[p.operands[n].vreg], value); }
  void spoil(Inst i) {
    for (u32 reg = 0; reg < kMaxPRegs; ++reg) {
      if ((p.insts[i].clobbers >> reg & 1) != 0) regs[reg] = ++junk;
    }
    for (const auto& scratch : machine.scratch) {
      for (PReg reg : scratch) regs[reg] = ++junk;
    }
  }
  void edge(const Edge&, const BlockInfo&) {}
};

}  // namespace

Trace interpret(const Program& program, u64 seed, u32 steps) {
  Virtual values{program, std::vector<u64>(program.classes.size())};
  return run(program, values, seed, steps);
}

Trace interpret(const Program& program, const Machine& machine, const Output& output, u64 seed,
                u32 steps) {
  Physical values{program, machine, output, {}, std::vector<u64>(output.slot_units + 2)};
  size_t next = 0;
  for (Inst i = 0; i < program.insts.size(); ++i) {
    while (next < output.moves.size() && output.moves[next].before < i) ++next;
    values.first_move.push_back(next);
  }
  return run(program, values, seed, steps);
}

std::string complaint(const Program& program, const Machine& machine, const Options& options) {
  Function f = program.function();
  if (Result<void> valid = validate(f, machine); !valid) return valid.error().message;
  Result<Output> output = allocate(f, machine, options);
  if (!output) return output.error().message;
  if (Result<void> right = check(f, machine, *output); !right) {
    return right.error().message + "\n" + program.text(&*output);
  }
  for (u64 seed = 0; seed < 3; ++seed) {
    if (interpret(program, seed, 300) != interpret(program, machine, *output, seed, 300)) {
      return "it computes something else\n" + program.text(&*output);
    }
  }
  return "";
}

}  // namespace wazuka::regalloc::test
