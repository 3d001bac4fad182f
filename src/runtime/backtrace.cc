// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/backtrace.h"

#include <cinttypes>
#include <cstdio>

#include "debug/frame_text.h"
#include "runtime/module_code.h"

namespace wazuka {

namespace {

constexpr const char* kHint =
    "\nnote: using the `WASMTIME_BACKTRACE_DETAILS=1` environment variable may show more debugging "
    "information";

/// The function of a frame, with its source position if that is known.
std::string function_text(const interp::StackFrame& frame, bool sources) {
  ModuleCode& module = *frame.module;
  std::string name = module.func_name(frame.func_index);
  if (sources && frame.offset != ~u32{0}) {
    std::vector<debug::SourceFrame> found = module.source_frames(frame.offset);
    if (!found.empty()) return debug::frame_text(found, name);
  }
  return module.module_name() + "!" + name;
}

}  // namespace

std::string backtrace_text(const std::vector<interp::StackFrame>& frames, BacktraceStyle style) {
  if (frames.empty()) return {};
  std::string text = "error while executing at wasm backtrace:";
  bool hint = false;
  char head[48];
  for (size_t i = 0; i < frames.size(); ++i) {
    const interp::StackFrame& frame = frames[i];
    std::snprintf(head, sizeof head, "\n  %3zu: ", i);
    text += head;
    if (style.offsets && frame.offset != ~u32{0}) {
      std::snprintf(head, sizeof head, "%#8x - ", frame.offset);
      text += head;
    }
    text += function_text(frame, style.sources);
    hint |= !style.sources && debug::has_debug_sections(frame.module->module());
  }
  if (hint) text += kHint;
  return text;
}

std::string fault_message(u64 address, u64 memory_size) {
  char text[128];
  std::snprintf(text, sizeof text,
                "memory fault at wasm address %#" PRIx64 " in linear memory of size %#" PRIx64,
                address, memory_size);
  return text;
}

}  // namespace wazuka
