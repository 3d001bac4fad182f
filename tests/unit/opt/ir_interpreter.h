// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Executes graphs, on the real memory of an instance: what the builder and the passes make can be
// checked without a back end. Floating instructions are evaluated when they are needed, so that
// graphs of any stage run. Vectors are refused.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "abi/vm.h"
#include "opt/ir/graph.h"

namespace wazuka::opt {

class IrInterpreter {
 public:
  /// Calls a function: arguments in the cells, results to them. Returns a TrapOr.
  using CallFunction = std::function<TrapOr(u32 func, std::span<Cell> cells)>;
  using CallRef = std::function<TrapOr(const VMFuncRef* ref, std::span<Cell> cells)>;

  struct Calls {
    CallFunction function;
    CallRef ref;
  };

  IrInterpreter(const Graph& g, VMContext* vm, const Calls& calls)
      : g_(g), vm_(vm), calls_(calls) {}

  /// A TrapOr; nothing if the graph has something that this does not do (why()).
  std::optional<TrapOr> run(std::span<const Cell> args, std::vector<Cell>& results);
  const std::string& why() const { return why_; }

 private:
  static constexpr u64 kMaxSteps = 20'000'000;

  u64 get(Value v);
  bool execute(Value v);
  bool load(Value v);
  bool store(Value v);
  bool call(Value v);
  bool throw_to(const CallInfo& c, u32 first_edge);
  bool finish(Value v);
  void follow(EdgeId e);
  u8* address(const Inst& inst);
  std::vector<Cell> arguments(const CallInfo& c);
  bool stop(TrapOr code) {
    outcome_ = code;
    return false;
  }
  bool refuse(std::string what) {
    why_ = std::move(what);
    return false;
  }

  const Graph& g_;
  VMContext* vm_;
  const Calls& calls_;
  std::vector<u64> values_;
  std::vector<u32> known_;  // floating: the step of the block visit in which it was evaluated
  std::vector<std::vector<Cell>> slots_;
  std::vector<Cell> call_results_;
  std::vector<Cell> results_;
  Block block_ = Graph::kEntry;
  u32 visit_ = 0;
  u64 steps_ = 0;
  std::optional<TrapOr> outcome_;
  std::string why_;
};

}  // namespace wazuka::opt
