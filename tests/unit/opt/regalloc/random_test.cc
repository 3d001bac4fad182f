// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <gtest/gtest.h>

#include "unit/opt/regalloc/program.h"

namespace wazuka::regalloc::test {
namespace {

std::string try_seeds(u64 first, u64 count, const Options& options, const Shape& shape) {
  for (u64 seed = first; seed < first + count; ++seed) {
    Choices choices(seed);
    Machine machine = random_machine(choices);
    Program program = random_program(choices, machine, shape);
    std::string what = complaint(program, machine, options);
    if (!what.empty()) return "seed " + std::to_string(seed) + ": " + what;
  }
  return "";
}

TEST(RegallocRandom, SmallProgramsAreAllocatedRightly) {
  std::string what = try_seeds(1, 3000, {}, {.most_blocks = 4, .most_insts = 6});
  EXPECT_TRUE(what.empty()) << what;
}

TEST(RegallocRandom, LargerProgramsAreAllocatedRightly) {
  std::string what = try_seeds(1, 600, {}, {.most_blocks = 24, .most_insts = 14});
  EXPECT_TRUE(what.empty()) << what;
}

TEST(RegallocRandom, FullModeIsRight) {
  Options full{.mode = Options::Mode::kFull};
  std::string what = try_seeds(1001, 600, full, {.most_blocks = 12, .most_insts = 10});
  EXPECT_TRUE(what.empty()) << what;
}

TEST(RegallocRandom, FastModeIsRight) {
  Options fast{.mode = Options::Mode::kFast};
  std::string what = try_seeds(1, 600, fast, {.most_blocks = 12, .most_insts = 10});
  EXPECT_TRUE(what.empty()) << what;
}

TEST(RegallocRandom, SoIsRunningOutOfBudgetHalfWay) {
  Options little{.probes_per_range = 1};
  std::string what = try_seeds(1, 600, little, {.most_blocks = 12, .most_insts = 10});
  EXPECT_TRUE(what.empty()) << what;
}

}  // namespace
}  // namespace wazuka::regalloc::test
