// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wat/text_output.h"

#include <bit>
#include <charconv>

namespace wazuka::wat {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

void append_byte(std::string& out, u8 byte) {
  out += '\\';
  out += kHexDigits[byte >> 4];
  out += kHexDigits[byte & 15];
}

/// The short escapes, and hexadecimal for other bytes that a string literal cannot show.
void append_escaped(std::string& out, char c) {
  switch (c) {
    case '\t': out += "\\t"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    default: break;
  }
  u8 byte = static_cast<u8>(c);
  byte >= 0x20 && byte < 0x7f ? void(out += c) : append_byte(out, byte);
}

/// Characters that are not seen, or that change how others are.
bool is_invisible(u32 c) {
  return (c >= 0x80 && c < 0xa0) || c == 0xad || (c >= 0x200b && c <= 0x200f) ||
         (c >= 0x2028 && c <= 0x202f) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

void append_utf8_string(std::string& out, std::string_view text) {
  out += '"';
  for (size_t i = 0; i < text.size();) {
    u8 lead = static_cast<u8>(text[i]);
    if (lead < 0x80) {
      append_escaped(out, text[i++]);
      continue;
    }
    size_t size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    u32 c = lead & (0x7fu >> size);
    for (size_t k = 1; k < size; ++k) c = c << 6 | (static_cast<u8>(text[i + k]) & 0x3f);
    if (is_invisible(c)) {
      char digits[8];
      char* end = std::to_chars(digits, digits + sizeof(digits), c, 16).ptr;
      out += "\\u{";
      out.append(digits, end);
      out += '}';
    } else {
      out += text.substr(i, size);
    }
    i += size;
  }
  out += '"';
}

bool is_id_char(char c) {
  if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')) return true;
  return std::string_view("!#$%&'*+-./:<=>?@\\^_`|~").find(c) != std::string_view::npos;
}

/// `significand_bits`: without the implicit one.
template <class Float, class Bits>
void append_float(std::string& out, Bits bits, u32 significand_bits) {
  Bits significand = bits & ((Bits{1} << significand_bits) - 1);
  u32 total = sizeof(Bits) * 8;
  Bits exponent_mask = (Bits{1} << (total - 1)) - (Bits{1} << significand_bits);
  bool special = (bits & exponent_mask) == exponent_mask;
  if (special && (bits >> (total - 1)) != 0) out += '-';
  char digits[40];
  if (!special) {
    out.append(digits,
               std::to_chars(digits, digits + sizeof(digits), std::bit_cast<Float>(bits)).ptr);
  } else if (significand == 0) {
    out += "inf";
  } else {
    out += "nan";
    if (significand == Bits{1} << (significand_bits - 1)) return;
    out += ":0x";
    out.append(digits, std::to_chars(digits, digits + sizeof(digits), significand, 16).ptr);
  }
}

struct HeapText {
  std::string_view heap, ref;
};

HeapText text_of(HeapType heap) {
  switch (heap.abstract()) {
    case HeapType::kFunc: return {"func", "funcref"};
    case HeapType::kNoFunc: return {"nofunc", "nullfuncref"};
    case HeapType::kExtern: return {"extern", "externref"};
    case HeapType::kNoExtern: return {"noextern", "nullexternref"};
    case HeapType::kAny: return {"any", "anyref"};
    case HeapType::kEq: return {"eq", "eqref"};
    case HeapType::kI31: return {"i31", "i31ref"};
    case HeapType::kStruct: return {"struct", "structref"};
    case HeapType::kArray: return {"array", "arrayref"};
    case HeapType::kNone: return {"none", "nullref"};
    case HeapType::kExn: return {"exn", "exnref"};
    case HeapType::kNoExn: return {"noexn", "nullexnref"};
    case HeapType::kCont: return {"cont", "contref"};
    case HeapType::kNoCont: return {"nocont", "nullcontref"};
    case HeapType::kBottom: break;
  }
  return {"", ""};
}

}  // namespace

void TextOutput::number(u64 n) {
  char digits[24];
  buffer_.append(digits, std::to_chars(digits, digits + sizeof(digits), n).ptr);
}

void TextOutput::signed_number(i64 n) {
  char digits[24];
  buffer_.append(digits, std::to_chars(digits, digits + sizeof(digits), n).ptr);
}

void TextOutput::hex(u64 n, u32 min_digits) {
  char digits[24];
  std::string_view text(digits, std::to_chars(digits, digits + sizeof(digits), n, 16).ptr);
  if (text.size() < min_digits) buffer_.append(min_digits - text.size(), '0');
  buffer_ += text;
}

void TextOutput::f32(u32 bits) {
  append_float<float>(buffer_, bits, 23);
}

void TextOutput::f64(u64 bits) {
  append_float<double>(buffer_, bits, 52);
}

void TextOutput::name(std::string_view utf8) {
  append_utf8_string(buffer_, utf8);
  if (buffer_.size() >= kBufferBytes) flush();
}

void TextOutput::bytes(std::string_view bytes) {
  buffer_ += '"';
  for (char c : bytes) {
    append_escaped(buffer_, c);
    if (buffer_.size() >= kBufferBytes) flush();
    if (failed_) return;
  }
  buffer_ += '"';
}

void TextOutput::flush() {
  if (held_at_ != kNotHeld) return;
  if (!failed_ && !buffer_.empty()) failed_ = !write_(buffer_);
  buffer_.clear();
}

std::string identifier(std::string_view name) {
  std::string out = "$";
  for (char c : name) {
    if (is_id_char(c)) continue;
    append_utf8_string(out, name);
    return out;
  }
  return out += name;
}

std::string_view abstract_heap_text(HeapType heap) {
  return text_of(heap).heap;
}

std::string_view abstract_ref_text(HeapType heap) {
  return text_of(heap).ref;
}

}  // namespace wazuka::wat
