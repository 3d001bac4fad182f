// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "unit/opt/regalloc/large_programs.h"

namespace wazuka::regalloc::test {
namespace {

constexpr RegSet kAll = ~RegSet{0};

VReg add(Program& p, VReg x, VReg y) {
  VReg sum = p.vreg();
  p.add({Operand::use(x), Operand::use(y, Constraint::kAny), Operand::reuse_def(sum, 0)});
  return sum;
}

VReg call(Program& p, VReg x, VReg y) {
  VReg result = p.vreg();
  p.add({Operand::fixed_use(x, 7), Operand::fixed_use(y, 6), Operand::fixed_def(result, 0)}, kAll);
  return result;
}

std::vector<VReg> make_all(Program& p, u32 count) {
  std::vector<VReg> all;
  for (u32 n = 0; n < count; ++n) all.push_back(p.make());
  return all;
}

}  // namespace

Program long_chain(u32 blocks) {
  Program p;
  p.begin();
  std::vector<VReg> recent = make_all(p, 8);
  for (u32 b = 1; b < blocks; ++b) {
    p.jump(b);
    p.begin();
    VReg v = add(p, recent[b % 8], recent[(b + 3) % 8]);
    recent[b % 8] = v;
  }
  p.end({Operand::use(recent[0])}, {});
  p.finish();
  return p;
}

Program long_block(u32 vregs) {
  Program p;
  p.begin();
  std::vector<VReg> recent = make_all(p, 20);
  for (u32 n = 0; n < vregs; ++n) recent[n % 20] = add(p, recent[n % 20], recent[(n * 7 + 3) % 20]);
  p.end({Operand::use(recent[0])}, {});
  p.finish();
  return p;
}

Program all_live(u32 vregs) {
  Program p;
  p.begin();
  for (VReg v : make_all(p, vregs)) p.add({Operand::use(v)});
  p.end({}, {});
  p.finish();
  return p;
}

Program wide_switch(u32 targets) {
  Program p;
  p.begin();
  std::vector<VReg> values = make_all(p, 10);
  std::vector<Program::To> to;
  for (u32 n = 0; n < targets; ++n) to.push_back({1 + n, {}});
  p.end({Operand::use(values[0])}, to);
  for (u32 n = 0; n < targets; ++n) {
    p.begin(1.0f / static_cast<float>(targets));
    VReg v = add(p, values[n % 10], values[(n + 1) % 10]);
    if (n % 3 == 0) v = call(p, v, values[n % 7]);
    p.jump(targets + 1, {v, values[(n + 2) % 10]});
  }
  VReg x = p.vreg(), y = p.vreg();
  p.begin(1, 0, {x, y});
  p.end({Operand::use(x), Operand::use(y), Operand::use(values[9])}, {});
  p.finish();
  return p;
}

Program deep_nest(u32 depth) {
  Program p;
  p.begin();
  VReg limit = p.make();
  std::vector<VReg> variables;
  float frequency = 1;
  // Blocks 0 … depth: the way in, each header with its variable.
  VReg start = p.make();
  for (u32 d = 1; d <= depth; ++d) {
    p.jump(d, {start});
    variables.push_back(p.vreg());
    if (frequency < 1e20f) frequency *= 4;
    p.begin(frequency, d, {variables.back()});
    start = add(p, variables.back(), limit);
  }
  // The way out: a latch of each loop, a block for its edge back, and what follows it.
  for (u32 d = depth; d > 0; --d) {
    VReg next = add(p, variables[d - 1], start);
    u32 here = depth + 2 * (depth - d);
    p.end({Operand::use(next), Operand::use(limit, Constraint::kAny)},
          {{here + 1, {}}, {here + 2, {}}});
    p.begin(frequency, d);
    p.jump(d, {next});
    if (d < 60) frequency /= 4;
    p.begin(frequency, d - 1);
    start = next;
  }
  p.end({Operand::use(start)}, {});
  p.finish();
  return p;
}

Program many_loops(u32 loops) {
  Program p;
  p.begin();
  std::vector<VReg> values = make_all(p, 24);
  VReg start = p.make();
  for (u32 n = 0; n < loops; ++n) {
    u32 header = 1 + 3 * n;
    p.jump(header, {start});
    VReg i = p.vreg();
    p.begin(10, 1, {i});
    VReg x = add(p, i, values[n % 24]);
    VReg next = add(p, x, values[(n * 5 + 1) % 24]);
    p.end({Operand::use(next), Operand::use(values[(n + 7) % 24], Constraint::kAny)},
          {{header + 1, {}}, {header + 2, {}}});
    p.begin(10, 1);
    p.jump(header, {next});
    p.begin();
    start = next;
  }
  for (VReg v : values) p.add({Operand::use(v, Constraint::kAny)});
  p.end({Operand::use(start)}, {});
  p.finish();
  return p;
}

Program many_calls(u32 calls) {
  Program p;
  p.begin();
  std::vector<VReg> values = make_all(p, 24);
  VReg last = values[0];
  for (u32 n = 0; n < calls; ++n) {
    last = call(p, last, values[n % 24]);
    last = add(p, last, values[(n * 5) % 24]);
  }
  p.end({Operand::use(last)}, {});
  p.finish();
  return p;
}

Program many_diamonds(u32 diamonds) {
  Program p;
  p.begin();
  std::vector<VReg> values = make_all(p, 24);
  VReg last = values[0];
  for (u32 n = 0; n < diamonds; ++n) {
    u32 here = 3 * n;
    p.end({Operand::use(last), Operand::use(values[n % 24], Constraint::kAny)},
          {{here + 1, {}}, {here + 2, {}}});
    p.begin(0.9f);
    p.jump(here + 3, {add(p, last, values[(n * 5) % 24])});
    p.begin(0.1f);
    p.jump(here + 3, {call(p, last, values[(n * 7) % 24])});
    last = p.vreg();
    p.begin(1, 0, {last});
  }
  for (VReg v : values) p.add({Operand::use(v, Constraint::kAny)});
  p.end({Operand::use(last)}, {});
  p.finish();
  return p;
}

namespace {

// Structured: statements in a row, of which some have bodies.
class Mixer {
 public:
  Mixer(u32 blocks, u64 seed) : most_blocks_(blocks), choices_(seed) {}

  Program run() {
    p_.begin();
    locals_ = make_all(p_, 12);
    while (p_.blocks.size() < most_blocks_) statement(0);
    std::vector<Operand> uses;
    for (VReg v : locals_) p_.add({Operand::use(v, Constraint::kAny)});
    p_.end({}, {});
    fix_edges();
    p_.finish();
    return p_;
  }

 private:
  // Targets are not known when a branch is made: labels until the end.
  u32 label() {
    labels_.push_back(0);
    return static_cast<u32>(labels_.size() - 1);
  }
  void place(u32 l, float frequency, u32 depth, std::vector<VReg> params = {}) {
    labels_[l] = p_.begin(frequency, depth, std::move(params));
  }
  void fix_edges() {
    for (Edge& edge : p_.edges) edge.to = labels_[edge.to];
  }

  VReg local() { return locals_[choices_.below(12)]; }
  void straight() {
    for (u32 n = 1 + choices_.below(4); n > 0; --n) {
      VReg v = add(p_, local(), local());
      locals_[choices_.below(12)] = choices_.one_in(4) ? add(p_, v, local()) : v;
    }
    if (choices_.one_in(6)) locals_[choices_.below(12)] = call(p_, local(), local());
  }
  void statement(u32 nesting);
  void decision(u32 nesting);
  void loop(u32 nesting);

  u32 most_blocks_;
  Choices choices_;
  Program p_;
  std::vector<u32> labels_;
  std::vector<VReg> locals_;
  float frequency_ = 1;
  u32 depth_ = 0;
};

void Mixer::statement(u32 nesting) {
  straight();
  u32 kind = choices_.below(3);
  if (nesting > 6 || kind == 0) return;
  if (kind == 1) decision(nesting);
  if (kind == 2 && depth_ < 5) loop(nesting);
}

void Mixer::decision(u32 nesting) {
  u32 one = label(), other = label(), join = label();
  float before = frequency_;
  float likely = choices_.one_in(2) ? 0.5f : 0.95f;
  p_.end({Operand::use(local()), Operand::use(local(), Constraint::kAny)},
         {{one, {}}, {other, {}}});
  std::vector<VReg> entry = locals_;
  frequency_ = before * likely;
  place(one, frequency_, depth_);
  statement(nesting + 1);
  p_.end({}, {{join, locals_}});
  locals_ = entry;
  frequency_ = before * (1 - likely);
  place(other, frequency_, depth_);
  statement(nesting + 1);
  p_.end({}, {{join, locals_}});
  for (VReg& v : locals_) v = p_.vreg();
  frequency_ = before;
  place(join, frequency_, depth_, locals_);
}

void Mixer::loop(u32 nesting) {
  u32 header = label(), back = label(), exit = label();
  float before = frequency_;
  p_.end({}, {{header, locals_}});
  for (VReg& v : locals_) v = p_.vreg();
  frequency_ *= 8;
  ++depth_;
  place(header, frequency_, depth_, locals_);
  statement(nesting + 1);
  p_.end({Operand::use(local()), Operand::use(local(), Constraint::kAny)},
         {{back, {}}, {exit, {}}});
  place(back, frequency_, depth_);
  p_.end({}, {{header, locals_}});
  --depth_;
  frequency_ = before;
  place(exit, frequency_, depth_);
}

}  // namespace

Program mixed(u32 blocks, u64 seed) {
  return Mixer(blocks, seed).run();
}

}  // namespace wazuka::regalloc::test
