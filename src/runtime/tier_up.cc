// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Who gets better code, and when (docs/tiering.md).
#include <algorithm>

#include "opt/pipeline.h"
#include "runtime/module_code.h"
#include "runtime/native_code.h"
#include "tier/thunks.h"

namespace wazuka {

namespace {

// Bytes of wasm that a function executes in baseline code until it is compiled again: about so many
// that the processor time it may save exceeds what compiling takes.
constexpr u64 kBudgetBase = 7500, kBudgetPerByte = 1000;
constexpr u64 kMaxBudget = u64{1} << 30;
// How soon code asks again when better code has been ordered, or could not be.
constexpr i32 kBudgetWhileWaiting = 1 << 18;

i32 budget_of(const Engine& engine, const Module& module, const FuncCode& func) {
  if (u32 n = engine.config().tier_up_budget; n != 0) {
    return static_cast<i32>(std::min<u64>(n, kMaxBudget));
  }
  const u64 size = module.funcs[func.func_index].body.size;
  return static_cast<i32>(std::min(kBudgetBase + kBudgetPerByte * size, kMaxBudget));
}

}  // namespace

void NativeCode::stop() {
  if (tiers_ != nullptr) engine_.compile_queue().cancel(this);
}

/// Before baseline code is published.
void NativeCode::begin_counting(FuncCode& func, u32 frame_bytes) {
  tier_of(func).frame_bytes = frame_bytes;
  func.budget.store(budget_of(engine_, module_, func), std::memory_order_relaxed);
}

const u8* NativeCode::tier_up(FuncCode& func, u32 loop) {
  Better better = better_func(func);
  const u8* go_on = nullptr;
  if (better == Better::kThere && loop == 0) {
    go_on = func.native.load(std::memory_order_acquire);
  } else if (better == Better::kThere) {
    const LoopTier tier = better_loop(func, loop);
    better = tier.better;
    go_on = tier.entry;
  }
  const bool waits = better == Better::kNone || better == Better::kOrdered;
  func.budget.store(waits ? kBudgetWhileWaiting : static_cast<i32>(kMaxBudget),
                    std::memory_order_relaxed);
  return go_on;
}

/// Orders better code for a function unless that has been done.
NativeCode::Better NativeCode::better_func(FuncCode& func) {
  std::atomic<Better>& better = tier_of(func).better;
  Better now = Better::kNone;
  if (!better.compare_exchange_strong(now, Better::kOrdered)) return now;
  if (!order(func, 0)) better.store(Better::kNone, std::memory_order_relaxed);
  return better.load(std::memory_order_acquire);
}

/// Likewise for a loop that still runs in baseline code after that.
NativeCode::LoopTier NativeCode::better_loop(FuncCode& func, u32 loop) {
  {
    std::lock_guard<std::mutex> guard(lock_);
    LoopTier& tier = loops_[loop_key(func, loop)];
    if (tier.better != Better::kNone) return tier;
    tier.better = Better::kOrdered;
  }
  const bool ordered = order(func, loop);
  std::lock_guard<std::mutex> guard(lock_);
  LoopTier& tier = loops_[loop_key(func, loop)];
  if (!ordered) tier.better = Better::kNone;
  return tier;
}

bool NativeCode::order(FuncCode& func, u32 loop) {
  if (!engine_.config().background_compilation) {
    optimize(func, loop);
    return true;
  }
  return engine_.compile_queue().push({this, &func, loop, [](const CompileJob& job) {
                                         static_cast<NativeCode*>(job.owner)->optimize(*job.func,
                                                                                       job.loop);
                                       }});
}

/// Makes better code and lets it be found: by all calls from now on, or where the loop begins.
void NativeCode::optimize(FuncCode& func, u32 loop) {
  FuncTier& tier = tier_of(func);
  if (loop == 0) {
    const u8* const at = optimized_code(func, nullptr);
    if (at != nullptr) func.native.store(at, std::memory_order_release);
    tier.better.store(at != nullptr ? Better::kThere : Better::kRefused, std::memory_order_release);
    return;
  }
  const OsrEntry osr{loop - 1, tier.frame_bytes};
  const u8* const at = optimized_code(func, &osr);
  std::lock_guard<std::mutex> guard(lock_);
  loops_[loop_key(func, loop)] = {at != nullptr ? Better::kThere : Better::kRefused, at};
}

/// From now on calls ask for the function's code, and get the error.
void NativeCode::reject(FuncCode& func, Error why) {
  std::lock_guard<std::mutex> guard(lock_);
  rejected_.try_emplace(func.func_index, std::move(why));
  func.native.store(engine_.thunks()->lazy(), std::memory_order_release);
}

/// Null if the compiler refuses, or there is no room. What the verifier rejects, and mistakes of
/// the compiler, also end all later calls of the function with the error.
const u8* NativeCode::optimized_code(FuncCode& func, const OsrEntry* osr) {
  const CompileEnv env = engine_.compile_env(module_, code_->layout());
  auto compiled = engine_.optimize_function()(env, func.func_index, osr);
  bool wrong = !compiled && opt::is_mistake(compiled.error());
  if (VerifyFunction verify = engine_.config().verify; compiled && verify != nullptr) {
    if (auto safe = verify(env, func.func_index, *compiled, osr); !safe) {
      compiled = std::unexpected(std::move(safe).error());
      wrong = true;
    }
  }
  if (!compiled) {
    const CompileLog& log = engine_.config().compile_log;
    if (log.refused != nullptr) log.refused(log.user, func.func_index, compiled.error());
    if (wrong) reject(func, std::move(compiled).error());
    return nullptr;
  }
  CodeSpace::Placement placement{*std::move(compiled), &func};
  std::lock_guard<std::mutex> guard(lock_);
  place({&placement, 1});
  return placement.address;
}

}  // namespace wazuka
