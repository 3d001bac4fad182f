// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The pieces of machine code between WebAssembly and C (docs/abi.md): made once per process, those
// that depend on a signature once per signature as the convention sees it (integers and references
// are the same, and so are both kinds of floats).
//
//   enter     C → wasm: a C function that loads parameters from cells, calls, stores the results
//   leave     wasm → C: what FuncCode::native is for host functions and interpreted ones
//             for host functions also one that calls them itself (abi/direct_host.h)
//   lazy      FuncCode::native of functions not yet compiled: compiles and goes on there
//   builtin   wasm → a builtin, by its number
//   tier_up   a function that has spent its budget: asks for better code
//   limit     code that has reached a limit: asks whether it may go on
//   raise     the end of a call of a builtin, or of an operation, that trapped or threw
//
// An `enter` frame ends the walk of an activation. Its frame pointer is what EntryFrame is read at.
#pragma once

#include <memory>

#include "abi/direct_host.h"
#include "abi/vm.h"
#include "wasm/types.h"

namespace wazuka {

/// Where execution goes on when a frame does not return: registers to load.
struct ResumePoint {
  const u8* pc = nullptr;
  u8* sp = nullptr;
  u8* fp = nullptr;
  u64 result = 0;  // in rax
};

/// What the thunks call in C.
struct ThunkHooks {
  /// Runs the host function or interprets the function: arguments in cells, results there. `vm` is
  /// the callee's context, for host functions the caller's. Where wasm was left is noted.
  TrapOr (*leave)(FuncCode* code, VMContext* vm, Cell* cells);
  /// Compiles, or finds what to do instead; returns FuncCode::native.
  const u8* (*compile)(FuncCode* code);
  /// The function's budget is spent (VMContext::tier_up_stub).
  const u8* (*tier_up)(FuncCode* code, u32 loop);
  /// Code that runs in `vm` has reached a limit (VMStoreContext::limit_stub).
  TrapOr (*limit)(VMContext* vm, Limit limit);
  /// Decides where an activation goes on after `why`. Where wasm was left is noted.
  void (*raise)(VMContext* vm, TrapOr why, ResumePoint* resume);
};

/// What `enter` has saved, below its frame pointer.
struct EntryFrame {
  const u8* native_pc;
  u8* native_fp;

  static EntryFrame at(const u8* fp);
};

class Thunks {
 public:
  /// The process's; the hooks are those of the first call. Null if the host allows no machine code.
  static Thunks* get(const ThunkHooks& hooks);
  /// For functions whose `leave` has no room: ends the activation with kHostError.
  const u8* refuse() const { return refuse_; }
  /// The process's, or null if they have not been made.
  static Thunks* get_if_made();

  /// Null if there is no room.
  EnterThunk enter(const FuncType& type);
  const u8* leave(const FuncType& type);
  /// What FuncCode::native is for a DirectHostFunc of this type.
  const u8* leave_to_host(const FuncType& type, HostFormat format);
  const u8* lazy() const { return lazy_; }
  const u8* builtin() const { return builtin_; }
  const u8* tier_up() const { return tier_up_; }
  const u8* limit() const { return limit_; }
  const u8* raise() const { return raise_; }
  /// raise for a place that has been noted already: rdi, esi as for raise. Where signals lead.
  const u8* raise_noted() const { return raise_noted_; }
  /// Ends the activation with a TrapOr: returns it from the innermost `enter`.
  ResumePoint end_of_activation(const VMStoreContext& store, TrapOr result) const;

  /// Whether a return address is in an `enter`.
  bool is_entry(const u8* return_address) const;

 private:
  struct Impl;
  explicit Thunks(std::unique_ptr<Impl> impl);

  bool make_common(const ThunkHooks& hooks);

  std::unique_ptr<Impl> impl_;
  const u8* lazy_ = nullptr;
  const u8* builtin_ = nullptr;
  const u8* tier_up_ = nullptr;
  const u8* limit_ = nullptr;
  const u8* raise_ = nullptr;
  const u8* raise_noted_ = nullptr;
  const u8* refuse_ = nullptr;
  const u8* leave_enter_ = nullptr;  // restores what `enter` saved and returns eax from it
};

}  // namespace wazuka
