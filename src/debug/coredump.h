// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Core dumps: what was in memory when code trapped, as a wasm file for tools to look at.
//
// The format is that of WebAssembly's tool conventions (Coredump.md) with the instances that
// Wasmtime added: a module of memories, globals and data, which is never run, and custom sections
// that say how they belong together.
//
//     core           the name of the program
//     memory, global, data    all memories and globals of the store, with what they hold
//     coremodules    names of modules
//     coreinstances  which module, memories and globals each instance has
//     corestack      for each thread its frames, innermost first
//
// Values that are not known (a compiler may have dropped them) and references are written as
// missing; globals of reference type are null. Memories are mostly zeros, which are left out: a
// memory is cut into chunks, and of each only what is between its first and last byte that is not
// zero becomes a segment. Nothing is copied: the writer walks over the memories twice, first to
// learn the size of the section, so that a dump takes no memory to speak of.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "wasm/types.h"

namespace wazuka::debug {

/// A local or operand; kinds without a place in the format are missing.
struct CoreValue {
  ValKind kind = ValKind::kBottom;  // i32, i64, f32, f64; else: missing
  u64 bits = 0;
};

struct CoreFrame {
  u32 instance = 0;     // index in CoreDump::instances
  u32 func_index = 0;   // in its module
  u32 code_offset = 0;  // of the instruction from the start of the function's body (after its size)
  std::vector<CoreValue> locals, stack;
};

struct CoreThread {
  std::string name = "main";
  std::vector<CoreFrame> frames;  // innermost first
};

struct CoreMemory {
  MemoryType type;  // `limits.min`: the current size in pages
  std::span<const u8> bytes;
};

struct CoreGlobal {
  GlobalType type;  // references: of an abstract heap type; only the hierarchy counts
  u64 bits = 0;     // v128: the low half
  u64 high_bits = 0;
};

struct CoreInstance {
  u32 module = 0;  // index in CoreDump::modules
  std::vector<u32> memories,
      globals;  // indices in the dump, in the order of the instance's index spaces
};

struct CoreDump {
  std::string program;               // file name
  std::vector<std::string> modules;  // names; empty: anonymous
  std::vector<CoreInstance> instances;
  std::vector<CoreMemory> memories;
  std::vector<CoreGlobal> globals;
  std::vector<CoreThread> threads;
};

/// Takes the file piece by piece, many of them small; false stops the writing.
using CoreSink = std::function<bool(std::span<const u8>)>;

/// Fails if the memories hold more than a section can (4 GiB), or if the sink stopped. Memories
/// must not change meanwhile (shared ones may; then bytes that were zero may be missing, but the
/// file stays well-formed).
Result<void> write_core_dump(const CoreDump& dump, const CoreSink& sink);

}  // namespace wazuka::debug
