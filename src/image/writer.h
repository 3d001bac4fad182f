// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Lays an image out: one buffer that is the file. Equal input gives equal bytes.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/error.h"
#include "image/format.h"
#include "wasm/module.h"

namespace wazuka::image {

/// A function's code, as a compiler made it or as it is in a CodeSpace.
struct Function {
  u32 func_index = 0;
  bool optimized = false;
  std::span<const u8> bytes;
  u32 alignment = 16;
  u32 frame_bytes = 0;
  CodeTablesView tables;
  std::span<const Relocation> relocations;
  // Where its fields have been relocated for: the offset behind the first byte of code of a space
  // whose FuncCodes are as far from it as those of the image. Nothing: they have not.
  std::optional<u32> relocated_at;
};

struct Input {
  const Module& module;
  Settings settings;
  u32 func_bytes = 0;               // from one FuncCode to the next
  u64 code_distance = 0;            // from the first FuncCode to the code
  std::vector<Function> functions;  // at most one of each function, in any order
  bool keep_relocations = false;    // for code that will be copied into other images
  std::vector<MemoryRun> runs;      // of the memories that start as images
  std::span<const u8> memory;       // their contents
};

/// An error if the image would be too large.
Result<std::vector<u8>> write(Input input);

}  // namespace wazuka::image
