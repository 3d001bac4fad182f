// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "opt/pass/optimize.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iterator>

#include "base/text_table.h"
#include "opt/ir/verifier.h"
#include "opt/pass/branches.h"
#include "opt/pass/dead.h"
#include "opt/pass/elaborate.h"
#include "opt/pass/params.h"
#include "opt/pass/redundancy.h"
#include "opt/pass/safepoints.h"

namespace wazuka::opt {

namespace {

#define PASS(name, text, level) text "\0"
constexpr char kPassTexts[] =
#include "opt/pass/passes.def"
    ;
#undef PASS
constexpr auto kPassOffsets = text_offsets<kPassCount>(kPassTexts);

#define PASS(name, text, level) level,
constexpr u8 kPassLevels[] = {
#include "opt/pass/passes.def"
};
#undef PASS

#ifndef NDEBUG
void check(Pass p, const Graph& g) {
  const auto error = verify(g, p < Pass::kElaborate ? Stage::kBuilt : Stage::kElaborated);
  if (!error) return;
  std::fprintf(stderr, "function %u after %s: %s\n", g.func_index,
               std::string(pass_name(p)).c_str(), error->c_str());
  std::abort();
}
#endif

}  // namespace

Result<void> run_pass(Pass p, const CompileEnv& env, Graph& g) {
  switch (p) {
    case Pass::kParams: remove_trivial_params(g); break;
    case Pass::kRedundancy: remove_redundancies(env, g); break;
    case Pass::kBranches: simplify_branches(g); break;
    case Pass::kDead: remove_dead(g); break;
    case Pass::kElaborate: elaborate(g); break;
    case Pass::kSafepoints: return place_safepoints(g);
  }
  return {};
}

std::string_view pass_name(Pass p) {
  return text_at(kPassTexts, kPassOffsets, static_cast<size_t>(p));
}

bool PassOptions::enabled(Pass p) const {
  if (p >= Pass::kElaborate) return true;
  return level >= kPassLevels[static_cast<size_t>(p)] && (disabled >> static_cast<u32>(p) & 1) == 0;
}

Result<void> optimize(const CompileEnv& env, Graph& g, const PassOptions& options,
                      PassTimes* times) {
  using Clock = std::chrono::steady_clock;
  for (u32 i = 0; i < kPassCount; ++i) {
    const Pass p = static_cast<Pass>(i);
    if (!options.enabled(p)) continue;
    const Clock::time_point start = times != nullptr ? Clock::now() : Clock::time_point{};
    WAZUKA_TRY(run_pass(p, env, g));
    if (times != nullptr) {
      times->nanoseconds[i] += static_cast<u64>((Clock::now() - start).count());
    }
#ifndef NDEBUG
    check(p, g);
#endif
  }
  return {};
}

}  // namespace wazuka::opt
