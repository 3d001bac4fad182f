// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The pipeline.
#include "opt/regalloc/state.h"

namespace wazuka::regalloc {

Result<Output> allocate(const Function& function, const Machine& machine, const Options& options) {
  if (function.insts.size() >= kMostInsts) return fail("regalloc: too many instructions");
  Output output;
  State s(function, machine, options);
  for (auto phase : {compute_liveness, reserve_registers, make_webs, assign_registers}) {
    phase(s);
    if (s.failed()) return std::unexpected(std::move(*s.failure.error));
  }
  rewrite(s, output);
  remove_redundant_moves(s, output);
  s.stats.vregs = static_cast<u32>(function.classes.size());
  s.stats.bundles = static_cast<u32>(s.bundles.size());
  output.statistics = s.stats;
  return output;
}

}  // namespace wazuka::regalloc
