// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Samples of the stack of a store, as a profile that profiler.firefox.com opens ("processed"
// format): every distinct stack, frame, function and text is kept once.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "interp/interp.h"
#include "runtime/module_code.h"

namespace wazuka {

class GuestProfile {
 public:
  struct NamedModule {
    std::string name;
    std::shared_ptr<ModuleCode> code;
  };

  /// Frames of other modules are left out. `interval_ns` is how often samples will be taken.
  GuestProfile(std::string name, u64 interval_ns, std::vector<NamedModule> modules);

  /// What the stack is now (innermost frame first); `cpu_ns` of processor time after the last one.
  void add(const std::vector<interp::StackFrame>& stack, u64 cpu_ns);
  std::string json() const;

 private:
  static constexpr u32 kNone = ~u32{0};
  struct Frame {
    u32 func = 0;
    u32 offset = 0;  // in the module's binary
    auto operator<=>(const Frame&) const = default;
  };
  struct Func {
    u32 name = 0, module = 0;
  };
  struct Stack {
    u32 prefix = kNone, frame = 0;
    auto operator<=>(const Stack&) const = default;
  };
  struct Sample {
    u32 stack = kNone;
    u64 time_ns = 0, cpu_ns = 0;
  };

  u32 text(std::string_view text);
  u32 func_of(u32 module, u32 func_index);
  u32 module_of(const ModuleCode* code) const;

  std::string name_;
  u64 interval_ns_, start_ns_, started_at_ms_;
  std::vector<NamedModule> modules_;
  std::vector<std::string> texts_;
  std::unordered_map<std::string, u32> text_ids_;
  std::vector<Func> funcs_;
  std::map<std::pair<u32, u32>, u32> func_ids_;
  std::vector<Frame> frames_;
  std::map<Frame, u32> frame_ids_;
  std::vector<Stack> stacks_;
  std::map<Stack, u32> stack_ids_;
  std::vector<Sample> samples_;
};

}  // namespace wazuka
