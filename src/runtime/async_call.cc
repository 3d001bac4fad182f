// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/async_call.h"

#include <utility>

#include "runtime/engine.h"
#include "runtime/store.h"

namespace wazuka {

namespace {

/// Exchanges what is about activations.
void exchange(VMStoreContext& a, VMStoreContext& b) {
  auto swap = [&]<class T>(T VMStoreContext::* field) { std::swap(a.*field, b.*field); };
  swap(&VMStoreContext::stack_limit);
  swap(&VMStoreContext::stack_top);
  swap(&VMStoreContext::exit_pc);
  swap(&VMStoreContext::exit_fp);
  swap(&VMStoreContext::exit_vmctx);
  swap(&VMStoreContext::overflowed);
  swap(&VMStoreContext::activation_depth);
  swap(&VMStoreContext::trapped_activation);
  swap(&VMStoreContext::native_pc);
  swap(&VMStoreContext::native_fp);
  swap(&VMStoreContext::native_entry_sp);
  swap(&VMStoreContext::native_stack_limit);
  swap(&VMStoreContext::stack);
}

}  // namespace

AsyncCall::AsyncCall(Store& store, Body body, void* env) : store_(&store), body_(body), env_(env) {
  store.add_async_call(*this);
}

Result<void> AsyncCall::take_stack() {
  Engine& engine = store_->engine();
  WAZUKA_TRY(engine.pools().take_stack());
  os::StackBounds bounds;
  const u64 bytes = engine.config().async_stack;
  if (const StackCreator& create = engine.config().stack_creator) {
    auto made = create(bytes);
    if (!made) {
      engine.pools().give_stack();
      return std::unexpected(std::move(made).error());
    }
    foreign_ = *std::move(made);
    bounds = foreign_->bounds;
  } else {
    stack_ = engine.async_stacks().take();
    if (stack_) bounds = engine.async_stacks().usable(stack_);
  }
  constexpr i64 kMinBytes = 16 << 10;  // below, not even a call of the host fits
  if (bounds.high - bounds.low < kMinBytes) {
    give_stack();
    return fail("failed to allocate a stack of " + std::to_string(bytes) +
                " bytes for an asynchronous call");
  }
  fiber_ = std::make_unique<os::Fiber>(bounds, run, this);
  return {};
}

void AsyncCall::give_stack() {
  fiber_.reset();
  foreign_.reset();
  if (stack_) store_->engine().async_stacks().give(std::exchange(stack_, {}));
  if (vm_stack_) store_->engine().vm_stacks().give(std::exchange(vm_stack_, {}));
  store_->engine().pools().give_stack();
}

void AsyncCall::run(void* self) {
  auto& call = *static_cast<AsyncCall*>(self);
  call.body_(call.env_);
}

void AsyncCall::swap_activations() {
  exchange(store_->context, activations_);
  std::swap(store_->stack_, vm_stack_);
  std::swap(store_->call_depth_, call_depth_);
}

void AsyncCall::go_on() {
  state_ = State::kRunning;
  outer_ = std::exchange(store_->async_call_, this);
  swap_activations();
  fiber_->resume();
  swap_activations();
  store_->async_call_ = outer_;
  state_ = fiber_->has_ended() ? State::kEnded : State::kSuspended;
  if (state_ != State::kEnded) return;
  give_stack();
  end();
}

void AsyncCall::end() {
  state_ = State::kEnded;
  if (store_ != nullptr) store_->remove_async_call(*this);
  store_ = nullptr;
}

Result<bool> AsyncCall::resume() {
  if (state_ == State::kEnded) return true;
  if (state_ == State::kRunning) return fail("the asynchronous call is running already");
  if (state_ == State::kNew) {
    if (auto taken = take_stack(); !taken) {
      end();
      return std::unexpected(std::move(taken).error());
    }
  }
  go_on();
  return state_ == State::kEnded;
}

bool AsyncCall::suspend() {
  if (cancelled_) return false;
  fiber_->suspend();
  return !cancelled_;
}

void AsyncCall::cancel() {
  cancelled_ = true;
  // Nothing can suspend it any more.
  if (state_ == State::kSuspended) go_on();
  end();
}

}  // namespace wazuka
