// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/error_text.h"

namespace wazuka {

std::string error_text(const Error& error) {
  std::string text = error.message;
  if (error.causes.empty()) return text;
  text += "\n\nCaused by:\n";
  for (size_t i = 0; i < error.causes.size(); ++i) {
    text += "    ";
    if (error.causes.size() > 1) text += std::to_string(i) + ": ";
    text += error.causes[i] + "\n";
  }
  return text;
}

}  // namespace wazuka
