// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Work grows with size as n log n at most, whatever is large. Counters of work are compared, not
// seconds: twice the size may be little more than twice the work.
#include <gtest/gtest.h>

#include "opt/regalloc/check.h"
#include "unit/opt/regalloc/large_programs.h"

namespace wazuka::regalloc::test {
namespace {

const Machine kMachine = small_machine(13, 13);

struct Case {
  const char* name;
  Program (*make)(u32);
  u32 size;
};

// Liveness apart: its steps are the blocks in which each virtual register is live, which in nested
// loops are as many as loops times blocks.
u64 work(const Program& p, const Options& options = {}, u64* liveness = nullptr) {
  Result<Output> output = allocate(p.function(), kMachine, options);
  EXPECT_TRUE(output.has_value()) << output.error().message;
  if (!output) return 0;
  const Statistics& s = output->statistics;
  if (liveness != nullptr) *liveness = s.liveness_steps;
  return s.interval_steps + s.probes + s.split_steps + output->moves.size();
}

class RegallocComplexity : public ::testing::TestWithParam<Case> {};

TEST_P(RegallocComplexity, TwiceTheSizeIsTwiceTheWork) {
  Case c = GetParam();
  Program half = c.make(c.size / 2);
  Program whole = c.make(c.size);
  u64 less_live, more_live;
  u64 less = work(half, {}, &less_live);
  u64 more = work(whole, {}, &more_live);
  EXPECT_LE(static_cast<double>(more), 2.6 * static_cast<double>(less)) << c.name;
  double most_growth = c.make == deep_nest ? 4.2 : 2.2;
  EXPECT_LE(static_cast<double>(more_live), most_growth * static_cast<double>(less_live));
  // And altogether some hundred steps for each occurrence of a virtual register.
  EXPECT_LE(more, 300 * (whole.operands.size() + whole.args.size() + whole.blocks.size()));
}

TEST_P(RegallocComplexity, AnswersForLargeFunctionsAreRight) {
  Case c = GetParam();
  Program p = c.make(c.size / 10);
  Result<void> valid = validate(p.function(), kMachine);
  ASSERT_TRUE(valid.has_value()) << valid.error().message;
  Result<Output> output = allocate(p.function(), kMachine);
  ASSERT_TRUE(output.has_value()) << output.error().message;
  Result<void> right = check(p.function(), kMachine, *output);
  EXPECT_TRUE(right.has_value()) << right.error().message;
  for (u64 seed = 0; seed < 2; ++seed) {
    EXPECT_EQ(interpret(p, seed, 20'000), interpret(p, kMachine, *output, seed, 20'000));
  }
}

Program mixed_program(u32 blocks) {
  return mixed(blocks, 1);
}

INSTANTIATE_TEST_SUITE_P(
    All, RegallocComplexity,
    ::testing::Values(Case{"LongChain", long_chain, 100'000},
                      Case{"LongBlock", long_block, 100'000}, Case{"AllLive", all_live, 100'000},
                      Case{"WideSwitch", wide_switch, 10'000}, Case{"DeepNest", deep_nest, 1'000},
                      Case{"ManyLoops", many_loops, 10'000}, Case{"ManyCalls", many_calls, 50'000},
                      Case{"ManyDiamonds", many_diamonds, 20'000},
                      Case{"Mixed", mixed_program, 10'000}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(RegallocBudget, LivenessHasALimit) {
  Program p = many_diamonds(1000);
  Result<Output> output = allocate(p.function(), kMachine, {.most_liveness_steps = 1000});
  ASSERT_FALSE(output.has_value());
  EXPECT_NE(output.error().message.find("live in too many blocks"), std::string::npos);
}

TEST(RegallocBudget, ManyVirtualRegistersAreDoneInFastMode) {
  Program p = long_block(2000);
  Result<Output> output = allocate(p.function(), kMachine, {.most_vregs = 1000});
  ASSERT_TRUE(output.has_value());
  EXPECT_TRUE(output->statistics.fast_mode);
  EXPECT_TRUE(check(p.function(), kMachine, *output).has_value());
}

TEST(RegallocBudget, FastModeDoesLessWork) {
  Program p = mixed(2000, 3);
  EXPECT_LT(work(p, {.mode = Options::Mode::kFast}), work(p, {.mode = Options::Mode::kFull}));
}

}  // namespace
}  // namespace wazuka::regalloc::test
