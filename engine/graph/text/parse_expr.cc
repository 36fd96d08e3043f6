// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/dtype.h"
#include "engine/graph/text/parser.h"
#include "engine/graph/text/parsing.h"

namespace otium {

class Parser::Level {
 public:
  explicit Level(Parser* parser) : parser_(parser) { ++parser_->nesting_; }
  ~Level() { --parser_->nesting_; }
  bool TooDeep() const {
    if (parser_->nesting_ <= kMaxNesting) return false;
    if (!parser_->reported_) {
      parser_->reported_ = true;
      parser_->Report(parser_->token_.span,
                      absl::StrCat("nesting deeper than ", kMaxNesting, " levels"),
                      "give parts of it names of their own");
    }
    return true;
  }

 private:
  Parser* const parser_;
};

AstId Parser::ParseExpr() {
  const Level level(this);
  if (level.TooDeep()) return kNoAst;
  const Span begin = token_.span;
  const AstId left = ParseSum();
  if (left == kNoAst) return kNoAst;
  const std::optional<AstKind> kind = BinaryOperator();  // All others are in the sum.
  if (!kind) return left;
  AdvanceOverOperator();
  const AstId right = ParseSum();
  if (right == kNoAst) return kNoAst;
  if (BinaryOperator()) {
    if (!std::exchange(reported_, true)) {
      Report(token_.span, "comparisons do not chain", "write logical_and(a < b, b < c)");
    }
    return kNoAst;
  }
  return Add(*kind, begin, {left, right});
}

AstId Parser::ParseChain(AstId (Parser::*parse_operand)(), AstKind first, AstKind last) {
  const Span begin = token_.span;
  AstId left = (this->*parse_operand)();
  while (left != kNoAst) {
    const std::optional<AstKind> kind = BinaryOperator();
    if (!kind || *kind < first || *kind > last) break;
    AdvanceOverOperator();
    const AstId right = (this->*parse_operand)();
    if (right == kNoAst) return kNoAst;
    left = Add(*kind, begin, {left, right});
  }
  return left;
}

std::optional<AstKind> Parser::BinaryOperator() const {
  switch (token_.kind) {
    case TokenKind::kPlus: return AstKind::kAdd;
    case TokenKind::kMinus: return AstKind::kSub;
    case TokenKind::kStar: return AstKind::kMul;
    case TokenKind::kSlash: return AstKind::kDiv;
    case TokenKind::kSlashSlash: return AstKind::kFloorDiv;
    case TokenKind::kAt: return AstKind::kMatmul;
    case TokenKind::kLess: return AstKind::kLess;
    case TokenKind::kLessEqual: return AstKind::kLessEqual;
    case TokenKind::kGreater: return AstKind::kGreater;
    case TokenKind::kGreaterEqual: return AstKind::kGreaterEqual;
    case TokenKind::kEqualEqual: return AstKind::kEqual;
    case TokenKind::kNotEqual: return AstKind::kNotEqual;
    default: return std::nullopt;
  }
}

AstId Parser::ParseUnary() {
  if (!Is(TokenKind::kMinus)) return ParsePower();
  const Level level(this);
  if (level.TooDeep()) return kNoAst;
  const Span begin = token_.span;
  AdvanceOverOperator();
  const AstId operand = ParseUnary();
  return operand == kNoAst ? kNoAst : Add(AstKind::kNegate, begin, {operand});
}

AstId Parser::ParsePower() {
  const Span begin = token_.span;
  const AstId base = ParsePostfix();
  if (base == kNoAst || !Is(TokenKind::kStarStar)) return base;
  const Level level(this);
  if (level.TooDeep()) return kNoAst;
  AdvanceOverOperator();
  const AstId exponent = ParseUnary();
  return exponent == kNoAst ? kNoAst : Add(AstKind::kPower, begin, {base, exponent});
}

AstId Parser::ParsePostfix() {
  const Span begin = token_.span;
  const bool is_not = IsWord("not");
  AstId value = ParsePrimary();
  if (is_not && value != kNoAst && Is(TokenKind::kName)) {
    return FailExpr("expected an operator", "for 'not' write logical_not(x)");
  }
  while (value != kNoAst) {
    if (Is(TokenKind::kDot)) {
      Advance();
      if (!IsWord("T") && !IsWord("H")) {
        return FailExpr("expected T or H after '.'",
                        IsWord("mT") || IsWord("mH") || IsWord("t")
                            ? "x.T and x.H exchange the last two dimensions"
                            : "functions are called f(x)");
      }
      const AstKind kind = IsWord("T") ? AstKind::kTranspose : AstKind::kAdjoint;
      Advance();
      value = Add(kind, begin, {value});
    } else if (Is(TokenKind::kLeftBracket)) {
      Open(TokenKind::kLeftBracket, "");
      std::vector<AstId> children = {value};
      do {
        if (Is(TokenKind::kRightBracket) && children.size() > 1) break;
        const AstId index = ParseIndex();
        if (index == kNoAst) return kNoAst;
        children.push_back(index);
      } while (Accept(TokenKind::kComma));
      if (!Close(TokenKind::kRightBracket)) return kNoAst;
      value = Add(AstKind::kIndex, begin, children);
    } else {
      break;
    }
  }
  return value;
}

AstId Parser::ParseIndex() {
  if (Is(TokenKind::kEllipsis)) return Leaf(AstKind::kEllipsis);
  const Span begin = token_.span;
  AstId parts[3] = {kNoAst, kNoAst, kNoAst};
  for (int i = 0; i < 3; ++i) {
    if (!Is(TokenKind::kColon) && !Is(TokenKind::kComma) && !Is(TokenKind::kRightBracket)) {
      parts[i] = ParseExpr();
      if (parts[i] == kNoAst) return kNoAst;
    }
    if (i == 0 && !Is(TokenKind::kColon)) {
      return parts[0] != kNoAst ? parts[0] : FailExpr("expected an index");
    }
    if (i == 2 || !Is(TokenKind::kColon)) break;
    Advance();
  }
  return Add(AstKind::kSlice, begin, parts);
}

AstId Parser::ParsePrimary() {
  switch (token_.kind) {
    case TokenKind::kInteger: return Leaf(AstKind::kInteger);
    case TokenKind::kFloat: return Leaf(AstKind::kFloat);
    case TokenKind::kImaginary: return Leaf(AstKind::kImaginary);
    case TokenKind::kString: return Leaf(AstKind::kString);
    case TokenKind::kName: return ParseNamed();
    case TokenKind::kLeftBracket: {
      const Span begin = token_.span;
      Open(TokenKind::kLeftBracket, "");
      std::vector<AstId> elements;
      if (!ParseExprs(TokenKind::kRightBracket, &elements)) return kNoAst;
      return Add(AstKind::kList, begin, elements);
    }
    case TokenKind::kLeftParen: {
      const Span begin = token_.span;
      Open(TokenKind::kLeftParen, "");
      const AstId inner = ParseExpr();
      if (inner == kNoAst || !Close(TokenKind::kRightParen)) return kNoAst;
      // Underlined, and quoted in help, with its parentheses. A leaf's span is
      // its text.
      if (ast_.Kind(inner) > AstKind::kEllipsis) ast_.nodes[inner].span = From(begin);
      return inner;
    }
    default: return FailExpr("expected a value");
  }
}

AstId Parser::ParseNamed() {
  const Span begin = token_.span;
  const absl::string_view word = begin.Of(ast_.text);
  if (word == "true") return Leaf(AstKind::kTrue);
  if (word == "false") return Leaf(AstKind::kFalse);
  if (word == "none") return Leaf(AstKind::kNone);
  if (word == "inf") return Leaf(AstKind::kInf);
  if (word != "nan" && IsReservedWord(word) && !DTypeFromName(word)) {
    return FailExpr("expected a value");
  }
  AstId name = Leaf(word == "nan" ? AstKind::kNan : AstKind::kName);
  AstKind kind = AstKind::kCall;
  if (Is(TokenKind::kName) && (word == "call" || word == "fused")) {
    kind = word == "call" ? AstKind::kScopeCall : AstKind::kFusedCall;
    name = Leaf(AstKind::kName);
    if (!Is(TokenKind::kLeftParen)) return FailExpr("expected '(' after the graph's name");
  }
  if (!Is(TokenKind::kLeftParen)) return name;
  Open(TokenKind::kLeftParen, "");
  std::vector<AstId> children = {name};
  bool keywords = false;
  while (!Is(TokenKind::kRightParen)) {
    const Span argument = token_.span;
    AstId value = ParseExpr();
    if (value == kNoAst) return kNoAst;
    if (Is(TokenKind::kEqual)) {
      const Span& name_span = ast_.nodes[value].span;
      if (ast_.Kind(value) != AstKind::kName || name_span.offset != argument.offset) {
        return FailExpr("expected ',' or ')'", "equality is written ==");
      }
      AdvanceOverOperator();
      const AstId keyword_value = ParseExpr();
      if (keyword_value == kNoAst) return kNoAst;
      value = Add(AstKind::kKeyword, argument, {value, keyword_value});
      keywords = true;
    } else if (keywords) {
      if (!reported_) {
        reported_ = true;
        Report(ast_.nodes[value].span, "an argument without a name follows one with a name", "");
      }
      return kNoAst;
    }
    children.push_back(value);
    if (!Accept(TokenKind::kComma)) break;
  }
  if (!Close(TokenKind::kRightParen)) return kNoAst;
  return Add(kind, begin, children);
}

bool Parser::ParseExprs(TokenKind close, std::vector<AstId>* list) {
  while (!Is(close)) {
    const AstId value = ParseExpr();
    if (value == kNoAst) return false;
    list->push_back(value);
    if (!Accept(TokenKind::kComma)) break;
  }
  return Close(close);
}

}  // namespace otium
