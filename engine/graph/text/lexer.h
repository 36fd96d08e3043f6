// SPDX-License-Identifier: Apache-2.0
//
// The tokens of a graph file, one at a time. Comments and newlines are tokens
// too: the parser drops what it does not need, the formatter keeps them all.
// Text that is no token is kInvalid, and error() says why.

#ifndef OTIUM_ENGINE_GRAPH_TEXT_LEXER_H_
#define OTIUM_ENGINE_GRAPH_TEXT_LEXER_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "engine/graph/source.h"

namespace otium {

// A piece of a file. Lines and columns count from 1, columns in characters.
struct Span {
  uint32_t offset = 0;  // In bytes, as is the length.
  uint32_t length = 0;
  uint32_t line = 0;
  uint32_t column = 0;

  absl::string_view Of(absl::string_view text) const { return text.substr(offset, length); }
  uint32_t end() const { return offset + length; }
};

enum class TokenKind : uint8_t {
  kEnd,
  kNewline,
  kComment,  // From '#' to the end of the line.
  kInvalid,
  kName,
  kInteger,
  kFloat,
  kImaginary,  // "2j", "1.5e3j"
  kString,
  kPlus,
  kMinus,
  kStar,
  kStarStar,
  kSlash,
  kSlashSlash,
  kAt,
  kEqual,
  kEqualEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kArrow,
  kComma,
  kColon,
  kDot,
  kEllipsis,
  kLeftParen,
  kRightParen,
  kLeftBracket,
  kRightBracket,
  kLeftBrace,
  kRightBrace,
};

// "'->'", "a name": how messages speak of it.
absl::string_view TokenKindName(TokenKind kind);

struct Token {
  TokenKind kind = TokenKind::kEnd;
  Span span;
};

inline constexpr uint32_t kMaxNameLength = 255;
inline constexpr uint32_t kMaxNumberLength = 1000;

class Lexer {
 public:
  // `text` must outlive the lexer and be shorter than 4 GiB.
  explicit Lexer(absl::string_view text);

  // kEnd for ever after the last one.
  Token Next();
  // Of the last kInvalid: what is wrong, and what to do (may be empty).
  const std::string& error() const { return error_; }
  const std::string& help() const { return help_; }

 private:
  Token Make(TokenKind kind, uint32_t length);
  Token Number();
  Token String();
  Token Invalid(uint32_t length, std::string message, std::string help = "");
  char Peek(uint32_t ahead) const {
    return offset_ + ahead < text_.size() ? text_[offset_ + ahead] : '\0';
  }

  const absl::string_view text_;
  std::string error_;
  std::string help_;
  uint32_t offset_ = 0;
  uint32_t line_ = 1;
  uint32_t column_ = 1;
};

// The position of a span, its length counted in characters.
SourcePosition PositionOf(const Span& span, absl::string_view text, const char* file);

// The value of a string token, quotes included; the lexer has checked it.
std::string UnescapeString(absl::string_view token);
// `value` in double quotes, so that the lexer reads it back, byte for byte.
std::string EscapeString(absl::string_view value);

// Whether `name` is a NAME of the grammar: letters, digits and underscores, not
// beginning with a digit, and no reserved word.
bool IsValidName(absl::string_view name);
// Words that cannot be names: keywords, literals, dtypes.
bool IsReservedWord(absl::string_view word);

}  // namespace otium

#endif  // OTIUM_ENGINE_GRAPH_TEXT_LEXER_H_
