// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "asm/code_buffer.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <cstring>

#include "base/out_of_memory.h"

namespace wazuka::assembly {

static constexpr u32 kFirstCapacity = 4096;

CodeBuffer::CodeBuffer(u32 max_bytes) : max_bytes_(std::min(max_bytes, kMaxBytes)) {
  capacity_ = std::min(kFirstCapacity, max_bytes_ + kSlack);
  bytes_ = static_cast<u8*>(std::malloc(capacity_));
  if (bytes_ == nullptr) out_of_memory();  // nothing could be emitted, not even harmlessly
  reset();
}

CodeBuffer::~CodeBuffer() {
  std::free(bytes_);
}

void CodeBuffer::reset() {
  cursor_ = bytes_;
  last_begin_ = bytes_ + capacity_ - kSlack;
  failure_ = Failure::kNone;
  open_labels_ = 0;
  sites_.clear();
}

// Makes room for `bytes` more, or notes the failure and starts again at the beginning.
[[gnu::cold, gnu::noinline]] WAZUKA_PRESERVE_MOST void CodeBuffer::make_room(u32 bytes) {
  u32 used = offset();
  if (used > max_bytes_ || bytes > max_bytes_ - used) return fail(Failure::kTooLarge);
  u64 wanted = std::max(u64{capacity_} * 2, u64{used} + bytes + kSlack);
  wanted = std::min(wanted, u64{max_bytes_} + kSlack);
  void* grown = std::realloc(bytes_, wanted);
  if (grown == nullptr) return fail(Failure::kOutOfMemory);
  bytes_ = static_cast<u8*>(grown);
  capacity_ = static_cast<u32>(wanted);
  cursor_ = bytes_ + used;
  last_begin_ = bytes_ + capacity_ - kSlack;
}

// The first failure is the one to report. Emitting goes on in the memory that is there.
void CodeBuffer::fail(Failure why) {
  if (failure_ == Failure::kNone) failure_ = why;
  if (why != Failure::kShortJumpTooFar) cursor_ = bytes_;
}

void CodeBuffer::append(std::span<const u8> bytes) {
  if (bytes.size() > kMaxBytes) return fail(Failure::kTooLarge);
  u32 size = static_cast<u32>(bytes.size());
  if (size > capacity_ - offset()) make_room(size);
  if (failure_ != Failure::kNone && size > capacity_ - offset()) return;
  if (size != 0) std::memcpy(cursor_, bytes.data(), size);
  cursor_ += size;
}

void CodeBuffer::append_u32(u32 word) {
  u8 bytes[4];
  std::memcpy(bytes, &word, 4);
  append(bytes);
}

void CodeBuffer::patch_u8(u32 at, u8 byte) {
  if (failure_ != Failure::kNone) return;
  assert(at < offset());
  bytes_[at] = byte;
}

void CodeBuffer::patch_u32(u32 at, u32 word) {
  if (failure_ != Failure::kNone) return;
  assert(at + 4 <= offset());
  std::memcpy(bytes_ + at, &word, 4);
}

u32 CodeBuffer::read_u32(u32 at) const {
  u32 word;
  std::memcpy(&word, bytes_ + at, 4);
  return word;
}

void CodeBuffer::bind(Label& label) {
  assert(!label.is_bound());
  u32 here = offset();
  if (label.is_linked()) --open_labels_;
  if (failure_ == Failure::kNone) {
    patch_list_far(label.far_, here);
    patch_list_near(label.near_, here);
  }
  label.far_ = label.near_ = 0;
  label.position_ = here;
}

void CodeBuffer::patch_list_far(u32 field, u32 target) {
  while (field != 0) {
    u32 entry = read_u32(field);
    u32 end = field + 4 + (entry & 7);
    patch_u32(field, target - end);
    field = entry >> 3;
  }
}

void CodeBuffer::patch_list_near(u32 field, u32 target) {
  while (field != 0) {
    u32 older = bytes_[field];
    u32 distance = target - (field + 1);
    if (distance > 127) return fail(Failure::kShortJumpTooFar);
    bytes_[field] = static_cast<u8>(distance);
    field = older == 0 ? 0 : field - older;
  }
}

void CodeBuffer::refer_far(Label& label, u32 field, u32 trailing) {
  assert(trailing < 8);
  if (failure_ != Failure::kNone) return;
  if (label.is_bound()) return patch_u32(field, label.position_ - (field + 4 + trailing));
  if (!label.is_linked()) ++open_labels_;
  patch_u32(field, label.far_ << 3 | trailing);
  label.far_ = field;
}

void CodeBuffer::refer_near(Label& label, u32 field) {
  if (failure_ != Failure::kNone) return;
  if (label.is_bound()) {
    u32 distance = label.position_ - (field + 1);
    if (distance != static_cast<u32>(static_cast<i8>(distance))) {
      return fail(Failure::kShortJumpTooFar);
    }
    return patch_u8(field, static_cast<u8>(distance));
  }
  if (!label.is_linked()) ++open_labels_;
  u32 older = label.near_ == 0 ? 0 : field - label.near_;
  if (older > 127) return fail(Failure::kShortJumpTooFar);
  patch_u8(field, static_cast<u8>(older));
  label.near_ = field;
}

}  // namespace wazuka::assembly
