// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/binary_reader.h"

#include "base/utf8.h"
#include "wasm/limits.h"

namespace wazuka {
namespace {

// Bytes of the type grammar (spec 5.3).
constexpr u8 kRefNullByte = 0x63, kRefByte = 0x64, kSharedByte = 0x65, kExactByte = 0x62;

/// The abstract heap type of a byte, or kBottom.
HeapType abstract_heap_type(u8 byte) {
  switch (byte) {
    case 0x68: return HeapType::kCont;
    case 0x69: return HeapType::kExn;
    case 0x6a: return HeapType::kArray;
    case 0x6b: return HeapType::kStruct;
    case 0x6c: return HeapType::kI31;
    case 0x6d: return HeapType::kEq;
    case 0x6e: return HeapType::kAny;
    case 0x6f: return HeapType::kExtern;
    case 0x70: return HeapType::kFunc;
    case 0x71: return HeapType::kNone;
    case 0x72: return HeapType::kNoExtern;
    case 0x73: return HeapType::kNoFunc;
    case 0x74: return HeapType::kNoExn;
    case 0x75: return HeapType::kNoCont;
    default: return HeapType::kBottom;
  }
}

}  // namespace

void BinaryReader::fail_at(u32 offset, std::string message) {
  pc_ = end_;
  if (failed_) return;
  failed_ = true;
  error_ = Error{std::move(message), offset, {}};
}

void BinaryReader::fail_at(u32 offset, std::initializer_list<TextPart> parts) {
  fail_at(offset, join(parts));
}

void BinaryReader::invalid_leading_byte(u8 byte, const char* what) {
  fail_at(position() - 1, {"invalid leading byte (0x", Hex{byte}, ") for ", what});
}

void BinaryReader::unexpected_end() {
  fail_at(position(), "unexpected end-of-file");
}

u32 BinaryReader::read_u32_long() {
  // Linkers leave indices of five bytes in what they were to relocate.
  if (WAZUKA_LIKELY(remaining() >= 5)) {
    u32 value = 0;
    for (u32 i = 0; i < 4; ++i) {
      value |= (pc_[i] & 0x7fu) << (7 * i);
      if (pc_[i] < 0x80) return pc_ += i + 1, value;
    }
    if (pc_[4] <= 0x0f) return value |= u32{pc_[4]} << 28, pc_ += 5, value;
  }
  u32 result = 0;
  for (u32 shift = 0;; shift += 7) {
    if (pc_ >= end_) return unexpected_end(), 0;
    u8 byte = *pc_++;
    result |= static_cast<u32>(byte & 0x7f) << shift;
    if (shift == 28 && byte > 0x0f) {
      fail_at(position() - 1, byte & 0x80 ? "invalid var_u32: integer representation too long"
                                          : "invalid var_u32: integer too large");
      return 0;
    }
    if ((byte & 0x80) == 0) return result;
  }
}

u64 BinaryReader::read_u64_long() {
  u64 result = 0;
  for (u32 shift = 0;; shift += 7) {
    if (pc_ >= end_) return unexpected_end(), 0;
    u8 byte = *pc_++;
    result |= static_cast<u64>(byte & 0x7f) << shift;
    if (shift == 63 && byte > 0x01) {
      fail_at(position() - 1, byte & 0x80 ? "invalid var_u64: integer representation too long"
                                          : "invalid var_u64: integer too large");
      return 0;
    }
    if ((byte & 0x80) == 0) return result;
  }
}

i32 BinaryReader::read_s32_long() {
  u32 result = 0;
  for (u32 shift = 0;; shift += 7) {
    if (pc_ >= end_) return unexpected_end(), 0;
    u8 byte = *pc_++;
    result |= static_cast<u32>(byte & 0x7f) << shift;
    if (shift == 28) {  // four bits are left: the unused ones must repeat the sign
      u8 high = byte & 0x78;
      if ((byte & 0x80) == 0 && (high == 0 || high == 0x78)) return static_cast<i32>(result);
      fail_at(position() - 1, byte & 0x80 ? "invalid var_i32: integer representation too long"
                                          : "invalid var_i32: integer too large");
      return 0;
    }
    if ((byte & 0x80) == 0) return static_cast<i32>(result << (25 - shift)) >> (25 - shift);
  }
}

i64 BinaryReader::read_s64_long() {
  u64 result = 0;
  for (u32 shift = 0;; shift += 7) {
    if (pc_ >= end_) return unexpected_end(), 0;
    u8 byte = *pc_++;
    result |= static_cast<u64>(byte & 0x7f) << shift;
    if (shift == 63) {  // one bit is left
      if (byte == 0 || byte == 0x7f) return static_cast<i64>(result);
      fail_at(position() - 1, byte & 0x80 ? "invalid var_i64: integer representation too long"
                                          : "invalid var_i64: integer too large");
      return 0;
    }
    if ((byte & 0x80) == 0) return static_cast<i64>(result << (57 - shift)) >> (57 - shift);
  }
}

i64 BinaryReader::read_s33() {
  u64 result = 0;
  for (u32 shift = 0;; shift += 7) {
    if (pc_ >= end_) return unexpected_end(), 0;
    u8 byte = *pc_++;
    result |= static_cast<u64>(byte & 0x7f) << shift;
    if (shift == 28) {  // five bits are left
      u8 high = byte & 0x70;
      if ((byte & 0x80) == 0 && (high == 0 || high == 0x70)) {
        return static_cast<i64>(result << 29) >> 29;
      }
      fail_at(position() - 1, "invalid var_s33: integer representation too long");
      return 0;
    }
    if ((byte & 0x80) == 0) return static_cast<i64>(result << (57 - shift)) >> (57 - shift);
  }
}

ByteRange BinaryReader::read_range() {
  u32 size = read_u32();
  u32 offset = position();
  if (read_bytes(size) == nullptr) return {};
  return {offset, size};
}

std::string_view BinaryReader::read_name() {
  u32 size = read_u32();
  if (size > limits::kMaxNameBytes) {
    fail_at(position() - 1, "string size out of bounds");
    return {};
  }
  const u8* bytes = read_bytes(size);
  if (bytes == nullptr) return {};
  if (!is_valid_utf8({bytes, size})) {
    fail_at(position() - 1, "malformed UTF-8 encoding");
    return {};
  }
  return {reinterpret_cast<const char*>(bytes), size};
}

u32 BinaryReader::read_count(u32 limit, const char* what) {
  u32 offset = position();
  u32 count = read_u32();
  if (count <= limit) return count;
  fail_at(offset, {what, " size is out of bounds"});
  return 0;
}

HeapType BinaryReader::read_abstract_heap_type(const char* message) {
  u8 byte = read_u8();
  HeapType type = abstract_heap_type(byte);
  if (type == HeapType::kBottom) fail_at(position() - 1, message);
  return type;
}

HeapType BinaryReader::read_heap_type(bool* exact) {
  *exact = false;
  if (at_end()) return unexpected_end(), HeapType();
  if (*pc_ == kExactByte) {
    ++pc_;
    *exact = true;
    u32 index = read_u32();
    if (index >= HeapType::kAbstractBase) {
      fail_at(position(), "type index greater than implementation limits");
      return {};
    }
    return HeapType::index(index);
  }
  if ((*pc_ & 0xc0) == 0x40) {  // a negative number of one byte
    if (*pc_ == kSharedByte) {
      fail_at(position(), "shared reference types require the shared-everything-threads proposal");
      return {};
    }
    return read_abstract_heap_type("invalid heap type");
  }
  u32 start = position();
  i64 index = read_s33();
  if (index < 0) fail_at(start, "invalid heap type");
  if (index >= HeapType::kAbstractBase) {
    fail_at(position(), "type index greater than implementation limits");
  }
  return failed() ? HeapType() : HeapType::index(static_cast<u32>(index));
}

ValType BinaryReader::read_ref_type() {
  if (at_end()) return unexpected_end(), ValType();
  switch (*pc_) {
    case kRefNullByte:
    case kRefByte: {
      bool nullable = *pc_++ == kRefNullByte;
      bool exact;
      HeapType heap = read_heap_type(&exact);
      return ValType::ref(heap, nullable, exact);
    }
    case kExactByte: return fail_at(position(), "unexpected exact type"), ValType();
    case kSharedByte:
      fail_at(position(), "shared reference types require the shared-everything-threads proposal");
      return {};
    default: return ValType::ref(read_abstract_heap_type("malformed reference type"), true);
  }
}

ValType BinaryReader::read_val_type() {
  if (at_end()) return unexpected_end(), ValType();
  switch (*pc_) {
    case 0x7f: return ++pc_, kI32;
    case 0x7e: return ++pc_, kI64;
    case 0x7d: return ++pc_, kF32;
    case 0x7c: return ++pc_, kF64;
    case 0x7b: return ++pc_, kV128;
    default: break;
  }
  bool abstract = abstract_heap_type(*pc_) != HeapType::kBottom;
  bool prefixed =
      *pc_ == kRefNullByte || *pc_ == kRefByte || *pc_ == kExactByte || *pc_ == kSharedByte;
  if (abstract || prefixed) return read_ref_type();
  fail_at(position(), "invalid value type");
  return {};
}

StorageType BinaryReader::read_storage_type() {
  if (!at_end() && *pc_ == 0x78) return ++pc_, StorageType{kI32, StorageType::kI8};
  if (!at_end() && *pc_ == 0x77) return ++pc_, StorageType{kI32, StorageType::kI16};
  return {read_val_type(), StorageType::kNotPacked};
}

BlockType BinaryReader::read_block_type() {
  if (at_end()) return unexpected_end(), BlockType();
  if (*pc_ == 0x40) return ++pc_, BlockType();
  if ((*pc_ & 0xc0) == 0x40) return {BlockType::kValue, read_val_type(), 0};
  i64 index = read_s33();
  if (index < 0) {
    fail_at(position(), "invalid function type");
    return {};
  }
  return {BlockType::kFuncType, {}, static_cast<u32>(index)};
}

}  // namespace wazuka
