// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Who wants to know where machine code is: profilers outside of the process, which see addresses
// only (runtime/profile).
#pragma once

#include <span>

#include "abi/code_object.h"

namespace wazuka {

class ModuleCode;

/// A function whose machine code is in its place and may be called from now on.
struct PublishedCode {
  ModuleCode& module;
  u32 func_index;
  std::span<const u8> code;
  std::span<const CodePosition> positions;  // if wants_positions()
};

class CodeObserver {
 public:
  virtual ~CodeObserver() = default;
  virtual bool wants_positions() const { return false; }
  /// Any thread; one at a time for each module.
  virtual void published(const PublishedCode& code) = 0;
};

}  // namespace wazuka
