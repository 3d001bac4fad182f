// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The texts of a constant table as one character array with offsets. An array of std::string_view
// would be an array of pointers, which a position-independent program relocates at every start;
// FixedText (fixed_text.h) fits texts of about equal lengths, this fits sentences.
//
//   constexpr char kTexts[] = "first\0" "second\0";
//   constexpr auto kOffsets = text_offsets<2>(kTexts);
//   text_at(kTexts, kOffsets, 1)  // "second"
#pragma once

#include <array>
#include <string_view>

#include "base/ints.h"

namespace wazuka {

/// Not defined: reaching a call at compile time is an error.
void wrong_number_of_texts();

/// Where each of the `kCount` NUL-terminated texts begins, and where the last one ends.
template <size_t kCount, size_t kSize>
consteval std::array<u16, kCount + 1> text_offsets(const char (&texts)[kSize]) {
  static_assert(kSize <= 0xffff);
  std::array<u16, kCount + 1> offsets{};
  size_t at = 0;
  for (size_t i = 0; i < kCount; ++i) {
    while (texts[at] != 0) ++at;
    offsets[i + 1] = static_cast<u16>(++at);
  }
  // The literal's own NUL is behind the last text's: another length means a text is missing.
  if (at + 1 != kSize) wrong_number_of_texts();
  return offsets;
}

template <size_t kOffsets>
constexpr std::string_view text_at(const char* texts, const std::array<u16, kOffsets>& offsets,
                                   size_t index) {
  return {texts + offsets[index], static_cast<size_t>(offsets[index + 1] - offsets[index] - 1)};
}

}  // namespace wazuka
