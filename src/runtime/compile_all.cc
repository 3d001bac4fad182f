// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Compiling all functions of a module at once. Threads take them in runs, and hand each run over
// when it is done. Runs are published in the order of the functions, so that code is always at the
// same place, whatever the number of threads and their luck. What waits for its turn is bounded:
// who is far ahead waits until the run that all others wait for is done.
#include <atomic>
#include <condition_variable>
#include <map>

#include "base/parallel.h"
#include "opt/pipeline.h"
#include "runtime/module_code.h"
#include "runtime/native_code.h"

namespace wazuka {

namespace {

// So that threads do not meet at the counter.
constexpr u32 kRun = 16;
constexpr size_t kPublishBytes = 64 << 10;
constexpr size_t kMaxWaitingBytes = 8 << 20;

size_t bytes_of(std::span<const CodeSpace::Placement> functions) {
  size_t bytes = 0;
  for (const CodeSpace::Placement& f : functions) bytes += f.code.bytes.size();
  return bytes;
}

/// Puts runs into their order.
class InOrder {
 public:
  explicit InOrder(u32 first) : next_(first) {}

  /// The functions from `begin` on, and what is to be published now. Blocks while too much waits.
  template <class Publish>
  void hand_over(u32 begin, std::vector<CodeSpace::Placement> done, Publish publish) {
    std::unique_lock<std::mutex> lock(lock_);
    changed_.wait(lock, [&] { return begin == next_ || waiting_bytes_ < kMaxWaitingBytes; });
    waiting_bytes_ += bytes_of(done);
    waiting_.emplace(begin, std::move(done));
    while (!waiting_.empty() && waiting_.begin()->first == next_) {
      std::vector<CodeSpace::Placement>& run = waiting_.begin()->second;
      std::move(run.begin(), run.end(), std::back_inserter(batch_));
      waiting_.erase(waiting_.begin());
      next_ += kRun;
    }
    if (bytes_of(batch_) >= kPublishBytes) flush(publish);
    changed_.notify_all();
  }
  template <class Publish>
  void flush(Publish publish) {
    waiting_bytes_ -= bytes_of(batch_);
    publish(batch_);
    batch_.clear();
  }

 private:
  std::mutex lock_;
  std::condition_variable changed_;
  u32 next_;                                                  // the run that all wait for
  std::map<u32, std::vector<CodeSpace::Placement>> waiting_;  // by first function
  std::vector<CodeSpace::Placement> batch_;                   // in order, not yet published
  size_t waiting_bytes_ = 0;                                  // of both
};

}  // namespace

/// Nothing if the function is to be interpreted.
Result<std::optional<CompiledCode>> NativeCode::compile_first(const CompileEnv& env, u32 func) {
  auto compiled = compile_best(engine_, env, func);
  if (!compiled && opt::is_mistake(compiled.error())) return std::unexpected(compiled.error());
  if (!compiled) return std::nullopt;
  if (VerifyFunction verify = engine_.config().verify) {
    WAZUKA_TRY(verify(env, func, *compiled, nullptr));
  }
  return *std::move(compiled);
}

Result<void> NativeCode::compile_all(u32 threads) {
  const u32 first = module_.imported_funcs, end = static_cast<u32>(module_.funcs.size());
  std::atomic<u32> next = first;
  std::mutex lock;  // of the first refusal by index
  std::optional<Error> error;
  u32 refused = end;
  InOrder order(first);
  auto publish_all = [&](std::span<CodeSpace::Placement> functions) { publish(functions); };
  run_parallel(std::min(threads, (end - first + kRun - 1) / kRun), [&] {
    const CompileEnv env = engine_.compile_env(module_, code_->layout());
    const u8* const lazy = engine_.thunks()->lazy();
    for (;;) {
      const u32 begin = next.fetch_add(kRun, std::memory_order_relaxed);
      if (begin >= end) return;
      std::vector<CodeSpace::Placement> done;
      for (u32 i = begin; i < std::min(begin + kRun, end); ++i) {
        FuncCode& func = *code_->func(i);
        if (func.native.load(std::memory_order_relaxed) != lazy) continue;  // in the image
        auto compiled = compile_first(env, i);
        if (compiled && *compiled) {
          done.push_back({**std::move(compiled), &func});
        } else if (compiled) {
          interpret_from_now_on(func);
        } else if (std::lock_guard<std::mutex> guard(lock); i < refused) {
          refused = i;
          error = std::move(compiled).error();
        }
      }
      order.hand_over(begin, std::move(done), publish_all);
    }
  });
  order.flush(publish_all);
  if (!error) return {};
  return std::unexpected(*std::move(error));
}

}  // namespace wazuka
