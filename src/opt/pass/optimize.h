// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// All passes between the builder and the back end, in their order (passes.def).
#pragma once

#include <string_view>

#include "base/error.h"
#include "opt/ir/graph.h"
#include "tier/compile_env.h"

namespace wazuka::opt {

enum class Pass : u8 {
#define PASS(name, text, level) k##name,
#include "opt/pass/passes.def"
#undef PASS
};
#define PASS(name, text, level) +1
inline constexpr u32 kPassCount = 0
#include "opt/pass/passes.def"
    ;
#undef PASS
std::string_view pass_name(Pass p);

struct PassOptions {
  u32 level = 2;
  u32 disabled = 0;  // a bit for each pass that is off although the level has it on

  bool enabled(Pass p) const;
};

struct PassTimes {
  u64 nanoseconds[kPassCount] = {};
};

/// One of them by itself, for tests.
Result<void> run_pass(Pass p, const CompileEnv& env, Graph& g);

/// Afterwards the graph is what the back end wants (Stage::kElaborated). In debug builds it is
/// verified after each pass. An error means that the function must be left to another tier, as for
/// build_graph.
Result<void> optimize(const CompileEnv& env, Graph& g, const PassOptions& options = {},
                      PassTimes* times = nullptr);

}  // namespace wazuka::opt
