// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The parser's view of the tokens: the current one and one ahead, what may come next, and the
// error.
//
// Parsing functions return whether they succeeded. The first failure is kept here with its place,
// and everything above returns at once; where the current token is a lexical error, that is what is
// reported, whatever the parser expected. Errors are worded as the `wat` crate words them.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/arena.h"
#include "base/error.h"
#include "wat/lexer.h"

namespace wazuka::wat {

class Cursor {
 public:
  explicit Cursor(std::string_view text, bool allow_confusing = false)
      : lexer_(text, allow_confusing) {
    seek(0);
  }
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;

  std::string_view text() const { return lexer_.text(); }
  std::string_view spelling(const Token& t) const { return text().substr(t.offset, t.size); }
  const Token& token() const { return token_; }
  const Token& ahead() const { return ahead_; }
  u32 offset() const { return token_.offset; }
  /// Where the token before the current one ended.
  u32 previous_end() const { return previous_end_; }

  void advance() {
    previous_end_ = token_.end();
    token_ = ahead_;
    ahead_ = lexer_.next();
  }
  void seek(u32 offset) {
    lexer_.seek(offset);
    previous_end_ = offset;
    token_ = lexer_.next();
    ahead_ = token_.kind == TokenKind::kError ? token_ : lexer_.next();
  }

  // What comes next.
  bool at(TokenKind kind) const { return token_.kind == kind; }
  bool at(Keyword k) const { return token_.kind == TokenKind::kKeyword && token_.keyword == k; }
  bool at_end() const { return at(TokenKind::kRParen) || at(TokenKind::kEof); }
  bool at_index() const { return is_index(token_); }
  static bool is_index(const Token& t) {
    return t.kind == TokenKind::kInteger || t.kind == TokenKind::kId;
  }
  /// `(keyword`
  bool at_list(Keyword k) const {
    return at(TokenKind::kLParen) && ahead_.kind == TokenKind::kKeyword && ahead_.keyword == k;
  }
  /// `(@name` of a known annotation.
  bool at_annotation(std::string_view name) const;
  bool at_annotation() const { return at(TokenKind::kLParen) && token_.has(Token::kAnnotated); }

  // Taking it. `take` is optional, `expect` fails.
  bool take(Keyword k) {
    if (!at(k)) return false;
    advance();
    return true;
  }
  /// Steps over `(keyword`, if that is what comes.
  bool take_list(Keyword k) {
    if (!at_list(k)) return false;
    advance(), advance();
    return true;
  }
  [[nodiscard]] bool expect_left() {
    if (!at(TokenKind::kLParen)) return fail("expected `(`");
    advance();
    return true;
  }
  [[nodiscard]] bool expect_right() {
    if (!at(TokenKind::kRParen)) return fail("expected `)`");
    advance();
    return true;
  }
  [[nodiscard]] bool expect(Keyword k);
  /// `)` `(`
  [[nodiscard]] bool expect_next_list();

  /// An identifier without its `$`, if there is one; else `out` becomes empty.
  [[nodiscard]] bool optional_id(std::string_view& out) {
    out = {};
    return at(TokenKind::kId) ? expect_id(out) : true;
  }
  [[nodiscard]] bool expect_id(std::string_view& out);
  /// Appends the bytes of a string literal.
  [[nodiscard]] bool expect_string(std::string& out);
  /// A string literal that must be UTF-8; a view into the text or into this object.
  [[nodiscard]] bool expect_name(std::string_view& out);
  [[nodiscard]] bool expect_u8(u8& out);
  [[nodiscard]] bool expect_u32(u32& out);
  [[nodiscard]] bool expect_u64(u64& out);
  /// iN of 8, 16, 32 or 64 bits.
  [[nodiscard]] bool expect_integer(u32 bits, u64& out);
  [[nodiscard]] bool expect_f32(u32& bits);
  [[nodiscard]] bool expect_f64(u64& bits);

  // Failing. All return false.
  bool fail(std::string message);  // at the current token
  bool fail_at(u32 offset, std::string message);
  bool failed() const { return failed_; }
  Error take_error() { return Error{std::move(message_), error_offset_, {}}; }

  /// Keeps decoded strings alive.
  std::string_view keep(std::string_view text);

 private:
  bool fail_number(const char* type);
  bool expect_unsigned(u32 bits, const char* type, u64& out);
  template <class Bits>
  bool expect_float(Bits& out);

  Lexer lexer_;
  Token token_, ahead_;
  u32 previous_end_ = 0;
  bool failed_ = false;
  u64 error_offset_ = 0;
  std::string message_;
  Arena strings_;
};

}  // namespace wazuka::wat
