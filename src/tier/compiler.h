// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A compiler as the runtime knows it.
#pragma once

#include "abi/code_object.h"
#include "base/error.h"
#include "tier/compile_env.h"

namespace wazuka {

/// Compiles one defined function (index in the function index space) of a validated module. Pure:
/// may be called from several threads at once. An error means that this tier cannot compile the
/// function (too large, or a feature it lacks): it will be interpreted.
using CompileFunction = Result<CompiledCode> (*)(const CompileEnv& env, u32 func_index);

/// A loop that already runs in baseline code, whose frame better code takes over (on-stack
/// replacement): it is entered at the loop's beginning with rbp and r14 as they are, every local
/// and every operand in its home, and keeps that part of the frame.
struct OsrEntry {
  u32 loop = 0;         // in the order of the body's `loop` opcodes, from 0
  u32 frame_bytes = 0;  // of the baseline code's frame: where its homes begin
};

/// Compiles a function, or the rest of a call that is in a loop (null: not so), slowly and well.
using OptimizeFunction = Result<CompiledCode> (*)(const CompileEnv& env, u32 func_index,
                                                  const OsrEntry* osr);

/// Proves that what a compiler made of a function stays in the sandbox (verify/verify.h). An error
/// says what could not be proved: such code is never run, and neither is the function.
using VerifyFunction = Result<void> (*)(const CompileEnv& env, u32 func_index,
                                        const CompiledCode& code, const OsrEntry* osr);

/// Told of each function that a tier has refused. Any thread; null: nobody asks.
struct CompileLog {
  void (*refused)(void* user, u32 func_index, const Error& why) = nullptr;
  void* user = nullptr;
};

}  // namespace wazuka
