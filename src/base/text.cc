// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/text.h"

#include <charconv>

namespace wazuka {

void TextPart::append_to(std::string& out) const {
  if (base_ == 0) {
    out += text_;
    return;
  }
  char digits[24];
  auto end = std::to_chars(digits, digits + sizeof(digits), number_, static_cast<int>(base_)).ptr;
  out.append(digits, end);
}

std::string join(std::initializer_list<TextPart> parts) {
  std::string out;
  for (const TextPart& part : parts) part.append_to(out);
  return out;
}

}  // namespace wazuka
