// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wat/cursor.h"

#include "base/utf8.h"
#include "wat/number.h"

namespace wazuka::wat {

bool Cursor::at_annotation(std::string_view name) const {
  if (!at_annotation()) return false;
  std::string_view text = spelling(ahead_).substr(1);
  if (!ahead_.has(Token::kQuoted)) return text == name;
  std::string decoded;
  append_unescaped(text.substr(1, text.size() - 2), decoded);
  return decoded == name;
}

bool Cursor::expect(Keyword k) {
  if (take(k)) return true;
  return fail("expected keyword `" + std::string(keyword_text(k)) + "`");
}

bool Cursor::expect_next_list() {
  if (!at(TokenKind::kRParen)) return fail("expected `(`");
  advance();
  return expect_left();
}

bool Cursor::expect_id(std::string_view& out) {
  if (!at(TokenKind::kId)) return fail("expected an identifier");
  out = spelling(token_).substr(1);
  if (token_.has(Token::kQuoted)) {
    out = out.substr(1, out.size() - 2);
    if (token_.has(Token::kEscapes)) {
      std::string decoded;
      append_unescaped(out, decoded);
      if (!is_valid_utf8(bytes_of(decoded))) {
        return fail("malformed UTF-8 encoding of string-based id");
      }
      out = keep(decoded);
    }
  }
  if (out.empty()) return fail("empty identifier");
  advance();
  return true;
}

bool Cursor::expect_string(std::string& out) {
  if (!at(TokenKind::kString)) return fail("expected a string");
  std::string_view body = text().substr(token_.offset + 1, token_.size - 2);
  if (token_.has(Token::kEscapes)) {
    append_unescaped(body, out);
  } else {
    out.append(body);
  }
  advance();
  return true;
}

bool Cursor::expect_name(std::string_view& out) {
  if (!at(TokenKind::kString)) return fail("expected a string");
  out = text().substr(token_.offset + 1, token_.size - 2);
  if (token_.has(Token::kEscapes)) {
    std::string decoded;
    append_unescaped(out, decoded);
    if (!is_valid_utf8(bytes_of(decoded))) {
      return fail_at(token_.end(), "malformed UTF-8 encoding");
    }
    out = keep(decoded);
  }
  advance();
  return true;
}

bool Cursor::fail_number(const char* type) {
  std::string name = type;
  if (!at(TokenKind::kInteger)) return fail("expected a " + name);
  return fail("invalid " + name + " number: constant out of range");
}

bool Cursor::expect_unsigned(u32 bits, const char* type, u64& out) {
  if (!at(TokenKind::kInteger)) return fail_number(type);
  auto n = parse_unsigned(spelling(token_), token_.flags, bits);
  if (!n) return fail_number(type);
  out = *n;
  advance();
  return true;
}

bool Cursor::expect_u8(u8& out) {
  u64 n = 0;
  if (!expect_unsigned(8, "u8", n)) return false;
  out = static_cast<u8>(n);
  return true;
}

bool Cursor::expect_u32(u32& out) {
  u64 n = 0;
  if (!expect_unsigned(32, "u32", n)) return false;
  out = static_cast<u32>(n);
  return true;
}

bool Cursor::expect_u64(u64& out) {
  return expect_unsigned(64, "u64", out);
}

bool Cursor::expect_integer(u32 bits, u64& out) {
  auto n =
      at(TokenKind::kInteger) ? parse_integer(spelling(token_), token_.flags, bits) : std::nullopt;
  if (!n) return fail_number(bits == 8 ? "i8" : bits == 16 ? "i16" : bits == 32 ? "i32" : "i64");
  out = *n;
  advance();
  return true;
}

template <class Bits>
bool Cursor::expect_float(Bits& out) {
  if (!at(TokenKind::kInteger) && !at(TokenKind::kFloat)) return fail("expected a float");
  std::optional<Bits> bits;
  if constexpr (sizeof(Bits) == 4) {
    bits = parse_f32(spelling(token_), token_.flags);
  } else {
    bits = parse_f64(spelling(token_), token_.flags);
  }
  if (!bits) return fail("invalid float value: constant out of range");
  out = *bits;
  advance();
  return true;
}

bool Cursor::expect_f32(u32& bits) {
  return expect_float(bits);
}

bool Cursor::expect_f64(u64& bits) {
  return expect_float(bits);
}

[[gnu::cold, gnu::noinline]] bool Cursor::fail(std::string message) {
  if (at(TokenKind::kError)) return fail_at(token_.offset, lexer_.error());
  return fail_at(token_.offset, std::move(message));
}

[[gnu::cold, gnu::noinline]] bool Cursor::fail_at(u32 offset, std::string message) {
  if (!failed_) {
    failed_ = true;
    error_offset_ = offset;
    message_ = std::move(message);
  }
  return false;
}

std::string_view Cursor::keep(std::string_view text) {
  auto copy = strings_.copy(std::span<const char>(text.data(), text.size()));
  return {copy.data(), copy.size()};
}

}  // namespace wazuka::wat
