// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls that can be suspended: each runs on a stack of its own (os/fiber.h), and so does what it
// calls, the host's functions included. While it is suspended, the store is as it was before the
// call was gone on with: where wasm was left, and the interpreter's stack, belong to the call
// (VMStoreContext's fields about activations). So it does no harm if the store is used meanwhile,
// or if several calls of one store are suspended in any order.
//
// A call that is given up while it is suspended goes on once more, with suspend() saying so: what
// waits in it fails, and its frames end one after the other, the host's as well, as if by an error.
#pragma once

#include <memory>

#include "abi/vm.h"
#include "os/fiber.h"
#include "runtime/stack_pool.h"

namespace wazuka {

class Store;

class AsyncCall {
 public:
  using Body = void (*)(void* env);

  /// `env` lives as long as the call. Nothing runs yet.
  AsyncCall(Store& store, Body body, void* env);
  AsyncCall(const AsyncCall&) = delete;
  AsyncCall& operator=(const AsyncCall&) = delete;
  /// Gives the call up. Not from the call itself.
  ~AsyncCall() { cancel(); }

  /// Goes on until the body has ended (true) or something in it suspends (false). An error: there
  /// is no stack for the call. On any thread; not from the call itself.
  Result<bool> resume();
  /// From the call itself: lets resume() return, and goes on when it is called again. False: the
  /// call has been given up, and what wants to wait must fail.
  bool suspend();
  /// Ends the call.
  void cancel();

  bool has_ended() const { return state_ == State::kEnded; }
  bool is_running() const { return state_ == State::kRunning; }
  bool is_cancelled() const { return cancelled_; }

 private:
  friend class Store;
  enum class State : u8 { kNew, kRunning, kSuspended, kEnded };

  static void run(void* self);
  Result<void> take_stack();
  void give_stack();
  void go_on();
  void swap_activations();
  void end();

  Store* store_;  // null: the call has ended
  Body body_;
  void* env_;
  State state_ = State::kNew;
  bool cancelled_ = false;
  os::Reservation stack_;
  std::unique_ptr<EmbedderStack> foreign_;
  std::unique_ptr<os::Fiber> fiber_;
  AsyncCall* outer_ = nullptr;  // that runs and has resumed this one
  // Of the call while it does not run, of whoever has resumed it while it does.
  VMStoreContext activations_;
  os::Reservation vm_stack_;
  u32 call_depth_ = 0;
  AsyncCall *next_ = nullptr, *previous_ = nullptr;  // in the store's list
};

}  // namespace wazuka
