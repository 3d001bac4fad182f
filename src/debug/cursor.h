// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reads little-endian data from bytes that nobody has checked.
//
// Errors stick: a read past the end, or of a malformed number, gives 0, moves to the end and clears
// `ok()`, and so does every read after it. A loop that ends at `at_end()` therefore ends, and code
// that reads a record looks at `ok()` once.
#pragma once

#include <cstring>
#include <span>
#include <string_view>

#include "base/ints.h"

namespace wazuka::debug {

class Cursor {
 public:
  Cursor() = default;
  /// Starts at `pos`; a start beyond the end is an error.
  explicit Cursor(std::span<const u8> bytes, u64 pos = 0) : bytes_(bytes) { seek(pos); }

  bool ok() const { return ok_; }
  bool at_end() const { return pos_ == bytes_.size(); }
  size_t pos() const { return pos_; }
  size_t remaining() const { return bytes_.size() - pos_; }

  void seek(u64 pos) {
    if (pos > bytes_.size()) return fail();
    pos_ = static_cast<size_t>(pos);
  }
  void skip(u64 n) {
    if (n > remaining()) return fail();
    pos_ += static_cast<size_t>(n);
  }
  void fail() {
    ok_ = false;
    pos_ = bytes_.size();
  }

  u8 byte() { return static_cast<u8>(fixed(1)); }
  u16 u16le() { return static_cast<u16>(fixed(2)); }
  u32 u32le() { return static_cast<u32>(fixed(4)); }
  u64 u64le() { return fixed(8); }

  /// An unsigned number of `size` ≤ 8 bytes.
  u64 fixed(u32 size) {
    if (!ok_ || size > remaining()) {
      fail();
      return 0;
    }
    u64 n = 0;
    for (u32 i = 0; i < size; ++i) n |= u64{bytes_[pos_ + i]} << (8 * i);
    pos_ += size;
    return n;
  }

  /// LEB128; bits above the 64th are dropped, as all readers of DWARF do.
  u64 uleb() { return leb().value; }
  i64 sleb() {
    const Leb n = leb();
    const u64 sign = n.shift < 64 && (n.last & 0x40) != 0 ? ~u64{0} << n.shift : 0;
    return static_cast<i64>(n.value | sign);
  }

  /// Up to a NUL byte, which is skipped.
  std::string_view c_str() {
    const void* nul = remaining() == 0 ? nullptr : std::memchr(&bytes_[pos_], 0, remaining());
    if (nul == nullptr) {
      fail();
      return {};
    }
    const char* start = reinterpret_cast<const char*>(&bytes_[pos_]);
    const auto size = static_cast<size_t>(static_cast<const char*>(nul) - start);
    pos_ += size + 1;
    return {start, size};
  }

 private:
  struct Leb {
    u64 value = 0;
    u32 shift = 0;  // bits read, at most 70
    u8 last = 0;
  };
  Leb leb() {
    Leb n;
    do {
      n.last = byte();
      if (n.shift < 64) {
        n.value |= u64{n.last & 0x7fu} << n.shift;
        n.shift += 7;
      }
    } while ((n.last & 0x80) != 0);
    return n;
  }

  std::span<const u8> bytes_;
  size_t pos_ = 0;
  bool ok_ = true;
};

}  // namespace wazuka::debug
