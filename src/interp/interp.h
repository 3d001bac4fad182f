// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The interpreter's interface to the runtime: run a function, lower bodies lazily, describe the
// wasm stack.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "abi/layout.h"
#include "abi/trap.h"
#include "abi/vm.h"
#include "base/error.h"
#include "wasm/module.h"

namespace wazuka::interp {

struct Options {
  bool fuel = false;            // count and check fuel
  bool epoch = false;           // check the epoch at function entries and back-edges
  bool canonical_nans = false;  // of arithmetic: the same on every processor
};

/// In an engine with machine code: where the FuncCodes go (Code::bytes_for(module) zero bytes), and
/// what FuncCode::native is at first. The interpreter then calls functions through
/// VMStoreContext::call_native, but for those that interpret() names.
struct NativeSide {
  void* funcs = nullptr;
  const u8* code = nullptr;
};

/// The interpreter's code of one Module: a FuncCode per function and the bytecode behind them.
/// Shared by all instances and threads; bodies are lowered at their first call, under a lock.
class Code {
 public:
  Code(std::shared_ptr<const Module> module, ModuleCode* owner, Options options,
       NativeSide native = {});
  ~Code();

  /// Of the FuncCodes of a module's functions.
  static size_t bytes_for(const Module& module);
  /// They lie one behind the other, this many bytes apart.
  static size_t bytes_per_func();
  /// From now on calls of the function by the interpreter go to its bytecode.
  static void interpret(FuncCode& func);

  FuncCode* func(u32 func_index);  // defined functions only
  const Module& module() const;
  const VMLayout& layout() const;

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// Whether this tier can run the module: an error that names the first feature it lacks.
Result<void> supports(const Module& module);

/// Fills in `code` so that wasm can call the host function (entry, cell counts, callback,
/// environment).
void init_host_code(HostCode& code, u32 param_cells, u32 result_cells, HostCallback callback,
                    void* env);

/// Calls `func` on the store's VM stack. `cells` holds the arguments and receives the results:
/// max(param_cells, result_cells) cells. Returns kNoTrap, a trap code (exit_pc/exit_fp/exit_vmctx
/// in the store context say where, until end_trap), kHostError, or kException if an exception was
/// not caught (VMStoreContext::exception). May be called from host functions that wasm has called.
TrapOr call(VMStoreContext& store, const VMFuncRef& func, Cell* cells);

/// Forgets the frames of an activation that ended with a trap: the enclosing one is current again.
void end_trap(VMStoreContext& store);

/// One frame of wasm code, innermost first.
struct StackFrame {
  ModuleCode* module = nullptr;
  u32 func_index = 0;
  u32 offset = ~u32{
      0};  // of the instruction in the module's binary; ~0 if unknown (stack overflow at entry)
  VMContext* vm = nullptr;  // of machine code; of interpreted functions it is not known
};

/// Appends the frames of the activation that was left at (pc, fp), innermost first, until there are
/// `max` frames. Returns the activation's record, or null at the end of what can be seen. The
/// record tells where the enclosing activation was left.
struct EntryRecord;
const EntryRecord* walk_activation(const u64* pc, Cell* fp, size_t max,
                                   std::vector<StackFrame>& frames);

/// Shows the cells of all frames of that activation that hold references which the collector
/// traces, and returns its record. Returns false if the stack could not be understood.
using ShowCells = void (*)(void* env, Cell* frame, std::span<const u16> cells);
bool visit_activation(const u64* pc, Cell* fp, ShowCells show, void* env,
                      const EntryRecord** record);
/// The same for the frames of a chain that was cut off, from its innermost stack on. Both mark the
/// stacks they come through (VMStack::marked).
bool visit_frames(const VMStack& stack, ShowCells show, void* env);

}  // namespace wazuka::interp
