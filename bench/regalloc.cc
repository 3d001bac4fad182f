// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The register allocator alone: `regalloc_bench [SHAPE [SIZE [ROUNDS]]]` prints what it did and how
// fast. For numbers that do not depend on the load of the machine, run it under
// `valgrind --tool=callgrind --toggle-collect='*regalloc*allocate*'` with one round.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "unit/opt/regalloc/large_programs.h"

using namespace wazuka;
using namespace wazuka::regalloc;

namespace {

test::Program mixed_program(u32 blocks) {
  return test::mixed(blocks, 1);
}

struct Shape {
  const char* name;
  test::Program (*make)(u32);
  u32 size;
};
constexpr Shape kShapes[] = {
    {"mixed-small", mixed_program, 40},   {"mixed", mixed_program, 4000},
    {"chain", test::long_chain, 20'000},  {"block", test::long_block, 20'000},
    {"all-live", test::all_live, 20'000}, {"switch", test::wide_switch, 4000},
    {"nest", test::deep_nest, 200},       {"loops", test::many_loops, 4000},
    {"calls", test::many_calls, 20'000},  {"diamonds", test::many_diamonds, 4000},
};

void measure(const Shape& shape, u32 size, u32 rounds, const Options& options) {
  test::Program p = shape.make(size);
  Machine machine = test::small_machine(13, 13);
  double best = 1e9;
  Statistics s;
  for (u32 n = 0; n < rounds; ++n) {
    auto start = std::chrono::steady_clock::now();
    Result<Output> output = allocate(p.function(), machine, options);
    auto end = std::chrono::steady_clock::now();
    if (!output) {
      std::fprintf(stderr, "%s: %s\n", shape.name, output.error().message.c_str());
      return;
    }
    best = std::min(best, std::chrono::duration<double>(end - start).count());
    s = output->statistics;
  }
  std::printf(
      "%-12s %-5s %7u vregs %7zu insts %7.3f ms %6.2f Mvregs/s  weighted: %.0f moves %.0f loads "
      "%.0f "
      "stores  probes %.1f/bundle\n",
      shape.name, s.fast_mode ? "fast" : "full", s.vregs, p.insts.size(), best * 1e3,
      s.vregs / best / 1e6, static_cast<double>(s.weighted_moves),
      static_cast<double>(s.weighted_loads), static_cast<double>(s.weighted_stores),
      static_cast<double>(s.probes) / s.bundles);
}

}  // namespace

int main(int argc, char** argv) {
  u32 rounds = argc > 3 ? static_cast<u32>(std::atoi(argv[3])) : 5;
  for (const Shape& shape : kShapes) {
    if (argc > 1 && std::strcmp(argv[1], shape.name) != 0 && std::strcmp(argv[1], "all") != 0)
      continue;
    u32 size = argc > 2 ? static_cast<u32>(std::atoi(argv[2])) : shape.size;
    measure(shape, size, rounds, {});
    if (argc <= 1) measure(shape, size, rounds, {.mode = Options::Mode::kFast});
  }
  return 0;
}
