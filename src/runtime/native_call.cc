// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/native_call.h"

#include <cstdlib>

#include "interp/interp.h"
#include "os/host_stack.h"
#include "runtime/instance.h"
#include "runtime/native_code.h"
#include "runtime/stack_walk.h"
#include "runtime/store.h"

namespace wazuka {

namespace {

Store& store_of(VMStoreContext& context) {
  return *static_cast<Store*>(context.store);
}

// Leaving ----------------------------------------------------------------------------------------

TrapOr call_host(VMStoreContext& context, const HostCode& code, VMContext* caller, Cell* cells) {
  context.exit_vmctx = caller;
  const TrapOr t = code.callback(code.env, caller, cells);
  // One that the host did not pass on.
  if (context.trapped_activation != nullptr || context.overflowed != nullptr) [[unlikely]]
    interp::end_trap(context);
  return t;
}

/// An error ends the interpreter's activation, but its frames can be read until then.
TrapOr interpret(VMStoreContext& context, FuncCode& code, VMContext* vm, Cell* cells) {
  if (auto stack = store_of(context).ensure_stack(); !stack) {
    return store_of(context).raise(std::move(stack).error());
  }
  const TrapOr t = interp::call(context, {&code, vm, 0}, cells);
  if (t != kNoTrap) [[unlikely]] {
    store_of(context).capture_trace();
    interp::end_trap(context);
  }
  return t;
}

TrapOr leave(FuncCode* code, VMContext* vm, Cell* cells) {
  VMStoreContext& context = *vm->store_context;
  if (code->module == nullptr) return call_host(context, *static_cast<HostCode*>(code), vm, cells);
  return interpret(context, *code, vm, cells);
}

const u8* compile(FuncCode* code) {
  if (code->module != nullptr) {
    NativeCode* const native = code->module->native();
    return native != nullptr ? native->compile(*code) : interpret_from_now_on(*code);
  }
  const u8* const at = native_leave(*native_thunks(), *static_cast<HostCode*>(code)->type);
  code->native.store(at, std::memory_order_release);
  return at;
}

const u8* tier_up(FuncCode* code, u32 loop) {
  return code->module->native()->tier_up(*code, loop);
}

TrapOr limit(VMContext* vm, Limit which) {
  return Store::of(vm).limit_reached(which);
}

// Exceptions -------------------------------------------------------------------------------------

const CatchClauseTable* find_clause(const NativeFrame& frame, const VMTag* tag) {
  const CallSite* const call = frame.call();
  if (call == nullptr) return nullptr;
  const CodeTablesView& tables = frame.object->tables;
  VMContext* const vm = frame.vm();
  for (u32 r = call->try_region; r != CallSite::kNoTry; r = tables.tries[r].outer) {
    const TryRegion& region = tables.tries[r];
    for (u32 i = 0; i < region.clauses_count; ++i) {
      const CatchClauseTable& clause = tables.clauses[region.clauses_begin + i];
      if (clause.tag == CatchClauseTable::kNoTag) return &clause;
      if (*vm_at<VMTag*>(vm, clause.tag) == tag) return &clause;
    }
  }
  return nullptr;
}

/// Puts what the clause wants where it wants it.
TrapOr enter_clause(const NativeFrame& frame, const CatchClauseTable& clause, VMTag* tag,
                    Cell exception, ResumePoint* resume) {
  VMContext* const vm = frame.vm();
  const VMBuiltins& builtins = *vm->store_context->builtins;
  if (clause.tag != CatchClauseTable::kNoTag && clause.args_cell != CatchClauseTable::kNoCell) {
    const TrapOr t = builtins.exn_args(vm, tag, exception, frame.cells() + clause.args_cell);
    if (t != kNoTrap) return t;
  }
  if (clause.ref_cell != CatchClauseTable::kNoCell) frame.cells()[clause.ref_cell] = exception;
  builtins.exn_caught(vm);
  *resume = {frame.space->code() + frame.object->begin + clause.landing,
             frame.fp - frame.object->frame_bytes, frame.fp, 0};
  return kNoTrap;
}

/// Looks for a handler in the innermost activation. kNoTrap: found; kException: there is none.
TrapOr catch_exception(VMContext* vm, ResumePoint* resume) {
  VMStoreContext& context = *vm->store_context;
  const Cell exception = context.exception;
  VMTag* tag = nullptr;
  if (TrapOr t = context.builtins->exn_tag(vm, exception, &tag); t != kNoTrap) return t;
  NativeFrame frame = NativeFrame::at(context.native_pc, context.native_fp);
  for (; frame.object; frame = frame.caller()) {
    if (const CatchClauseTable* clause = find_clause(frame, tag)) {
      return enter_clause(frame, *clause, tag, exception, resume);
    }
  }
  return kException;
}

void raise(VMContext* vm, TrapOr why, ResumePoint* resume) {
  if (why == kException) {
    why = catch_exception(vm, resume);
    if (why == kNoTrap) return;
  }
  VMStoreContext& context = *vm->store_context;
  store_of(context).capture_trace();
  *resume = native_thunks()->end_of_activation(context, why);
}

// Entering ---------------------------------------------------------------------------------------

// Of the host's stack, at its end: for what machine code calls without asking for room.
constexpr size_t kHostRoom = size_t{128} << 10;

bool is_in(const os::StackBounds& stack, const u8* at) {
  return at >= stack.low && at < stack.high;
}

/// Where frames must end that begin here.
u8* stack_limit_at(const u8* here, u64 max_bytes) {
  const u64 at = reinterpret_cast<u64>(here);
  u64 limit = at > max_bytes ? at - max_bytes : 0;
  const os::StackBounds stack = os::stack_bounds();
  if (is_in(stack, here)) {  // otherwise the host runs on a stack of its own making
    const u64 room = std::min<u64>(kHostRoom, static_cast<u64>(stack.high - stack.low) / 2);
    limit = std::max(limit, reinterpret_cast<u64>(stack.low) + room);
  }
  return reinterpret_cast<u8*>(limit);
}

/// Sets the limit for an activation that begins here; false if there is no room.
bool set_stack_limit(VMStoreContext& context, const u8* here) {
  const u8* const entered = context.native_entry_sp;
  if (entered != nullptr) {
    if (here > context.native_stack_limit && here <= entered) return true;
    const os::StackBounds stack = os::stack_bounds();
    if (is_in(stack, here) && is_in(stack, entered)) return false;
  }
  const u64 max_bytes = store_of(context).engine().config().max_wasm_stack;
  context.native_stack_limit = stack_limit_at(here, max_bytes);
  return here > context.native_stack_limit;
}

EnterThunk make_enter(FuncCode& code) {
  const EnterThunk enter = native_thunks()->enter(code.module->module().func_type(code.func_index));
  if (enter != nullptr) code.enter.store(enter, std::memory_order_release);
  return enter;
}

}  // namespace

Thunks* native_thunks() {
  static Thunks* const thunks = Thunks::get({leave, compile, tier_up, limit, raise});
  return thunks;
}

const u8* native_leave(Thunks& thunks, const FuncType& type) {
  const u8* const at = thunks.leave(type);
  return at != nullptr ? at : thunks.refuse();
}

TrapOr call_native(VMStoreContext* store, const VMFuncRef* func, Cell* cells) {
  VMStoreContext& context = *store;
  FuncCode& code = *func->code;
  EnterThunk enter = code.enter.load(std::memory_order_acquire);
  if (enter == nullptr && (enter = make_enter(code)) == nullptr) [[unlikely]] {
    return store_of(context).raise(Error{"no room for machine code", Error::kNoOffset, {}});
  }
  u8* const limit = context.native_stack_limit;
  if (!set_stack_limit(context, static_cast<u8*>(__builtin_frame_address(0)))) [[unlikely]] {
    context.native_stack_limit = limit;
    return trap_or(TrapCode::kStackOverflow);
  }
  const TrapOr t = enter(store, func, cells);
  context.native_stack_limit = limit;
  return t;
}

bool is_guest_address(VMContext* vm, u64 address) {
  const Memory* const memory = vm->instance->memory_around(address);
  if (memory == nullptr) return false;
  VMStoreContext& context = *vm->store_context;
  context.fault_address = address - reinterpret_cast<u64>(memory->vm.base);
  context.fault_memory_size = memory->vm.size.load(std::memory_order_acquire);
  return true;
}

}  // namespace wazuka
