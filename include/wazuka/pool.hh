// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instances made ahead, for hosts that give every request a fresh one.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>
#include <wazuka/linker.hh>

namespace wazuka {
inline namespace v1 {

/// An instance with a store of its own. Both end together.
struct PooledInstance {
  Store store;
  Instance instance;
};

/// What a pool makes.
struct PoolOptions {
  size_t ready = 16;   // instances to hold ready
  Limits limits = {};  // of each store
  /// Makes the store of an instance, with the host's data, WASI, fuel, a deadline; if empty, a
  /// plain one is made.
  std::function<Result<Store>(const Engine&)> make_store = {};
};

/// Instances of one module, made ahead: `take` hands out one that nobody has used, in the time of a
/// lock if one is ready. What is taken is the caller's and never comes back; `refill` makes new
/// ones, best from a thread that has nothing else to do. Thread-safe. Move-only.
class InstancePool {
 public:
  /// A pool, empty at first.
  [[nodiscard]] static Result<InstancePool> create(const Engine& engine, InstancePre pre,
                                                   PoolOptions options = {});

  /// A fresh instance.
  [[nodiscard]] Result<PooledInstance> take();
  /// Makes instances until as many are ready as the options say; how many it has made.
  [[nodiscard]] Result<size_t> refill();
  /// How many are ready.
  size_t ready() const;

  /// False after a move.
  explicit operator bool() const { return state_ != nullptr; }

 private:
  struct State {
    Engine engine;
    InstancePre pre;
    PoolOptions options;
    std::mutex lock = {};
    std::vector<PooledInstance> instances = {};
  };
  explicit InstancePool(std::unique_ptr<State> state) : state_(std::move(state)) {}
  Result<PooledInstance> make() const;

  std::unique_ptr<State> state_;
};

// -------------------------------------------------------------------------------------------------

inline Result<InstancePool> InstancePool::create(const Engine& engine, InstancePre pre,
                                                 PoolOptions options) {
  if (!engine) return detail::moved_from("the engine");
  if (!pre) return detail::moved_from("the prepared instance");
  return InstancePool(
      std::unique_ptr<State>(new State{engine.clone(), std::move(pre), std::move(options)}));
}

inline Result<PooledInstance> InstancePool::make() const {
  Result<Store> store = state_->options.make_store ? state_->options.make_store(state_->engine)
                                                   : Result<Store>(Store(state_->engine));
  if (!store) return std::unexpected(std::move(store).error());
  if (auto done = store->set_limits(state_->options.limits); !done) {
    return std::unexpected(std::move(done).error());
  }
  auto instance = state_->pre.instantiate(*store);
  if (!instance) return std::unexpected(std::move(instance).error());
  return PooledInstance{*std::move(store), *instance};
}

inline Result<PooledInstance> InstancePool::take() {
  if (state_ == nullptr) return detail::moved_from("the pool");
  {
    const std::lock_guard<std::mutex> guard(state_->lock);
    if (!state_->instances.empty()) {
      PooledInstance out = std::move(state_->instances.back());
      state_->instances.pop_back();
      return out;
    }
  }
  return make();
}

inline Result<size_t> InstancePool::refill() {
  if (state_ == nullptr) return detail::moved_from("the pool");
  for (size_t made = 0;; ++made) {
    if (ready() >= state_->options.ready) return made;
    auto instance = make();
    if (!instance) return std::unexpected(std::move(instance).error());
    const std::lock_guard<std::mutex> guard(state_->lock);
    state_->instances.push_back(*std::move(instance));
  }
}

inline size_t InstancePool::ready() const {
  if (state_ == nullptr) return 0;
  const std::lock_guard<std::mutex> guard(state_->lock);
  return state_->instances.size();
}

}  // namespace v1
}  // namespace wazuka
