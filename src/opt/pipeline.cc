// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "opt/pipeline.h"

#include "base/per_thread.h"
#include "opt/build/build.h"
#include "opt/ir/verifier.h"
#include "opt/pass/optimize.h"
#include "opt/x64/back_end.h"

namespace wazuka::opt {

Result<CompiledCode> compile(const CompileEnv& env, u32 func_index) {
  return optimize(env, func_index, nullptr);
}

Result<CompiledCode> optimize(const CompileEnv& env, u32 func_index, const OsrEntry* osr) {
  // A VMContext of more than 2 GiB cannot be addressed.
  if (env.layout.size() > 0x7fffffff) return fail("unsupported: so many entities");
  Graph& graph = per_thread<Graph>();
  graph.clear();
  WAZUKA_TRY(build_graph(env, func_index, graph,
                         osr != nullptr ? std::optional(osr->loop) : std::nullopt));
  graph.taken_frame_bytes = osr != nullptr ? osr->frame_bytes : 0;
  PassOptions options;
  options.level = env.opt_level;
  WAZUKA_TRY(optimize(env, graph, options));
  if (env.check) {
    if (auto wrong = verify(graph, Stage::kElaborated))
      return fail_with_cause(std::string(kMistake), "wrong graph: " + *wrong);
  }
  return compile_graph(env, graph);
}

bool is_mistake(const Error& error) {
  return error.message == kMistake;
}

}  // namespace wazuka::opt
