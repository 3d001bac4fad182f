// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A cursor over a range of a binary: the grammar of values and types (spec 5.2 and 5.3), shared by
// the module reader and the body decoder.
//
// Errors: the first one is kept with its byte offset, and the cursor jumps to the end of its range,
// so that loops of the form `while (!at_end())` stop without testing for failure after every read.
// Every read after a failure returns zero. Nothing is allocated unless a read fails.
#pragma once

#include <span>
#include <string_view>

#include "base/compiler.h"
#include "base/error.h"
#include "base/text.h"
#include "wasm/module.h"
#include "wasm/types.h"

namespace wazuka {

/// The immediate of structured control instructions: nothing, one value type, or a type index.
struct BlockType {
  enum Kind : u8 { kEmpty, kValue, kFuncType } kind = kEmpty;
  ValType value;  // kValue
  u32 index = 0;  // kFuncType
};

class BinaryReader {
 public:
  /// Reads module[range]; offsets in errors count from the start of `module`.
  BinaryReader(std::span<const u8> module, ByteRange range)
      : base_(module.data()),
        pc_(module.data() + range.offset),
        end_(module.data() + range.offset + range.size) {}

  bool at_end() const { return pc_ >= end_; }
  bool failed() const { return failed_; }
  size_t remaining() const { return static_cast<size_t>(end_ - pc_); }
  u32 position() const { return static_cast<u32>(pc_ - base_); }
  const Error& error() const { return error_; }
  Error take_error() { return std::move(error_); }

  WAZUKA_ALWAYS_INLINE u8 read_u8() {
    if (WAZUKA_LIKELY(pc_ < end_)) return *pc_++;
    return unexpected_end(), 0;
  }
  WAZUKA_ALWAYS_INLINE u32 read_u32() {
    if (WAZUKA_LIKELY(pc_ < end_ && *pc_ < 0x80)) return *pc_++;
    return read_u32_long();
  }
  /// As read_u32, with two bytes inline as well: for indices that are often above 127.
  WAZUKA_ALWAYS_INLINE u32 read_u32_short() {
    if (WAZUKA_LIKELY(remaining() >= 2)) {
      u32 low = pc_[0], high = pc_[1];
      if (low < 0x80) return ++pc_, low;
      if (high < 0x80) return pc_ += 2, (low & 0x7f) | high << 7;
    }
    return read_u32_long();
  }
  WAZUKA_ALWAYS_INLINE u64 read_u64() {
    if (WAZUKA_LIKELY(pc_ < end_ && *pc_ < 0x80)) return *pc_++;
    return read_u64_long();
  }
  WAZUKA_ALWAYS_INLINE i32 read_s32() {
    if (WAZUKA_LIKELY(pc_ < end_ && *pc_ < 0x80)) return sign_extend7(*pc_++);
    return read_s32_long();
  }
  WAZUKA_ALWAYS_INLINE i64 read_s64() {
    if (WAZUKA_LIKELY(pc_ < end_ && *pc_ < 0x80)) return sign_extend7(*pc_++);
    return read_s64_long();
  }
  i64 read_s33();

  /// n bytes in place, or nullptr after an error.
  const u8* read_bytes(size_t n) {
    if (WAZUKA_LIKELY(n <= remaining())) return pc_ += n, pc_ - n;
    return unexpected_end(), nullptr;
  }
  /// A length-prefixed range.
  ByteRange read_range();
  /// A length-prefixed UTF-8 string of at most limits::kMaxNameBytes bytes.
  std::string_view read_name();
  /// A vector's length, at most `limit`; `what` names it in the error.
  u32 read_count(u32 limit, const char* what);

  // Types, syntactically: whether features and the type index space allow them is check_val_type's
  // business (type_checks.h).
  ValType read_val_type();
  ValType read_ref_type();
  HeapType read_heap_type(bool* exact);
  StorageType read_storage_type();
  BlockType read_block_type();

  /// Records the first error and ends reading.
  WAZUKA_COLD void fail_at(u32 offset, std::string message);
  WAZUKA_COLD void fail_at(u32 offset, std::initializer_list<TextPart> parts);
  /// "invalid leading byte (0x…) for …", about the byte just read.
  WAZUKA_COLD void invalid_leading_byte(u8 byte, const char* what);
  WAZUKA_COLD void unexpected_end();

 protected:
  static constexpr i32 sign_extend7(u8 b) {
    return static_cast<i32>(static_cast<u32>(b) << 25) >> 25;
  }

  const u8* base_;
  const u8* pc_;
  const u8* end_;
  bool failed_ = false;

 private:
  [[gnu::noinline]] u32 read_u32_long();
  [[gnu::noinline]] u64 read_u64_long();
  [[gnu::noinline]] i32 read_s32_long();
  [[gnu::noinline]] i64 read_s64_long();
  HeapType read_abstract_heap_type(const char* message);

  Error error_;
};

}  // namespace wazuka
