// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/frame_text.h"

#include "debug/demangle.h"

namespace wazuka::debug {

std::string frame_text(std::span<const SourceFrame> frames, std::string_view function) {
  std::string out;
  for (size_t i = 0; i < frames.size(); ++i) {
    const SourceFrame& f = frames[i];
    if (i > 0) out += "\n                - ";
    if (!f.function.empty()) {
      out += demangle(f.function);
    } else {
      out += i == 0 ? function : "<inlined function>";
    }
    if (f.file.empty()) continue;
    out += "\n                    at " + f.file;
    if (!f.line) continue;
    out += ":" + std::to_string(*f.line);
    if (f.column) out += ":" + std::to_string(*f.column);
  }
  return out;
}

}  // namespace wazuka::debug
