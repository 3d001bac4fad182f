// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Contents of a binary with their places: function bodies, instruction by instruction with offsets
// and bytes, and the fields of a section as text without contents. For `objdump`.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "wasm/module.h"
#include "wasm/section_list.h"
#include "wat/text_output.h"

namespace wazuka::wat {

/// All bodies. One that is not well-formed ends with its error in the listing, and the others go
/// on; the result is the first error.
Result<void> disassemble(const Module& module, const WriteText& write);

/// One instruction of a body, without its operands' instructions.
struct InstructionText {
  u32 offset = 0;  // in the binary
  u32 depth = 0;   // of nesting
  std::string text;
};

/// Texts of the defined functions of a valid module, which must outlive it.
class BodyTexts {
 public:
  explicit BodyTexts(const Module& module);
  ~BodyTexts();

  /// In order; the last one is the body's `end`.
  std::vector<InstructionText> instructions(u32 func_index);
  /// ` $name (type 3) (param …) (result …)`
  std::string signature(u32 func_index);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wazuka::wat
