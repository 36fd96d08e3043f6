// SPDX-License-Identifier: Apache-2.0
#include "engine/graph/text/lexer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/base/dtype.h"
#include "engine/graph/text/utf8.h"

namespace otium {
namespace {

bool IsNameStart(char c) { return absl::ascii_isalpha(c) || c == '_'; }
bool IsNameCharacter(char c) { return absl::ascii_isalnum(c) || c == '_'; }

uint32_t CountCharacters(absl::string_view text) {
  return static_cast<uint32_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; }));
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = absl::ascii_tolower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

constexpr absl::string_view kReserved[] = {"graph", "on",  "true", "false", "none",
                                           "inf",   "nan", "for",  "if",    "while"};

}  // namespace

absl::string_view TokenKindName(TokenKind kind) {
  switch (kind) {
    case TokenKind::kEnd: return "the end of the file";
    case TokenKind::kNewline: return "the end of the line";
    case TokenKind::kComment: return "a comment";
    case TokenKind::kInvalid: return "text that is no token";
    case TokenKind::kName: return "a name";
    case TokenKind::kInteger:
    case TokenKind::kFloat:
    case TokenKind::kImaginary: return "a number";
    case TokenKind::kString: return "a string";
    case TokenKind::kPlus: return "'+'";
    case TokenKind::kMinus: return "'-'";
    case TokenKind::kStar: return "'*'";
    case TokenKind::kStarStar: return "'**'";
    case TokenKind::kSlash: return "'/'";
    case TokenKind::kSlashSlash: return "'//'";
    case TokenKind::kAt: return "'@'";
    case TokenKind::kEqual: return "'='";
    case TokenKind::kEqualEqual: return "'=='";
    case TokenKind::kNotEqual: return "'!='";
    case TokenKind::kLess: return "'<'";
    case TokenKind::kLessEqual: return "'<='";
    case TokenKind::kGreater: return "'>'";
    case TokenKind::kGreaterEqual: return "'>='";
    case TokenKind::kArrow: return "'->'";
    case TokenKind::kComma: return "','";
    case TokenKind::kColon: return "':'";
    case TokenKind::kDot: return "'.'";
    case TokenKind::kEllipsis: return "'...'";
    case TokenKind::kLeftParen: return "'('";
    case TokenKind::kRightParen: return "')'";
    case TokenKind::kLeftBracket: return "'['";
    case TokenKind::kRightBracket: return "']'";
    case TokenKind::kLeftBrace: return "'{'";
    case TokenKind::kRightBrace: return "'}'";
  }
  __builtin_unreachable();
}

Lexer::Lexer(absl::string_view text) : text_(text) {
  // A byte order mark says nothing in UTF-8.
  if (text_.substr(0, 3) == "\xEF\xBB\xBF") offset_ = 3;
}

Token Lexer::Make(TokenKind kind, uint32_t length) {
  const Token token{kind, {offset_, length, line_, column_}};
  offset_ += length;
  if (kind == TokenKind::kString || kind == TokenKind::kComment || kind == TokenKind::kInvalid) {
    column_ += CountCharacters(token.span.Of(text_));
  } else {
    column_ += length;
  }
  return token;
}

Token Lexer::Invalid(uint32_t length, std::string message, std::string help) {
  error_ = std::move(message);
  help_ = std::move(help);
  return Make(TokenKind::kInvalid, length);
}

Token Lexer::Next() {
  while (offset_ < text_.size() && (text_[offset_] == ' ' || text_[offset_] == '\t' ||
                                    (text_[offset_] == '\r' && Peek(1) == '\n'))) {
    ++offset_;
    ++column_;
  }
  if (offset_ >= text_.size()) return Make(TokenKind::kEnd, 0);
  const char c = text_[offset_];
  if (IsNameStart(c)) {
    uint32_t length = 1;
    while (IsNameCharacter(Peek(length))) ++length;
    if (length > kMaxNameLength) {
      return Invalid(length, absl::StrCat("a name of ", length, " characters; ", kMaxNameLength,
                                          " are the most"));
    }
    return Make(TokenKind::kName, length);
  }
  if (absl::ascii_isdigit(c) || (c == '.' && absl::ascii_isdigit(Peek(1)))) return Number();
  using enum TokenKind;
  switch (c) {
    case '\n': {
      const Token token = Make(kNewline, 1);
      ++line_;
      column_ = 1;
      return token;
    }
    case '#': {
      size_t end = text_.find('\n', offset_);
      if (end == absl::string_view::npos) end = text_.size();
      if (end > offset_ && text_[end - 1] == '\r') --end;
      for (size_t i = offset_; i < end;) {
        const Utf8Character u = DecodeUtf8(text_.substr(i));
        if (!u.valid) {
          return Invalid(static_cast<uint32_t>(end - offset_), "this comment is not valid UTF-8");
        }
        i += u.length;
      }
      return Make(kComment, static_cast<uint32_t>(end - offset_));
    }
    case '"':
    case '\'': return String();
    case '+': return Make(kPlus, 1);
    case '-': return Peek(1) == '>' ? Make(kArrow, 2) : Make(kMinus, 1);
    case '*': return Peek(1) == '*' ? Make(kStarStar, 2) : Make(kStar, 1);
    case '/': return Peek(1) == '/' ? Make(kSlashSlash, 2) : Make(kSlash, 1);
    case '@': return Make(kAt, 1);
    case '=': return Peek(1) == '=' ? Make(kEqualEqual, 2) : Make(kEqual, 1);
    case '<': return Peek(1) == '=' ? Make(kLessEqual, 2) : Make(kLess, 1);
    case '>': return Peek(1) == '=' ? Make(kGreaterEqual, 2) : Make(kGreater, 1);
    case '!':
      if (Peek(1) == '=') return Make(kNotEqual, 2);
      return Invalid(1, "'!' cannot stand here", "for 'not' write logical_not(x)");
    case ',': return Make(kComma, 1);
    case ':': return Make(kColon, 1);
    case '.': return Peek(1) == '.' && Peek(2) == '.' ? Make(kEllipsis, 3) : Make(kDot, 1);
    case '(': return Make(kLeftParen, 1);
    case ')': return Make(kRightParen, 1);
    case '[': return Make(kLeftBracket, 1);
    case ']': return Make(kRightBracket, 1);
    case '{': return Make(kLeftBrace, 1);
    case '}': return Make(kRightBrace, 1);
    case '&': return Invalid(1, "'&' cannot stand here", "for 'and' write logical_and(a, b)");
    case '|': return Invalid(1, "'|' cannot stand here", "for 'or' write logical_or(a, b)");
    case '^': return Invalid(1, "'^' cannot stand here", "a power is written x**2");
    case '%': return Invalid(1, "'%' cannot stand here", "write remainder(a, b)");
    case '~': return Invalid(1, "'~' cannot stand here", "for 'not' write logical_not(x)");
    case ';': return Invalid(1, "';' cannot stand here", "the end of the line ends a statement");
    default: break;
  }
  const Utf8Character u = DecodeUtf8(text_.substr(offset_));
  if (!u.valid) return Invalid(1, absl::StrFormat("the byte 0x%02X is not valid UTF-8", c & 0xFF));
  if (IsControlCharacter(u.code)) {
    return Invalid(u.length,
                   absl::StrFormat("the control character U+%04X cannot stand here", u.code));
  }
  return Invalid(u.length,
                 absl::StrCat("'", text_.substr(offset_, u.length), "' cannot stand here"),
                 u.code >= 0x80 ? "names are of the letters a-z and A-Z, digits and _" : "");
}

Token Lexer::Number() {
  uint32_t length = 0;
  TokenKind kind = TokenKind::kInteger;
  const auto digits = [&] {
    while (absl::ascii_isdigit(Peek(length))) ++length;
  };
  digits();
  // `1.T` and `1...` are not numbers with a point.
  if (Peek(length) == '.' && Peek(length + 1) != '.' && !IsNameStart(Peek(length + 1))) {
    kind = TokenKind::kFloat;
    ++length;
    digits();
  } else if (Peek(length) == '.' &&
             (Peek(length + 1) == 'e' || Peek(length + 1) == 'E' || Peek(length + 1) == 'j')) {
    kind = TokenKind::kFloat;
    ++length;
  }
  if (Peek(length) == 'e' || Peek(length) == 'E') {
    const uint32_t sign = Peek(length + 1) == '+' || Peek(length + 1) == '-' ? 1 : 0;
    if (absl::ascii_isdigit(Peek(length + 1 + sign))) {
      kind = TokenKind::kFloat;
      length += 1 + sign;
      digits();
    }
  }
  if (Peek(length) == 'j') {
    kind = TokenKind::kImaginary;
    ++length;
  }
  if (IsNameCharacter(Peek(length))) {
    while (IsNameCharacter(Peek(length))) ++length;
    const std::string text(text_.substr(offset_, std::min<uint32_t>(length, 40)));
    return Invalid(length, absl::StrCat("'", text, "' is neither a number nor a name"),
                   "a product is written 2 * x");
  }
  if (length > kMaxNumberLength) {
    return Invalid(length, absl::StrCat("a number of ", length, " characters; ", kMaxNumberLength,
                                        " are the most"));
  }
  return Make(kind, length);
}

Token Lexer::String() {
  const char quote = text_[offset_];
  uint32_t length = 1;
  std::string problem;
  while (true) {
    const char c = Peek(length);
    if (offset_ + length >= text_.size() || c == '\n') {
      return Invalid(length, "this string does not end on its line",
                     absl::StrCat("close it with ", std::string(1, quote)));
    }
    if (c == quote) break;
    if (c == '\\') {
      const char e = Peek(length + 1);
      if (e == 'x' && HexDigit(Peek(length + 2)) >= 0 && HexDigit(Peek(length + 3)) >= 0) {
        length += 4;
      } else if (e == '\\' || e == '"' || e == '\'' || e == 'n' || e == 't' || e == 'r') {
        length += 2;
      } else {
        problem = "an unknown escape in a string: \\\\ \\\" \\' \\n \\t \\r \\xHH are known";
        ++length;
      }
      continue;
    }
    const Utf8Character u = DecodeUtf8(text_.substr(offset_ + length));
    if (!u.valid || IsControlCharacter(u.code)) {
      problem = u.valid ? absl::StrFormat("the control character U+%04X in a string", u.code)
                        : "this string is not valid UTF-8";
    }
    length += u.length;
  }
  if (!problem.empty()) return Invalid(length + 1, std::move(problem));
  return Make(TokenKind::kString, length + 1);
}

SourcePosition PositionOf(const Span& span, absl::string_view text, const char* file) {
  // No line is shown longer, and a long sum has as many spans as operators.
  constexpr size_t kLongestUnderline = 1000;
  const absl::string_view underlined = span.Of(text).substr(0, kLongestUnderline);
  return {file, span.line, span.column, CountCharacters(underlined)};
}

std::string UnescapeString(absl::string_view token) {
  std::string value;
  for (size_t i = 1; i + 1 < token.size(); ++i) {
    if (token[i] != '\\') {
      value += token[i];
      continue;
    }
    switch (token[++i]) {
      case 'n': value += '\n'; break;
      case 't': value += '\t'; break;
      case 'r': value += '\r'; break;
      case 'x':
        value += static_cast<char>(HexDigit(token[i + 1]) * 16 + HexDigit(token[i + 2]));
        i += 2;
        break;
      default: value += token[i]; break;
    }
  }
  return value;
}

std::string EscapeString(absl::string_view value) {
  std::string text = "\"";
  while (!value.empty()) {
    const Utf8Character u = DecodeUtf8(value);
    if (value[0] == '"' || value[0] == '\\') {
      absl::StrAppend(&text, "\\", value.substr(0, 1));
    } else if (value[0] == '\n') {
      text += "\\n";
    } else if (value[0] == '\t') {
      text += "\\t";
    } else if (!u.valid || IsControlCharacter(u.code)) {
      for (char c : value.substr(0, u.length)) absl::StrAppendFormat(&text, "\\x%02x", c & 0xFF);
    } else {
      absl::StrAppend(&text, value.substr(0, u.length));
    }
    value.remove_prefix(u.length);
  }
  return text + "\"";
}

bool IsReservedWord(absl::string_view word) {
  return std::find(std::begin(kReserved), std::end(kReserved), word) != std::end(kReserved) ||
         DTypeFromName(word).has_value();
}

bool IsValidName(absl::string_view name) {
  return !name.empty() && name.size() <= kMaxNameLength && IsNameStart(name[0]) &&
         std::all_of(name.begin(), name.end(), IsNameCharacter) && !IsReservedWord(name);
}

}  // namespace otium
