// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The run-time structures that executing code reads and writes directly: one contract between the
// runtime, which creates them, and every tier, which touches them. Pure data; behaviour is in
// runtime/ and behind VMBuiltins.
//
// A *cell* is 64 bits: i32 and f32 in the low half (upper half unspecified unless said otherwise),
// v128 in two consecutive cells, references as below. Memory is little-endian.
//
//   reference      representation in a cell (null is always 0)
//   func family    VMFuncRef*
//   all others     32 bits, zero-extended: an offset in the store's GC heap or a value in place of
//                  one, such as the handle of a host value (abi/gc_layout.h)
#pragma once

#include <atomic>

#include "abi/trap.h"
#include "base/ints.h"

namespace wazuka {

using Cell = u64;

struct VMContext;
struct VMStoreContext;
struct VMFuncRef;
struct VMStack;
struct FuncCode;   // below
struct FuncType;   // wasm/types.h
class Instance;    // runtime/instance.h
class ModuleCode;  // runtime/module_code.h: the executable side of a Module

/// A linear memory as code sees it. `base` never changes while the memory lives (growth commits in
/// place); `size` grows, for shared memories also by other threads.
struct VMMemory {
  u8* base = nullptr;
  std::atomic<u64> size = 0;  // bytes accessible now
};

/// A table as code sees it.
struct VMTable {
  Cell* elements = nullptr;
  u64 size = 0;
};

struct alignas(16) VMGlobal {
  Cell cells[2] = {};
};

struct VMTag {
  u32 type_id = 0;  // canonical id of its function type
};

/// Calls machine code from C (docs/abi.md): arguments in `cells`, which receives the results.
using EnterThunk = TrapOr (*)(VMStoreContext* store, const VMFuncRef* func, Cell* cells);

/// The executable form of one function of a module (or of one host function); shared by all
/// instances.
struct FuncCode {
  // Interpreter bytecode to jump to. Never null: it starts as a stub that lowers the body and
  // retries, and is then replaced once (release store; the word before the entry holds the frame's
  // shape, so that one load sees a consistent function).
  std::atomic<const u64*> entry = nullptr;
  // Machine code to call with the convention of docs/abi.md; r10 holds this FuncCode. Null in
  // engines that only interpret. Otherwise never null: it starts as a stub that compiles the body
  // and goes on there, or hands the call to the interpreter or the host; replaced by release
  // stores.
  std::atomic<const u8*> native = nullptr;
  std::atomic<EnterThunk> enter = nullptr;  // of the signature; null until first needed
  ModuleCode* module = nullptr;             // null for host functions
  u32 func_index = 0;                       // in the module's function index space
  u32 param_cells = 0;
  u32 result_cells = 0;
  // What code that counts (CompileEnv::tier_up) subtracts its work from; below zero it calls
  // VMContext::tier_up_stub. Not exact where several threads run the function.
  std::atomic<i32> budget = 0;
  // First cell of the call link in the callee's frame: max(param_cells, result_cells).
  u32 link_cell() const { return param_cells > result_cells ? param_cells : result_cells; }
};

/// A host function. Arguments are at `cells[0…param_cells)`, results go to `cells[0…result_cells)`;
/// there is room for both. Returns kNoTrap, a trap code, or kHostError when it left an error in the
/// store (VMStoreContext::pending_error).
using HostCallback = TrapOr (*)(void* env, VMContext* caller, Cell* cells);
inline constexpr TrapOr kHostError = -2;
/// An exception is on its way: VMStoreContext::exception. Callbacks return it to let an exception
/// of wasm that they have called pass through.
inline constexpr TrapOr kException = -5;

/// Result of the growing builtins (builtins.def) when the failure is an error, left in the store.
inline constexpr u64 kGrowRaised = ~u64{0} - 1;

struct HostCode : FuncCode {
  HostCallback callback = nullptr;
  void* env = nullptr;
  const FuncType* type = nullptr;  // canonical; lives as long as the engine's types
};

/// What a function reference points to. Lives in the VMContext of its instance, or in the store for
/// host functions.
struct VMFuncRef {
  FuncCode* code = nullptr;
  VMContext* vmctx = nullptr;  // the callee's; for host functions null: the caller's stays current
  u32 type_id = 0;             // canonical id
};

/// Calls from code into the runtime, declared in builtins.def.
struct VMBuiltins {
#define BUILTIN(name, result, ...) result (*name)(__VA_ARGS__);
#include "abi/builtins.def"
#undef BUILTIN
};

/// The stack of a continuation (stack switching): a segment of its own, with the same frames as the
/// store's VM stack. Resuming makes it the innermost of a chain that ends at the stack which the
/// activation runs on; suspending cuts the innermost part of the chain off. Owned by the runtime;
/// the tier that runs the frames keeps the fields.
struct VMStack {
  enum class State : u8 {
    kFree,       // in no use: `id` waits for another continuation
    kFresh,      // has not run: begins with `func`
    kSuspended,  // innermost of a chain that was cut off, or in such a chain
    kActive,     // in a chain that runs
  };

  Cell* base = nullptr;  // its first frame; null until memory is needed
  Cell* limit = nullptr;
  u32 id = 0;  // in the runtime's table, and in the heap's objects for continuations
  State state = State::kFree;
  bool marked = false;  // reached in the collection that runs

  const VMFuncRef* func = nullptr;  // what it runs
  // Fresh, or the innermost of a chain that was cut off: where it goes on (in the instruction that
  // gave up control), and the values it waits for.
  const u64* pc = nullptr;
  Cell* fp = nullptr;
  VMContext* vm = nullptr;
  VMStack* last = nullptr;  // the outermost stack of its chain
  Cell* args = nullptr;     // where the values go
  u32 bound_cells = 0;      // so many cells of them are there
  u32 awaits = 0;           // canonical id of a function type: its parameters are the values
  // In a chain, but for `last` of one that was cut off: who has resumed it, and where (the
  // instruction).
  VMStack* parent = nullptr;  // null: the stack of the activation
  const u64* parent_pc = nullptr;
  Cell* parent_fp = nullptr;
  VMContext* parent_vm = nullptr;
  Cell* parent_limit = nullptr;
};

/// The part of the garbage-collected heap that allocating code touches: objects are taken from
/// `bump` up to `limit`. Both change at every collection; `base` is fixed once the heap exists.
struct VMGcHeap {
  u8* base = nullptr;  // address of offset 0
  u32 bump = 0;        // offset of the next object, a multiple of 8
  u32 limit = 0;       // end of the free space, ≥ bump
};

/// What code looks at, if asked to, at function entries, loop heads and bulk instructions.
enum class Limit : u32 { kEpoch, kFuel };
constexpr Limit limit_of(TrapCode code) {
  return code == TrapCode::kInterrupt ? Limit::kEpoch : Limit::kFuel;
}
constexpr TrapCode trap_of(Limit limit) {
  return limit == Limit::kEpoch ? TrapCode::kInterrupt : TrapCode::kOutOfFuel;
}

/// Per store: what all code running in the store shares.
struct VMStoreContext {
  const VMBuiltins* builtins = nullptr;
  Cell* stack_limit = nullptr;  // frames end at or below it
  Cell* stack_top =
      nullptr;  // first free cell when code has called out to the host: where a nested call starts
  u64 fuel = 0;
  std::atomic<u64>* epoch = nullptr;
  u64 epoch_deadline = ~u64{0};
  // Where code left wasm last (traps, calls to the host and to builtins that may look at the
  // stack), as an address inside of the instruction: for backtraces and roots.
  const u64* exit_pc = nullptr;
  Cell* exit_fp = nullptr;
  VMContext* exit_vmctx = nullptr;
  u64 fault_address = 0;  // of the last kMemoryOutOfBounds trap: the wasm address
  u64 fault_memory_size = 0;
  const FuncCode* overflowed = nullptr;  // of the last kStackOverflow trap: what was not entered
  VMGcHeap gc;
  Cell exception = 0;     // in flight outside of wasm, or the last one that nobody caught: a root
  void* store = nullptr;  // the runtime's Store
  // The interpreter's: depth of nested activations, and the entry record of the last one if it
  // trapped (its frames stay walkable until the next call).
  u32 activation_depth = 0;
  Cell* trapped_activation = nullptr;
  // Machine code's: where it left last (for a builtin, a stub, the host or the interpreter), as the
  // return address and the frame pointer of the frame that called; null fp: no machine code is
  // active above the interpreter's exit. What the innermost entry trampoline restores when a trap
  // or an exception ends the activation. Lowest address that frames may reach.
  const u8* native_pc = nullptr;
  u8* native_fp = nullptr;
  u8* native_entry_sp = nullptr;
  u8* native_stack_limit = nullptr;
  VMStack* stack = nullptr;  // the innermost continuation's, in the current activation; or null
  // Calls a function that has machine code, from the interpreter; null in engines that only
  // interpret.
  EnterThunk call_native = nullptr;
  // What machine code calls that has reached a limit and may go on (CompileEnv::limits_resume):
  // r10d = Limit. Preserves all registers but r10 and r11; the stack of the caller cannot be walked
  // for roots meanwhile. Raises if the code is to end.
  const u8* limit_stub = nullptr;
};

/// The head of every instance's context; module-shaped arrays follow at the offsets of VMLayout
/// (abi/layout.h).
struct alignas(16) VMContext {
  static constexpr u32 kMagic = 0x7a757761;  // "wazu"

  u32 magic = kMagic;
  u32 reserved = 0;
  VMStoreContext* store_context = nullptr;
  VMMemory* memory0 = nullptr;    // never null: an empty memory if the module has none
  const u32* type_ids = nullptr;  // module type index → canonical id
  Instance* instance = nullptr;
  u8* memory0_base = nullptr;  // of memory0: it never changes
  // Addresses that machine code calls (docs/abi.md): a builtin by its number in r11, and the end of
  // an activation with a TrapOr in esi.
  const u8* builtin_stub = nullptr;
  const u8* raise_stub = nullptr;
  // A function whose budget is spent: r10 = FuncCode, r11d = number of the loop that is at its
  // beginning, from 1, or 0 at the function's. Preserves all registers but r11: where to go on
  // instead, or null.
  const u8* tier_up_stub = nullptr;
};

}  // namespace wazuka
