// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Bytes choose a machine, a program and options; the checker and two interpreters judge the answer.
#include <cstdio>
#include <cstdlib>

#include "unit/opt/regalloc/program.h"

using namespace wazuka;
using namespace wazuka::regalloc;

extern "C" int LLVMFuzzerTestOneInput(const u8* data, size_t size) {
  test::Choices choices(data, size);
  using Mode = Options::Mode;
  constexpr Mode kModes[] = {Mode::kAuto, Mode::kFull, Mode::kFast};
  Options options{.mode = kModes[choices.below(3)], .probes_per_range = 1 + choices.below(40)};
  Machine machine = test::random_machine(choices);
  test::Shape shape{.most_blocks = 1 + choices.below(16), .most_insts = 1 + choices.below(16)};
  test::Program program = test::random_program(choices, machine, shape);
  std::string what = test::complaint(program, machine, options);
  if (what.empty()) return 0;
  std::fprintf(stderr, "%s\n", what.c_str());
  std::abort();
}
