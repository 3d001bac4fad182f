// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The bytes of the code that is being made, the labels in it, and notes about places in it.
//
// Emitting an instruction costs one comparison with the end of the buffer, whatever its length: an
// instruction begins with begin(), which leaves room for the longest one and for stores that write
// more bytes than count, and ends with end(). Memory is kept from one function to the next.
//
// Failures (code larger than the limit, no memory, a short jump that had to go far) do not
// interrupt whoever emits; they are kept and must be asked for at the end. After one the buffer
// goes round in the memory it has: the bytes are then meaningless, and label lists are no longer
// followed.
#pragma once

#include <span>
#include <vector>

#include "asm/label.h"
#include "base/ints.h"

// The rare call on the way of every instruction must not cost registers there.
#if defined(__clang__)
#define WAZUKA_PRESERVE_MOST [[clang::preserve_most]]
#else
#define WAZUKA_PRESERVE_MOST
#endif

namespace wazuka::assembly {

/// A note about a place in the code: a relocation to be done when the code is placed, an
/// instruction that may trap, a return address. What kinds there are, and what a payload means, is
/// up to the compiler.
struct Site {
  u32 offset;
  u32 kind;
  u64 payload;

  friend bool operator==(const Site&, const Site&) = default;
};

class CodeBuffer {
 public:
  enum class Failure : u8 { kNone, kTooLarge, kOutOfMemory, kShortJumpTooFar };

  /// Offsets, and the distances of jumps, stay far below 2^31; label lists need 29 bits.
  static constexpr u32 kMaxBytes = u32{1} << 28;
  /// Room that begin() leaves: the longest instruction is 15 bytes long, and stores may go 8
  /// further.
  static constexpr u32 kSlack = 32;

  /// Code of more than `max_bytes` (at most kMaxBytes) is a failure.
  explicit CodeBuffer(u32 max_bytes = kMaxBytes);
  ~CodeBuffer();
  CodeBuffer(const CodeBuffer&) = delete;
  CodeBuffer& operator=(const CodeBuffer&) = delete;

  /// Where the next instruction goes; kSlack bytes may be written there.
  u8* begin() {
    if (cursor_ > last_begin_) [[unlikely]]
      make_room(kSlack);
    return cursor_;
  }
  /// The instruction ends before `p`.
  void end(u8* p) { cursor_ = p; }

  /// Offset of the next instruction from the beginning of the code.
  u32 offset() const { return static_cast<u32>(cursor_ - bytes_); }

  void append(std::span<const u8> bytes);
  void append_u8(u8 byte) { append({&byte, 1}); }
  void append_u32(u32 word);

  /// Overwrites bytes within the code.
  void patch_u8(u32 at, u8 byte);
  void patch_u32(u32 at, u32 word);

  // ---- labels ----

  /// The label is here. It must not be bound already.
  void bind(Label& label);

  /// The 32-bit field at `field`, `trailing` bytes (0 to 7) before the end of its instruction, is
  /// the distance from the end of the instruction to the label.
  void refer_far(Label& label, u32 field, u32 trailing = 0);

  /// The same of an 8-bit field at the end of its instruction.
  void refer_near(Label& label, u32 field);

  // ---- notes ----

  void note(u32 kind, u64 payload) { note_at(offset(), kind, payload); }
  void note_at(u32 offset, u32 kind, u64 payload) { sites_.push_back({offset, kind, payload}); }
  /// In the order of noting; offsets ascend unless note_at was given others.
  std::span<const Site> sites() const { return sites_; }

  // ---- results ----

  std::span<const u8> bytes() const { return {bytes_, offset()}; }
  Failure failure() const { return failure_; }
  /// Labels that were referred to and not bound: zero in finished code.
  u32 open_labels() const { return open_labels_; }

  /// Empty again; keeps its memory.
  void reset();

 private:
  WAZUKA_PRESERVE_MOST void make_room(u32 bytes);
  void fail(Failure why);
  void patch_list_far(u32 field, u32 target);
  void patch_list_near(u32 field, u32 target);
  u32 read_u32(u32 at) const;

  u8* cursor_ = nullptr;
  u8* last_begin_ = nullptr;  // the last place that has kSlack bytes of room
  u8* bytes_ = nullptr;
  u32 capacity_ = 0;
  u32 max_bytes_;
  u32 open_labels_ = 0;
  Failure failure_ = Failure::kNone;
  std::vector<Site> sites_;
};

}  // namespace wazuka::assembly
