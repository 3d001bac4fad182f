// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Graphs made by hand, through lowering, allocation and emission, run in an engine beside the other
// tiers. What whole programs show is left to the suites.
#if defined(__x86_64__) && defined(__linux__)

#include "opt/x64/back_end.h"

#include <functional>

#include "unit/runtime/runtime_fixture.h"

namespace wazuka {
namespace {

using opt::Graph;
using opt::Inst;
using opt::Opcode;
using opt::Type;
using GraphValue = opt::Value;

/// What the function of the current test is.
std::function<void(Graph&, const CompileEnv&)> make;

Result<CompiledCode> compile_graph(const CompileEnv& env, u32 func) {
  Graph g;
  g.func_index = func;
  const opt::Block entry = g.add_block();
  for (ValType t : env.module.func_type(func).params) {
    g.add_param(entry, t == kI32   ? Type::kI32
                       : t == kI64 ? Type::kI64
                       : t == kF32 ? Type::kF32
                                   : Type::kF64);
  }
  make(g, env);
  return opt::compile_graph(env, g);
}

EngineConfig config_of() {
  EngineConfig config;
  config.compile = compile_graph;
  return config;
}

struct BackEndTest : RuntimeTest {
  BackEndTest() : RuntimeTest(config_of()) {}
  ~BackEndTest() override { make = nullptr; }

  /// Runs the one function of a module.
  u64 run(const std::string& type, std::vector<Value> args) {
    return call_u64(instantiate("(module (func (export \"f\") " + type + " unreachable))"), "f",
                    std::move(args));
  }
  std::string error(const std::string& type, std::vector<Value> args) {
    return call_error(instantiate("(module (func (export \"f\") " + type + " unreachable))"), "f",
                      std::move(args));
  }
};

GraphValue append(Graph& g, opt::Block b, Inst inst) {
  const GraphValue v = g.add(inst, 0);
  g.append(b, v);
  return v;
}
GraphValue iconst(Graph& g, Type t, u64 bits) {
  return g.add({.op = Opcode::kIConst,
                .type = t,
                .args = {static_cast<u32>(bits), static_cast<u32>(bits >> 32)}});
}
GraphValue binary(Graph& g, opt::Block b, Opcode op, GraphValue x, GraphValue y) {
  return append(g, b, {.op = op, .type = g.type(x), .args = {index_of(x), index_of(y)}});
}
void return_(Graph& g, opt::Block b, GraphValue v) {
  const u32 values[] = {index_of(v)};
  append(g, b, {.op = Opcode::kReturn, .args = {g.add_list(values), 1}});
}

Value i32_of(u32 v) {
  return Value::i32(v);
}

TEST_F(BackEndTest, Adds) {
  make = [](Graph& g, const CompileEnv&) {
    const auto e = Graph::kEntry;
    return_(g, e, binary(g, e, Opcode::kIAdd, g.param(e, 0), g.param(e, 1)));
  };
  EXPECT_EQ(run("(param i32 i32) (result i32)", {i32_of(5), i32_of(7)}) & 0xffff'ffff, 12u);
}

/// 10 * x + ... in a loop: block parameters, a branch, cold exit.
TEST_F(BackEndTest, Loops) {
  make = [](Graph& g, const CompileEnv&) {
    const auto e = Graph::kEntry, loop = g.add_block(), again = g.add_block(), out = g.add_block();
    const GraphValue n = g.param(e, 0), one = iconst(g, Type::kI32, 1),
                     zero = iconst(g, Type::kI32, 0);
    const u32 first[] = {index_of(n), index_of(zero)};
    append(g, e, {.op = Opcode::kJump, .args = {index_of(g.add_edge(loop, first))}});
    const GraphValue i = g.add_param(loop, Type::kI32), sum = g.add_param(loop, Type::kI32);
    const GraphValue next_sum = binary(g, loop, Opcode::kIAdd, sum, i);
    const GraphValue next = binary(g, loop, Opcode::kISub, i, one);
    const opt::EdgeId yes = g.add_edge(again), no = g.add_edge(out);
    append(g, loop, {.op = Opcode::kBranch, .args = {index_of(next), index_of(yes), index_of(no)}});
    const u32 back[] = {index_of(next), index_of(next_sum)};
    append(g, again, {.op = Opcode::kJump, .args = {index_of(g.add_edge(loop, back))}});
    return_(g, out, next_sum);
  };
  EXPECT_EQ(run("(param i32) (result i32)", {i32_of(100)}) & 0xffff'ffff, 5050u);
}

TEST_F(BackEndTest, DividesAndTraps) {
  make = [](Graph& g, const CompileEnv&) {
    const auto e = Graph::kEntry;
    return_(g, e, binary(g, e, Opcode::kSDiv, g.param(e, 0), g.param(e, 1)));
  };
  const char* type = "(param i32 i32) (result i32)";
  EXPECT_EQ(run(type, {i32_of(static_cast<u32>(-7)), i32_of(2)}) & 0xffff'ffff,
            static_cast<u32>(-3));
  EXPECT_EQ(run(type, {i32_of(7), i32_of(static_cast<u32>(-1))}) & 0xffff'ffff,
            static_cast<u32>(-7));
  EXPECT_NE(error(type, {i32_of(1), i32_of(0)}).find("integer divide by zero"), std::string::npos);
  EXPECT_NE(error(type, {i32_of(0x8000'0000), i32_of(~0u)}).find("integer overflow"),
            std::string::npos);
}

/// What comes in has an upper half that is not zero: zext32 must make it so.
TEST_F(BackEndTest, ZeroExtends) {
  make = [](Graph& g, const CompileEnv&) {
    const auto e = Graph::kEntry;
    const GraphValue low =
        append(g, e, {.op = Opcode::kWrap, .type = Type::kI32, .args = {index_of(g.param(e, 0))}});
    return_(g, e,
            append(g, e, {.op = Opcode::kZExt32, .type = Type::kI64, .args = {index_of(low)}}));
  };
  EXPECT_EQ(run("(param i64) (result i64)", {Value::i64(0x1234'5678'9abc'def0)}), 0x9abc'def0u);
}

TEST_F(BackEndTest, ComparesAndSelects) {
  make = [](Graph& g, const CompileEnv&) {
    const auto e = Graph::kEntry;
    const GraphValue x = g.param(e, 0), y = g.param(e, 1);
    const GraphValue less = append(g, e,
                                   {.op = Opcode::kICmp,
                                    .type = Type::kI32,
                                    .aux = static_cast<u16>(opt::IntCond::kLtU),
                                    .args = {index_of(x), index_of(y)}});
    return_(g, e,
            append(g, e,
                   {.op = Opcode::kSelect,
                    .type = Type::kI32,
                    .args = {index_of(less), index_of(x), index_of(y)}}));
  };
  const char* type = "(param i32 i32) (result i32)";
  EXPECT_EQ(run(type, {i32_of(3), i32_of(~0u)}) & 0xffff'ffff, 3u);
  EXPECT_EQ(run(type, {i32_of(9), i32_of(4)}) & 0xffff'ffff, 4u);
}

/// A comparison of what is loaded, with users in two blocks: the load must be there for both.
TEST_F(BackEndTest, SharesAComparedLoad) {
  make = [](Graph& g, const CompileEnv&) {
    const auto e = Graph::kEntry, yes = g.add_block(), no = g.add_block();
    const opt::SlotId slot = g.add_slot(1);
    append(g, e, {.op = Opcode::kSlotStore, .args = {index_of(g.param(e, 0)), 0, index_of(slot)}});
    const GraphValue x =
        append(g, e, {.op = Opcode::kSlotLoad, .type = Type::kI32, .args = {0, 0, index_of(slot)}});
    const GraphValue less = append(g, e,
                                   {.op = Opcode::kICmp,
                                    .type = Type::kI32,
                                    .aux = static_cast<u16>(opt::IntCond::kLtU),
                                    .args = {index_of(g.param(e, 1)), index_of(x)}});
    const opt::EdgeId first = g.add_edge(yes), second = g.add_edge(no);
    append(g, e,
           {.op = Opcode::kBranch, .args = {index_of(less), index_of(first), index_of(second)}});
    const GraphValue seven = iconst(g, Type::kI32, 7), nine = iconst(g, Type::kI32, 9);
    return_(g, yes,
            append(g, yes,
                   {.op = Opcode::kSelect,
                    .type = Type::kI32,
                    .args = {index_of(less), index_of(seven), index_of(nine)}}));
    return_(g, no, less);
  };
  const char* type = "(param i32 i32) (result i32)";
  EXPECT_EQ(run(type, {i32_of(5), i32_of(3)}) & 0xffff'ffff, 7u);
  EXPECT_EQ(run(type, {i32_of(3), i32_of(5)}) & 0xffff'ffff, 0u);
}

}  // namespace
}  // namespace wazuka

#endif
