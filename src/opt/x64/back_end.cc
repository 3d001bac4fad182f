// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "opt/x64/back_end.h"

#include "opt/regalloc/api.h"
#include "opt/regalloc/check.h"
#include "opt/x64/emit.h"
#include "opt/x64/lower.h"

namespace wazuka::opt {

namespace {

Result<void> no_mistake(Result<void> checked) {
  if (checked) return checked;
  return std::unexpected(std::move(checked).error().context(std::string(kMistake)));
}

}  // namespace

Result<CompiledCode> compile_graph(const CompileEnv& env, const Graph& graph) {
  MachFunction f;
  WAZUKA_TRY(lower(env, graph, f));
  const regalloc::Function function = f.code.function();
  if (env.check) WAZUKA_TRY(no_mistake(regalloc::validate(function, machine())));
  auto allocation = regalloc::allocate(function, machine());
  if (!allocation) return std::unexpected(std::move(allocation).error());
  if (env.check) WAZUKA_TRY(no_mistake(regalloc::check(function, machine(), *allocation)));
  return emit(env, f, *allocation);
}

}  // namespace wazuka::opt
