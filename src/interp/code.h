// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Behind interp::Code: the bytecode of a module's functions, lowered one by one at first call.
#pragma once

#include <deque>
#include <span>

#include "base/arena.h"
#include "interp/exceptions.h"
#include "interp/interp.h"

namespace wazuka::interp {

/// Where the frames of a function hold references that the collector must see, at each safepoint:
/// calls and instructions that allocate. A site is named by the word behind its instruction.
struct RootMap {
  struct Site {
    u32 position, begin, end;  // end of the instruction; range in `cells`
  };
  std::vector<Site> sites;  // in ascending order
  std::vector<u16> cells;   // of the frame

  /// The cells at the safepoint whose instruction this word is in.
  std::span<const u16> at(u32 word) const;
};

/// A function of a wasm module.
struct WasmCode : FuncCode {
  Code::Impl* owner = nullptr;
  HandlerTable handlers;  // set before the entry is
  // Both made when first needed; guarded by the owner's lock.
  const u64* lowered = nullptr;  // what `entry` becomes, in engines that only interpret
  std::unique_ptr<const RootMap> roots;
};

struct Code::Impl {
  Impl(std::shared_ptr<const Module> m, ModuleCode* owner, Options o, NativeSide native);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  std::shared_ptr<const Module> module;
  VMLayout layout;
  Options options;
  WasmCode* funcs = nullptr;  // defined functions
  bool owns_funcs = false;    // the memory, not only the objects in it

  std::mutex lock;                  // guards what follows: held while a body is lowered
  Arena arena{1 << 14};             // bytecode
  std::vector<const u64*> lowered;  // first words of what find_code knows
};

/// Where activations return to: not in any function.
const u64* exit_code();

/// Lowers the function unless that has been done; returns where its bytecode begins.
const u64* lower_now(FuncCode& code);

/// The function whose bytecode contains `pc`, and where that bytecode starts; null if there is
/// none. Takes a lock: cold.
struct CodeLocation {
  const FuncCode* code = nullptr;
  const u64* start = nullptr;
};
CodeLocation find_code(const u64* pc);

/// The byte offset in the module of the instruction that bytecode word `word` of the function
/// belongs to. Lowers the function again.
u32 wasm_offset(const FuncCode& code, u32 word);

/// The function's root map. Lowers the function again when it is first asked for.
const RootMap& root_map(const FuncCode& code);

/// Prints bytecode that begins at words[entry].
std::string dump_words(std::span<const u64> words, u32 entry);

/// One function's bytecode.
struct Bytecode {
  std::span<const u64> words;  // valid until the next use of the Lowerer
  u32 entry = 0;               // index of the first instruction to execute
  u64 frame_cells = 0;         // more than kMaxFrameCells: too large to be called
  HandlerTable handlers;       // as long valid as the words
};

}  // namespace wazuka::interp
