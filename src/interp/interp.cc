// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Activations: entering wasm from the host, and walking the stack of all activations.
//
// An activation's frames lie on the store's VM stack above an EntryRecord. The outermost frame
// returns to the `exit` instruction; its link names the record in the place of a caller's frame.
// While the host runs inside of an activation, exit_pc and exit_fp in the store context say where
// the activation was left; a nested activation saves them in its record.
//
// After a trap, exit_pc and exit_fp stay at the trap, so that the stack can be walked; what they
// were before is put back from the record when the next activation begins
// (VMStoreContext::trapped_activation).
#include "interp/interp.h"

#include <unordered_map>

#include "interp/code.h"
#include "interp/dispatch.h"
#include "interp/frame.h"
#include "interp/stack_switching.h"
#include "interp/trace.h"

namespace wazuka::interp {

namespace {

// Nested activations per store: host functions that call wasm use native stack.
constexpr u32 kMaxActivations = 256;

/// Whether there is native stack for one more. Where machine code runs in between, the limit is
/// known, and its calls of interpreted functions nest much deeper.
bool may_nest(const VMStoreContext& store) {
  if (store.native_entry_sp == nullptr) return store.activation_depth < kMaxActivations;
  return static_cast<u8*>(__builtin_frame_address(0)) > store.native_stack_limit;
}

bool is_in_exit_code(const u64* pc) {
  return pc == exit_code() || pc == exit_code() - 1;
}

void restore_exit(VMStoreContext& store, const EntryRecord& record) {
  store.exit_pc = record.exit_pc;
  store.exit_fp = record.exit_fp;
  store.exit_vmctx = record.exit_vmctx;
  store.native_pc = record.native_pc;
  store.native_fp = record.native_fp;
}

/// A host function called by the host: no frame of wasm takes part. A reference with a context
/// says for which instance it is called.
TrapOr call_host(VMStoreContext& store, const VMFuncRef& func, Cell* cells) {
  const HostCode& code = static_cast<const HostCode&>(*func.code);
  return code.callback(code.env, func.vmctx != nullptr ? func.vmctx : store.exit_vmctx, cells);
}

TrapOr enter(VMStoreContext& store, const VMFuncRef& func, Cell* cells) {
  FuncCode& code = *func.code;
  auto* record = reinterpret_cast<EntryRecord*>(store.stack_top);
  Cell* const frame = store.stack_top + kEntryRecordCells;
  const u64* const entry = code.entry.load(std::memory_order_acquire);
  if (reinterpret_cast<u64>(frame) + entry[-1] > reinterpret_cast<u64>(store.stack_limit)) {
    store.overflowed = &code;
    return trap_or(TrapCode::kStackOverflow);
  }
  *record = {store.exit_pc, store.exit_fp,     store.exit_vmctx, store.stack_top,
             store.stack,   store.stack_limit, store.native_pc,  store.native_fp};
  store.stack = nullptr;
  store.native_fp = nullptr;
  std::copy(cells, cells + code.param_cells, frame);
  Cell* const link = frame + code.link_cell();
  link[kLinkPc] = reinterpret_cast<u64>(exit_code());
  link[kLinkFp] = reinterpret_cast<u64>(record);
  VMMemory* const memory = func.vmctx->memory0;
  State s{frame,
          entry,
          memory->base,
          func.vmctx,
          memory->size.load(std::memory_order_relaxed),
          &store,
          reinterpret_cast<u64>(&code),
          0,
          0};
  const TrapOr result = run(s);
  store.stack_top = record->stack_top;
  store.stack = record->stack;
  store.stack_limit = record->stack_limit;
  if (result != kExit) {
    store.trapped_activation = reinterpret_cast<Cell*>(record);
    return result;
  }
  store.trapped_activation = nullptr;
  restore_exit(store, *record);
  std::copy(frame, frame + code.result_cells, cells);
  return kNoTrap;
}

}  // namespace

// The instruction that the outermost frame returns to; the word before it stands for the call.
const u64* exit_code() {
  static const u64 code[2] = {0, handler_word({Base::kExit, 0})};
  return code + 1;
}

void end_trap(VMStoreContext& store) {
  if (store.trapped_activation != nullptr) {
    restore_exit(store, *reinterpret_cast<EntryRecord*>(store.trapped_activation));
    store.trapped_activation = nullptr;
  }
  store.overflowed = nullptr;
}

TrapOr call(VMStoreContext& store, const VMFuncRef& func, Cell* cells) {
  end_trap(store);
  if (func.code->module == nullptr) {
    return call_host(store, func, cells);
  }
  if (!may_nest(store)) return trap_or(TrapCode::kStackOverflow);
  ++store.activation_depth;
  const TrapOr result = enter(store, func, cells);
  --store.activation_depth;
  if constexpr (kTrace) {
    if (store.activation_depth == 0) trace_report();
  }
  return result;
}

void init_host_code(HostCode& code, u32 param_cells, u32 result_cells, HostCallback callback,
                    void* env) {
  static const u64 stub[2] = {kStubFrameCells * sizeof(Cell), handler_word({Base::kHostCall, 0})};
  code.param_cells = param_cells;
  code.result_cells = result_cells;
  code.callback = callback;
  code.env = env;
  code.entry.store(stub + 1, std::memory_order_release);
}

const EntryRecord* walk_activation(const u64* pc, Cell* fp, size_t max,
                                   std::vector<StackFrame>& frames) {
  bool is_return_pc = false;
  std::unordered_map<const u64*, u32> offsets;  // recursion comes back to the same places
  while (fp != nullptr && frames.size() < max) {
    if (is_in_exit_code(pc)) return reinterpret_cast<const EntryRecord*>(fp);
    if (is_in_cont_end(pc)) {
      const auto* stack = reinterpret_cast<const VMStack*>(fp);
      pc = stack->parent_pc;
      fp = stack->parent_fp;
      is_return_pc = false;
      continue;
    }
    const CodeLocation at = find_code(pc - is_return_pc);
    if (at.code == nullptr) break;
    StackFrame frame;
    frame.module = at.code->module;
    frame.func_index = at.code->func_index;
    auto [known, fresh] = offsets.try_emplace(pc - is_return_pc);
    if (fresh) {
      known->second = wasm_offset(*at.code, static_cast<u32>(pc - is_return_pc - at.start));
    }
    frame.offset = known->second;
    frames.push_back(frame);
    const Cell* link = fp + at.code->link_cell();
    pc = reinterpret_cast<const u64*>(link[kLinkPc] & ~kLinkRestore);
    fp = reinterpret_cast<Cell*>(link[kLinkFp]);
    is_return_pc = true;
  }
  return nullptr;
}

namespace {

/// From the place in the instruction at `pc` on: to the beginning of the activation, or through the
/// stack `last`.
bool visit_from(const u64* pc, Cell* fp, const VMStack* last, ShowCells show, void* env,
                const EntryRecord** record) {
  CodeLocation at;
  const u64* last_pc = nullptr;
  std::span<const u16> cells;
  while (fp != nullptr) {
    if (is_in_exit_code(pc)) {
      *record = reinterpret_cast<const EntryRecord*>(fp);
      return true;
    }
    if (is_in_cont_end(pc)) {
      auto* stack = reinterpret_cast<VMStack*>(fp);
      stack->marked = true;
      if (stack == last) return true;
      pc = stack->parent_pc;
      fp = stack->parent_fp;
      continue;
    }
    if (pc != last_pc) {  // recursion comes back to the same place
      at = find_code(pc);
      if (at.code == nullptr) return false;
      cells = root_map(*at.code).at(static_cast<u32>(pc - at.start));
      last_pc = pc;
    }
    show(env, fp, cells);
    const Cell* link = fp + at.code->link_cell();
    pc = reinterpret_cast<const u64*>(link[kLinkPc] & ~kLinkRestore) - 1;  // inside of the call
    fp = reinterpret_cast<Cell*>(link[kLinkFp]);
  }
  return true;
}

}  // namespace

bool visit_activation(const u64* pc, Cell* fp, ShowCells show, void* env,
                      const EntryRecord** record) {
  *record = nullptr;
  return visit_from(pc, fp, nullptr, show, env, record);
}

bool visit_frames(const VMStack& stack, ShowCells show, void* env) {
  const EntryRecord* record = nullptr;
  return visit_from(stack.pc, stack.fp, stack.last, show, env, &record);
}

Result<void> supports(const Module&) {
  return {};
}

}  // namespace wazuka::interp
