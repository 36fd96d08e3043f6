// SPDX-License-Identifier: Apache-2.0
#include "engine/graph/text/format.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/graph/source.h"
#include "engine/graph/text/lexer.h"
#include "engine/graph/text/parser.h"

namespace otium {
namespace {

bool IsBinaryOperator(TokenKind kind) {
  return kind >= TokenKind::kPlus && kind <= TokenKind::kGreaterEqual;
}

// After these a minus is a sign, and a newline does not end the statement.
bool ExpectsOperand(TokenKind kind) {
  return IsBinaryOperator(kind) || kind == TokenKind::kComma || kind == TokenKind::kArrow;
}

bool IsOpening(TokenKind kind) {
  return kind == TokenKind::kLeftParen || kind == TokenKind::kLeftBracket;
}
bool IsClosing(TokenKind kind) {
  return kind == TokenKind::kRightParen || kind == TokenKind::kRightBracket;
}

// One line of the result.
struct Line {
  std::vector<Token> tokens;
  absl::string_view comment;
  bool empty_before = false;
  bool in_body = false;
  bool continues = false;  // The statement or header of the line before.
};

// Cuts the tokens into lines.
class LineCutter {
 public:
  explicit LineCutter(absl::string_view text) : text_(text) {}

  std::vector<Line> Run() {
    Lexer lexer(text_);
    for (Token token = lexer.Next(); token.kind != TokenKind::kEnd; token = lexer.Next()) {
      switch (token.kind) {
        case TokenKind::kNewline: Newline(); break;
        case TokenKind::kComment: Comment(token); break;
        default: Write(token); break;
      }
    }
    EndLine();
    return std::move(lines_);
  }

 private:
  bool LineIsEmpty() const { return line_.tokens.empty() && line_.comment.empty(); }

  void Newline() {
    ++newlines_;
    const bool goes_on = brackets_ > 0 || in_header_ || ExpectsOperand(previous_);
    if (!goes_on) statement_open_ = false;
    // Between the parts of a header a line break is dropped, unless a comment
    // needs it.
    if (in_header_ && brackets_ == 0 && line_.comment.empty()) return;
    EndLine();
  }

  void Comment(const Token& token) {
    const absl::string_view comment = absl::StripTrailingAsciiWhitespace(token.span.Of(text_));
    if (LineIsEmpty() && newlines_ == 0 && !lines_.empty()) {
      lines_.back().comment = comment;  // Behind a brace, which has ended its line.
      return;
    }
    BeginLine();
    line_.comment = comment;
  }

  void Write(const Token& token) {
    if (!line_.comment.empty() || (token.kind == TokenKind::kRightBrace && !LineIsEmpty())) {
      EndLine();
    }
    if (token.kind == TokenKind::kRightBrace) {
      in_body_ = statement_open_ = false;
      BeginLine();
      line_.empty_before = false;
    } else {
      BeginLine();
      if (!in_body_) in_header_ = true;
    }
    line_.tokens.push_back(token);
    statement_open_ = true;
    previous_ = token.kind;
    newlines_ = 0;
    if (IsOpening(token.kind)) ++brackets_;
    if (IsClosing(token.kind)) --brackets_;
    if (token.kind == TokenKind::kLeftBrace || token.kind == TokenKind::kRightBrace) {
      in_body_ = token.kind == TokenKind::kLeftBrace;
      in_header_ = statement_open_ = false;
      EndLine();
    }
  }

  // Empty lines: none inside a statement and at the edges of a body, one where
  // there were some, one between graphs.
  void BeginLine() {
    if (!LineIsEmpty()) return;
    line_.in_body = in_body_;
    line_.continues = statement_open_;
    if (lines_.empty() || statement_open_) return;
    const Line& last = lines_.back();
    const TokenKind end = last.tokens.empty() ? TokenKind::kEnd : last.tokens.back().kind;
    line_.empty_before =
        (newlines_ > 1 && end != TokenKind::kLeftBrace) || end == TokenKind::kRightBrace;
  }

  void EndLine() {
    if (LineIsEmpty()) return;
    if (!line_.comment.empty() && line_.tokens.empty()) newlines_ = 1;
    lines_.push_back(std::move(line_));
    line_ = Line();
  }

  const absl::string_view text_;
  std::vector<Line> lines_;
  Line line_;
  TokenKind previous_ = TokenKind::kNewline;
  int newlines_ = 0;  // Since the last token or comment.
  int brackets_ = 0;
  bool in_header_ = false;       // From `graph` to its `{`.
  bool in_body_ = false;         // Between `{` and `}`.
  bool statement_open_ = false;  // A statement or header has begun and not ended.
};

// Puts the tokens of the lines together again.
class LineWriter {
 public:
  explicit LineWriter(absl::string_view text) : text_(text) {}

  std::string Run(const std::vector<Line>& lines) {
    std::string out;
    for (const Line& line : lines) {
      if (line.empty_before) out += '\n';
      const bool closes = !line.tokens.empty() && IsClosing(line.tokens[0].kind);
      out.append((line.in_body ? 2 : 0) + (line.continues && !closes ? 4 : 0), ' ');
      for (size_t i = 0; i < line.tokens.size(); ++i) {
        if (i > 0 && NeedsSpace(line.tokens[i])) out += ' ';
        absl::StrAppend(&out, line.tokens[i].span.Of(text_));
        Step(line.tokens[i]);
      }
      absl::StrAppend(&out, line.comment.empty() || line.tokens.empty() ? "" : "  ", line.comment,
                      "\n");
    }
    return out;
  }

 private:
  // Is there a space between the token before and this one of the same line?
  bool NeedsSpace(const Token& token) const {
    using enum TokenKind;
    const TokenKind before = previous_.kind, kind = token.kind;
    if (IsOpening(before) || IsClosing(kind) || kind == kComma) return false;
    if (before == kDot || kind == kDot) {
      // `2. .T`: without the space the points would be read together.
      return kind == kDot && text_[previous_.span.end() - 1] == '.';
    }
    if (sign_ || before == kStarStar || kind == kStarStar || kind == kColon) return false;
    if (before == kColon) return !device_ && (open_.empty() || open_.back() != kLeftBracket);
    if (kind == kEqual || before == kEqual) {
      // The parentheses of a header hold defaults, all others arguments.
      return open_.empty() || (in_header_ && open_.size() == 1);
    }
    const bool after_value = before == kName || before == kString || before == kInteger ||
                             before == kFloat || before == kImaginary || IsClosing(before);
    return !(IsOpening(kind) && after_value);
  }

  void Step(const Token& token) {
    using enum TokenKind;
    const TokenKind before = previous_.kind, kind = token.kind;
    sign_ = kind == kMinus && (ExpectsOperand(before) || IsOpening(before) || before == kColon);
    device_ = kind == kColon && on_ == 1;
    on_ = kind == kName && open_.empty() && token.span.Of(text_) == "on" ? 2 : std::max(on_ - 1, 0);
    if (IsOpening(kind)) open_.push_back(kind);
    if (IsClosing(kind)) open_.pop_back();
    if (kind == kName && token.span.Of(text_) == "graph") in_header_ = true;
    if (kind == kLeftBrace) in_header_ = false;
    previous_ = token;
  }

  const absl::string_view text_;
  std::vector<TokenKind> open_;
  Token previous_;
  bool in_header_ = false;
  bool sign_ = false;    // The token before is a sign.
  bool device_ = false;  // The token before is the colon of `cuda:1`.
  int on_ = 0;           // 2: the token before is `on`; 1: the one before that.
};

}  // namespace

FormatResult FormatGraphFile(absl::string_view text, absl::string_view file_name) {
  FormatResult result;
  DiagnosticSink sink(/*max_errors=*/20);
  if (text.size() > (size_t{1} << 31)) {
    sink.Error({InternFileName(file_name), 1, 1, 0}, "the file is too large");
  } else {
    ParseSyntax(text, InternFileName(file_name), &sink);
  }
  result.diagnostics = sink.Take();
  if (result.diagnostics.empty()) result.text = LineWriter(text).Run(LineCutter(text).Run());
  return result;
}

}  // namespace otium
