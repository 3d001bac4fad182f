// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The machine code of a module: where it is, and how functions get theirs. A function is compiled
// when it is first called, or all are at once (EngineConfig::lazy); one that the compiler refuses
// is interpreted from then on.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>

#include "image/image.h"
#include "interp/interp.h"
#include "runtime/engine.h"
#include "tier/code_space.h"
#include "tier/compiler.h"

namespace wazuka {

class NativeCode {
 public:
  /// Null if the engine only interprets, or the host refuses, or the module is to be interpreted.
  /// `image` has code of the module, and lives as long; or null.
  static std::unique_ptr<NativeCode> create(const Engine& engine, const Module& module,
                                            const image::Image* image);

  /// For interp::Code.
  interp::NativeSide side() const;

  /// What must be known before the first call of the others.
  void set_code(interp::Code& code);

  /// The function's FuncCode::native, compiled if nobody has yet. Any thread.
  /// If the function's code is refused (EngineConfig::verify), this is an address that ends the
  /// activation with an error.
  const u8* compile(FuncCode& func);
  /// The function's budget is spent, at its beginning (0) or that of its nth loop: better code is
  /// ordered. Returns where to go on now, or null. Any thread.
  const u8* tier_up(FuncCode& func, u32 loop);
  /// From now on nothing is compiled beside the program: before anything of the module is
  /// destroyed.
  void stop();

  /// Compiles all functions, on so many threads; the first refusal by index is the error. Code is
  /// placed in the order of the functions.
  Result<void> compile_all(u32 threads);

  const CodeSpace& space() const { return *space_; }
  bool is_optimized(const FuncCode& func) {
    return tiers_ == nullptr || tier_of(func).better.load() == Better::kThere;
  }

 private:
  /// Better code of a function, or of one of its loops.
  enum class Better : u8 { kNone, kOrdered, kThere, kRefused };
  struct FuncTier {
    std::atomic<Better> better = Better::kNone;
    u32 frame_bytes = 0;  // of the baseline code
  };
  struct LoopTier {
    Better better = Better::kNone;
    const u8* entry = nullptr;  // if it is there
  };

  NativeCode(const Engine& engine, const Module& module);
  void publish_stored();
  Result<std::optional<CompiledCode>> compile_first(const CompileEnv& env, u32 func);
  Result<const u8*> try_compile(FuncCode& func);
  void place(std::span<CodeSpace::Placement> functions);
  void publish(std::span<CodeSpace::Placement> functions);
  void begin_counting(FuncCode& func, u32 frame_bytes);
  bool order(FuncCode& func, u32 loop);
  void optimize(FuncCode& func, u32 loop);
  const u8* optimized_code(FuncCode& func, const OsrEntry* osr);
  void reject(FuncCode& func, Error why);
  Better better_func(FuncCode& func);
  LoopTier better_loop(FuncCode& func, u32 loop);
  FuncTier& tier_of(const FuncCode& func) {
    return tiers_[func.func_index - module_.imported_funcs];
  }
  static u64 loop_key(const FuncCode& func, u32 loop) { return u64{func.func_index} << 32 | loop; }

  const Engine& engine_;
  const Module& module_;
  StoredCode stored_;  // of an image
  std::unique_ptr<CodeSpace> space_;
  interp::Code* code_ = nullptr;
  std::mutex lock_;  // of publishing
  // If the engine tiers up: of the defined functions, and of loops whose functions have better code
  // already (guarded by the lock).
  std::unique_ptr<FuncTier[]> tiers_;
  std::unordered_map<u64, LoopTier> loops_;
  std::unordered_map<u32, Error> rejected_;  // better code that must not run, by function
};

/// Continuations need all frames of their stacks in the interpreter.
bool switches_stacks(const Module& module);

/// Compiles a function with the engine's first compiler that takes it.
Result<CompiledCode> compile_best(const Engine& engine, const CompileEnv& env, u32 func_index);

/// Decides that a function is to be interpreted; returns its FuncCode::native.
const u8* interpret_from_now_on(FuncCode& func);

/// Why the code of the function that this thread has called last was refused, if it was; nothing
/// when asked again. Store makes it the error of the activation.
std::optional<Error> take_refusal();

}  // namespace wazuka
