// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tokens of the text format (spec 6.3) with the annotations proposal.
//
// The lexer walks over the text without copying: a token is a kind, a place and, for words, the
// keyword it spells; numbers are classified here and evaluated in number.h. White space, comments
// and annotations that nobody knows never come out. Known annotations (`@custom`, `@name` …) come
// out as a left parenthesis flagged kAnnotated and an annotation token. Nothing recurses: nested
// comments and annotations are counted.
//
// Characters that change the direction of text are errors unless `allow_confusing`: source must
// mean what it looks like.
//
// Text must be valid UTF-8 and shorter than 4 GiB (the callers check). After an error the lexer
// keeps answering kError until `seek`.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/ints.h"
#include "wat/keywords.h"

namespace wazuka::wat {

enum class TokenKind : u8 {
  kEof,
  kError,
  kLParen,
  kRParen,
  kKeyword,
  kId,  // $name or $"name"
  kString,
  kInteger,
  kFloat,
  kAnnotation,  // @name or @"name"
  kReserved,
};

struct Token {
  // Flags. Which apply depends on the kind.
  static constexpr u8 kSigned = 1, kNegative = 2, kHex = 4, kUnderscores = 8;  // numbers
  static constexpr u8 kInf = 16, kNan = 32, kNanPayload = 64;                  // floats
  static constexpr u8 kEscapes = 1;    // strings: contains a backslash
  static constexpr u8 kQuoted = 2;     // ids and annotations: "…"
  static constexpr u8 kAnnotated = 1;  // left parentheses: a known annotation follows

  TokenKind kind = TokenKind::kEof;
  u8 flags = 0;
  Keyword keyword = Keyword::kUnknown;  // kKeyword, if it is one that we know
  u32 offset = 0;                       // kError: where the error is
  u32 size = 0;

  bool has(u8 flag) const { return (flags & flag) != 0; }
  u32 end() const { return offset + size; }
};

class Lexer {
 public:
  explicit Lexer(std::string_view text, bool allow_confusing = false)
      : begin_(text.data()),
        p_(begin_),
        end_(begin_ + text.size()),
        allow_confusing_(allow_confusing) {}

  Token next();
  /// What is wrong, after a kError token.
  const std::string& error() const { return error_; }

  u32 position() const { return static_cast<u32>(p_ - begin_); }
  void seek(u32 offset) {
    p_ = begin_ + offset;
    failed_ = false;
  }
  /// The next token with annotations as plain brackets and words.
  Token next_raw();
  std::string_view text() const { return {begin_, static_cast<size_t>(end_ - begin_)}; }

  /// Moves behind the parenthesis that closes the list we are in; false if the text ends before.
  /// Only brackets, strings and comments are looked at: contents may be malformed.
  bool skip_list();

 private:
  const char* skip_block_comment();
  bool skip_comment(bool block, Token& error);
  bool find_confusing(const char* from, const char* to, Token& error);
  Token word();
  Token reserved(const char* start);
  Token annotated_paren(Token open);
  bool skip_annotation(Token& error);
  bool scan_string(Token& error, bool& escapes);
  bool scan_escape(const char*& last, Token& error);
  bool scan_unicode_escape(const char*& last, Token& error);
  Token token(TokenKind kind, const char* start, u8 flags = 0) const;
  Token fail(const char* at, std::string message);

  const char* begin_;
  const char* p_;
  const char* end_;
  bool allow_confusing_;
  bool failed_ = false;
  Token error_token_;
  std::string error_;
};

inline std::span<const u8> bytes_of(std::string_view text) {
  return {reinterpret_cast<const u8*>(text.data()), text.size()};
}

/// Appends the bytes that a string literal stands for; `body` is what is between the quotes,
/// already checked by the lexer.
void append_unescaped(std::string_view body, std::string& out);

}  // namespace wazuka::wat
