// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Text of the text format on its way out: pieces are gathered in a buffer of bounded size and
// handed on. Strings, numbers and types are spelled here, each in one way only, so that printing
// what was parsed from a print gives the same text.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/ints.h"
#include "wasm/types.h"

namespace wazuka::wat {

/// Takes a piece of text; false ends printing (the reader has gone, or it became too much).
using WriteText = std::function<bool(std::string_view)>;

class TextOutput {
 public:
  explicit TextOutput(WriteText write) : write_(std::move(write)) {}

  TextOutput& operator<<(std::string_view text) {
    buffer_ += text;
    if (buffer_.size() >= kBufferBytes) flush();
    return *this;
  }
  TextOutput& operator<<(char c) {
    buffer_ += c;
    return *this;
  }
  void number(u64 n);
  void signed_number(i64 n);
  void hex(u64 n, u32 min_digits = 0);
  /// Shortest decimal that is read back exactly; `nan:0x…` where the payload is not canonical.
  void f32(u32 bits);
  void f64(u64 bits);
  /// A string literal of UTF-8: readable characters as they are, all others escaped.
  void name(std::string_view utf8);
  /// A string literal of bytes.
  void bytes(std::string_view bytes);

  /// Keeps everything from here on in the buffer, until `release`; `take_back` forgets it again.
  void hold() { held_at_ = buffer_.size(); }
  size_t held() const { return buffer_.size() - held_at_; }
  void take_back() { buffer_.resize(held_at_), release(); }
  void release() { held_at_ = kNotHeld; }

  /// Hands on what is there. Afterwards, or when the buffer was full, failed() may be true.
  void flush();
  bool failed() const { return failed_; }

 private:
  static constexpr size_t kBufferBytes = 64 * 1024;
  static constexpr size_t kNotHeld = ~size_t{0};

  WriteText write_;
  std::string buffer_;
  size_t held_at_ = kNotHeld;
  bool failed_ = false;
};

/// `name` as an identifier with its `$`, quoted where needed. Precondition: not empty, UTF-8.
std::string identifier(std::string_view name);

/// The keyword of an abstract heap type: "func", "none" …
std::string_view abstract_heap_text(HeapType heap);
/// The one-word form of a nullable reference to it: "funcref", "nullref" …
std::string_view abstract_ref_text(HeapType heap);

}  // namespace wazuka::wat
