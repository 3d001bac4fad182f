// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Graphs as text and back, and what the verifier says about wrong ones.
#include <gtest/gtest.h>

#include "opt/analysis/cfg.h"
#include "opt/ir/parser.h"
#include "opt/ir/printer.h"
#include "opt/ir/verifier.h"

namespace wazuka::opt {
namespace {

constexpr std::string_view kLoop = R"(slot s0 2
slot s1 1!
v1 = iconst.i32[0]
v2 = iconst.i64[-5]
v3 = fconst.f64[0x3ff0000000000000]
v4 = vconst.v128[000102030405060708090a0b0c0d0e0f]
v5 = vmctx.i64
v6 = vmload.i64[40] v5
v7 = icmp.i32[ltu] v10, v0
v8 = iadd.i32 v10, v1
block0(v0: i32, v9: i64!):
  jump block1(v1)
block1(v10: i32):
  v11 = load.i32[memory 0 +16 1 s traps 1] v6, v10
  v12 = load.v128[memory 1 +0 8 v128.load8x8_s] v6, _
  store[global 3 +64 8] v5, _, v2
  v13 = bounds.i64[20] v10, v6
  slot_store[s0 1] v2
  v14 = slot_addr.i64[s0 0]
  v15 = call.i64![funcref type 2 roots s1] v6 (v11, v2)
  v16 = atomic_rmw.i32[memory 0 +0 4 traps 1 atomic i32.atomic.rmw.add] v6, v10, v11
  trap_if[13] v7
  branch v7, block1(v8), block2
block2: cold
  switch v10, block3, block4, block3
block3:
  trap[9]
block4:
  call[func 7 type 1] ()
  v18 = invoke.i32[func 7 type 1 handler 72 s0 s1] (v10), block5, block6
block5:
  return (v10, v18)
block6:
  raise[builtin memory_grow] v10 ()
)";

Graph parsed(std::string_view text) {
  Graph g;
  const auto result = parse(text, g);
  EXPECT_TRUE(result) << (result ? "" : result.error().message);
  return g;
}

TEST(OptGraph, TextIsReadBack) {
  const Graph g = parsed(kLoop);
  EXPECT_EQ(print(g), kLoop);
  EXPECT_EQ(verify(g, Stage::kBuilt), std::nullopt);
}

TEST(OptGraph, LoopsAndDominatorsAreFound) {
  const Graph g = parsed(kLoop);
  Cfg cfg;
  cfg.compute(g);
  EXPECT_TRUE(cfg.reducible());
  EXPECT_TRUE(cfg.is_loop_head(Block{1}));
  EXPECT_EQ(cfg.loop_depth(Block{1}), 1u);
  EXPECT_EQ(cfg.loop_depth(Block{2}), 0u);
  EXPECT_EQ(cfg.idom(Block{5}), Block{4});
  EXPECT_TRUE(cfg.dominators().dominates(Block{1}, Block{6}));
  EXPECT_FALSE(cfg.dominators().dominates(Block{3}, Block{6}));
  EXPECT_EQ(cfg.preds(Block{3}).size(), 2u);
}

TEST(OptGraph, IrreducibleControlFlowIsRefused) {
  const Graph g = parsed(R"(block0(v0: i32):
  branch v0, block1, block2
block1:
  branch v0, block2, block3
block2:
  branch v0, block1, block3
block3:
  return ()
)");
  EXPECT_EQ(verify(g, Stage::kBuilt), "the control flow is not reducible");
}

std::string wrong(std::string_view text, Stage stage = Stage::kBuilt) {
  const auto error = verify(parsed(text), stage);
  return error ? *error : "right";
}

TEST(OptGraph, TheVerifierFindsWhatIsWrong) {
  EXPECT_EQ(wrong("block0(v0: i32):\n  v1 = load.i32[memory 0 +0 4] v0, _\n  return (v1)\n"),
            "v1 = load.i32[memory 0 +0 4] v0, _: wrong type of an operand");
  EXPECT_EQ(wrong("block0(v0: i32):\n  trap_if[1] v0\n"),
            "trap_if[1] v0: the block has no terminator");
  EXPECT_EQ(wrong("block0(v0: i32):\n  jump block1(v0, v0)\nblock1(v1: i32):\n  return ()\n"),
            "jump block1(v0, v0): wrong number of values on an edge");
  EXPECT_EQ(wrong("v2 = iadd.i32 v1, v1\nblock0(v0: i32):\n  branch v0, block1, block2\n"
                  "block1:\n  v1 = udiv.i32 v0, v0\n  jump block2\nblock2:\n  return (v2)\n"),
            "return (v2): uses v2, which does not dominate it");
  EXPECT_EQ(wrong("block0(v0: i32):\n  branch v0, block1, block2\nblock1:\n  jump block2\n"
                  "block2:\n  return ()\n",
                  Stage::kElaborated),
            "a critical edge from block0 to block2");
  EXPECT_EQ(wrong("v1 = iadd.i32 v0, v0\nblock0(v0: i32):\n  return (v1)\n", Stage::kElaborated),
            "return (v1): uses v1, which is in no block");
}

std::string refused(std::string_view text) {
  Graph g;
  const auto result = parse(text, g);
  return result ? "read" : result.error().message;
}

TEST(OptGraph, BadTextIsRefusedWithItsLine) {
  EXPECT_EQ(refused("block0:\n  v0 = frobnicate.i32 v0\n"), "line 2: an unknown operation");
  EXPECT_EQ(refused("block0:\n  jump block7\n"), "line 2: an unknown block");
  EXPECT_EQ(refused("block0:\n  return (v9)\n"), "line 2: an unknown value");
  EXPECT_EQ(refused("block0:\n  branch v9, block0, block0\n"), "line 2: an unknown value");
  EXPECT_EQ(refused("block0(v0: i32):\n  branch v0, block0\n"), "line 2: wrong number of edges");
  EXPECT_EQ(refused("block1:\n  return ()\n"), "line 1: blocks must be in order");
  EXPECT_EQ(refused("block0(v0: i9):\n  return ()\n"), "line 1: an unknown type");
}

}  // namespace
}  // namespace wazuka::opt
