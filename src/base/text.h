// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Builds messages from pieces without a formatting library, so that headers full of templates can
// report errors with one small call each: `join({"unknown local ", index})`.
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/ints.h"

namespace wazuka {

/// A number to be written in hexadecimal without a prefix.
struct Hex {
  u64 value;
};

/// A piece of a message: text or a number.
class TextPart {
 public:
  TextPart(std::string_view text) : text_(text) {}
  TextPart(const char* text) : text_(text) {}
  TextPart(const std::string& text) : text_(text) {}
  template <std::unsigned_integral T>
  TextPart(T number) : number_(number), base_(10) {}
  TextPart(Hex hex) : number_(hex.value), base_(16) {}
  void append_to(std::string& out) const;

 private:
  std::string_view text_;
  u64 number_ = 0;
  u32 base_ = 0;  // 0: text
};

std::string join(std::initializer_list<TextPart> parts);

}  // namespace wazuka
