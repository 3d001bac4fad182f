// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/core/utf8.h"

#include "base/ints.h"

namespace wazuka::wasi {

bool is_utf8(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    u8 lead = static_cast<u8>(text[i++]);
    if (lead < 0x80) continue;
    if (lead < 0xc2 || lead > 0xf4) return false;
    size_t more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    if (text.size() - i < more) return false;
    u8 low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    u8 high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    for (; more > 0; --more) {
      u8 next = static_cast<u8>(text[i++]);
      if (next < low || next > high) return false;
      low = 0x80;
      high = 0xbf;
    }
  }
  return true;
}

}  // namespace wazuka::wasi
