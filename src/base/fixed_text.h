// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A short text stored inside of a constant table. A std::string_view there is a pointer, which a
// position-independent program has to relocate when it starts: tables of many texts then cost page
// faults in every run, used or not.
#pragma once

#include <string_view>

#include "base/ints.h"

namespace wazuka {

/// At most kCapacity characters; a longer literal does not compile.
template <size_t kCapacity>
class FixedText {
 public:
  static_assert(kCapacity < 256);

  template <size_t kSize>
  consteval FixedText(const char (&literal)[kSize]) : size_(static_cast<u8>(kSize - 1)) {
    static_assert(kSize - 1 <= kCapacity, "the text is longer than the table allows");
    for (size_t i = 0; i + 1 < kSize; ++i) chars_[i] = literal[i];
  }

  constexpr std::string_view view() const { return {chars_, size_}; }
  constexpr operator std::string_view() const { return view(); }

 private:
  char chars_[kCapacity + 1] = {};  // NUL-terminated
  u8 size_ = 0;
};

}  // namespace wazuka
