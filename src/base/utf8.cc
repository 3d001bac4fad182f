// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/utf8.h"

#include <cstring>

namespace wazuka {
namespace {

bool continuation(u8 b) {
  return (b & 0xc0) == 0x80;
}

/// Length of the well-formed non-ASCII sequence at p, 0 if ill-formed.
size_t sequence_length(const u8* p, size_t n) {
  u8 b = p[0];
  if (b >= 0xc2 && b <= 0xdf) return n >= 2 && continuation(p[1]) ? 2 : 0;
  if (b >= 0xe0 && b <= 0xef) {
    if (n < 3 || !continuation(p[1]) || !continuation(p[2])) return 0;
    if (b == 0xe0 && p[1] < 0xa0) return 0;   // overlong
    if (b == 0xed && p[1] >= 0xa0) return 0;  // surrogate
    return 3;
  }
  if (b >= 0xf0 && b <= 0xf4) {
    if (n < 4 || !continuation(p[1]) || !continuation(p[2]) || !continuation(p[3])) return 0;
    if (b == 0xf0 && p[1] < 0x90) return 0;   // overlong
    if (b == 0xf4 && p[1] >= 0x90) return 0;  // above U+10FFFF
    return 4;
  }
  return 0;
}

}  // namespace

bool is_valid_utf8(std::span<const u8> bytes) {
  const u8* p = bytes.data();
  size_t n = bytes.size();
  while (n > 0) {
    if (n >= 8) {  // eight ASCII bytes at once: names are almost always ASCII
      u64 word;
      std::memcpy(&word, p, 8);
      if ((word & 0x8080808080808080) == 0) {
        p += 8, n -= 8;
        continue;
      }
    }
    size_t length = *p < 0x80 ? 1 : sequence_length(p, n);
    if (length == 0) return false;
    p += length, n -= length;
  }
  return true;
}

}  // namespace wazuka
