// SPDX-License-Identifier: Apache-2.0
#include "engine/graph/text/parser.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/dtype.h"

namespace otium {
namespace {

class Parser {
 public:
  Parser(absl::string_view text, const char* file, DiagnosticSink* sink)
      : lexer_(text), file_(file), sink_(sink) {
    ast_.text = text;
    Advance();
  }

  Ast Run() {
    while (!sink_->full()) {
      SkipNewlines();
      if (Is(TokenKind::kEnd)) break;
      if (IsWord("graph")) {
        ParseGraph();
      } else {
        Fail("a file is a list of graphs", "graph NAME(x: f64[n]) -> y { y = 2 * x }");
        SkipToGraph();
      }
    }
    if (ast_.graphs.empty() && sink_->num_errors() == 0) {
      sink_->Error({file_, 1, 1, 0}, "there is no graph in this file",
                   "graph NAME(x: f64[n]) -> y { y = 2 * x }");
    }
    return std::move(ast_);
  }

 private:
  // ------------------------------------------------------------------ tokens

  bool Is(TokenKind kind) const { return token_.kind == kind; }
  bool IsWord(absl::string_view word) const {
    return Is(TokenKind::kName) && token_.span.Of(ast_.text) == word;
  }

  void Advance() {
    previous_ = token_.span;
    do {
      token_ = lexer_.Next();
    } while (Is(TokenKind::kComment) || (Is(TokenKind::kNewline) && brackets_ > 0));
    // The statement is lost.
    if (Is(TokenKind::kInvalid) && !reported_) {
      reported_ = true;
      Report(token_.span, lexer_.error(), lexer_.help());
    }
  }
  void SkipNewlines() {
    while (Is(TokenKind::kNewline)) Advance();
  }
  // Over an operator or a comma: the line goes on.
  void AdvanceOverOperator() {
    Advance();
    SkipNewlines();
  }
  bool Accept(TokenKind kind) {
    if (!Is(kind)) return false;
    AdvanceOverOperator();
    return true;
  }
  bool Expect(TokenKind kind, absl::string_view where) {
    if (!Is(kind)) {
      return Fail(absl::StrCat("expected ", TokenKindName(kind), " ", where));
    }
    Advance();
    return true;
  }
  // '(' or '[': newlines mean nothing until the bracket is closed.
  bool Open(TokenKind kind, absl::string_view where) {
    if (!Is(kind)) return Expect(kind, where);
    open_.push_back(token_.span);
    ++brackets_;
    Advance();
    return true;
  }
  bool Close(TokenKind kind) {
    if (!Is(kind)) {
      const Span open = open_.empty() ? token_.span : open_.back();
      if (token_.span.line > open.line && !reported_) {
        reported_ = true;
        Report(open, absl::StrCat("this '", open.Of(ast_.text), "' is not closed"));
        return false;
      }
      return Fail(absl::StrCat("expected ", TokenKindName(kind), " or ','"), "",
                  {{PositionOf(open, ast_.text, file_), "to close this bracket"}});
    }
    --brackets_;
    open_.pop_back();
    Advance();
    return true;
  }

  // ------------------------------------------------------------------ errors

  // Reports what is here instead of what was wanted, once a statement.
  bool Fail(std::string message, std::string help = "",
            std::vector<Diagnostic::Note> notes = {}) {
    if (reported_) return false;
    reported_ = true;
    if (Is(TokenKind::kName)) {
      const std::string word(token_.span.Of(ast_.text));
      absl::StrAppend(&message, ", not '", word, "'");
      if (help.empty() && (word == "for" || word == "if" || word == "while")) {
        help = absl::StrCat("'", word, "' is reserved: graphs have no control flow");
      }
    } else {
      absl::StrAppend(&message, ", not ", TokenKindName(token_.kind));
    }
    Report(token_.span, std::move(message), std::move(help), std::move(notes));
    return false;
  }
  AstId FailExpr(std::string message, std::string help = "") {
    Fail(std::move(message), std::move(help));
    return kNoAst;
  }
  void Report(const Span& span, std::string message, std::string help = "",
              std::vector<Diagnostic::Note> notes = {}) {
    // An end of line has no text; point just behind what came last.
    SourcePosition position = PositionOf(span, ast_.text, file_);
    if (span.Of(ast_.text) == "\n") position.length = 0;
    sink_->Add({Severity::kError, position, std::move(message), std::move(notes), std::move(help)});
  }

  void ResetBrackets() {
    brackets_ = 0;
    open_.clear();
  }
  // To the end of the line or the body, whatever brackets are open.
  void SkipLine() {
    ResetBrackets();
    while (!Is(TokenKind::kNewline) && !Is(TokenKind::kEnd) && !Is(TokenKind::kRightBrace)) {
      Advance();
    }
    reported_ = false;
  }
  // To a line that begins with the word.
  void SkipToGraph() {
    ResetBrackets();
    reported_ = true;
    bool line_begins = false;
    while (!Is(TokenKind::kEnd) && !(line_begins && IsWord("graph"))) {
      line_begins = Is(TokenKind::kNewline);
      Advance();
    }
    reported_ = false;
  }

  // ------------------------------------------------------------------- nodes

  Span From(const Span& begin) const {
    Span span = begin;
    span.length = previous_.end() - begin.offset;
    return span;
  }
  AstId Add(AstKind kind, const Span& begin, absl::Span<const AstId> children) {
    AstNode node{kind, From(begin), static_cast<uint32_t>(ast_.children.size()),
                 static_cast<uint32_t>(children.size())};
    ast_.children.insert(ast_.children.end(), children.begin(), children.end());
    ast_.nodes.push_back(node);
    return static_cast<AstId>(ast_.nodes.size() - 1);
  }
  AstId Leaf(AstKind kind) {
    ast_.nodes.push_back({kind, token_.span, 0, 0});
    Advance();
    return static_cast<AstId>(ast_.nodes.size() - 1);
  }

  // ------------------------------------------------------------------ graphs

  void ParseGraph() {
    AstGraph graph;
    Advance();
    graph.name = token_.span;
    if (!ParseHeader(&graph)) {
      // Kept, so that calls of it are not reported as well.
      graph.has_errors = true;
      if (IsValidName(ast_.Text(graph.name))) {
        graph.begin = static_cast<uint32_t>(ast_.statements.size());
        ast_.graphs.push_back(std::move(graph));
      }
      SkipToGraph();
      return;
    }
    graph.begin = static_cast<uint32_t>(ast_.statements.size());
    while (!sink_->full()) {
      SkipNewlines();
      if (Is(TokenKind::kRightBrace)) {
        Advance();
        break;
      }
      if (Is(TokenKind::kEnd) || IsWord("graph")) {
        Fail(absl::StrCat("expected '}' at the end of the graph ", ast_.Text(graph.name)));
        reported_ = false;
        graph.has_errors = true;
        break;
      }
      if (!ParseStatement()) {
        graph.has_errors = true;
        SkipLine();
      }
    }
    graph.count = static_cast<uint32_t>(ast_.statements.size()) - graph.begin;
    ast_.graphs.push_back(std::move(graph));
  }

  bool ParseHeader(AstGraph* graph) {
    if (!ParseNewName("for the graph", &graph->name)) return false;
    if (!Open(TokenKind::kLeftParen, "after the graph's name")) return false;
    while (!Is(TokenKind::kRightParen)) {
      AstParam param;
      if (!ParseNewName("for an input", &param.name)) return false;
      if (!Expect(TokenKind::kColon, "and a type after the name of an input")) return false;
      if (!ParseType(&param.type)) return false;
      if (Accept(TokenKind::kEqual)) {
        param.default_value = ParseExpr();
        if (param.default_value == kNoAst) return false;
      }
      graph->params.push_back(param);
      if (!Accept(TokenKind::kComma)) break;
    }
    if (!Close(TokenKind::kRightParen)) return false;
    SkipNewlines();
    if (!Expect(TokenKind::kArrow, "and the results after the inputs")) return false;
    SkipNewlines();
    if (Is(TokenKind::kLeftParen)) {
      Open(TokenKind::kLeftParen, "");
      while (!Is(TokenKind::kRightParen)) {
        Span name;
        if (!ParseNewName("for a result", &name)) return false;
        graph->results.push_back(name);
        if (!Accept(TokenKind::kComma)) break;
      }
      if (!Close(TokenKind::kRightParen)) return false;
    } else {
      Span name;
      if (!ParseNewName("for the result", &name)) return false;
      graph->results.push_back(name);
    }
    SkipNewlines();
    return Expect(TokenKind::kLeftBrace, "before the statements");
  }

  // A name that is defined or refers to one that is: not a reserved word.
  bool ParseNewName(absl::string_view what, Span* name) {
    *name = token_.span;
    if (!Is(TokenKind::kName)) return Fail(absl::StrCat("expected a name ", what));
    if (IsReservedWord(name->Of(ast_.text))) {
      if (!reported_) {
        reported_ = true;
        Report(*name, absl::StrCat("'", name->Of(ast_.text), "' is reserved, it cannot be a name"),
               "");
      }
      return false;
    }
    Advance();
    return true;
  }

  bool ParseType(uint32_t* index) {
    AstType type;
    type.dtype = token_.span;
    if (!Is(TokenKind::kName)) return Fail("expected a type", "a type is f64[m, n]");
    Advance();
    std::vector<AstId> parts;
    if (!Open(TokenKind::kLeftBracket, "and the sizes after the dtype")) return false;
    if (!ParseExprs(TokenKind::kRightBracket, &parts)) return false;
    type.num_dims = static_cast<uint32_t>(parts.size());
    while (Is(TokenKind::kName) && !IsWord("on")) {
      const Span begin = token_.span;
      AstId word = Leaf(AstKind::kName);
      if (Is(TokenKind::kLeftParen)) {
        std::vector<AstId> children = {word};
        Open(TokenKind::kLeftParen, "");
        if (!ParseExprs(TokenKind::kRightParen, &children)) return false;
        word = Add(AstKind::kCall, begin, children);
      }
      parts.push_back(word);
    }
    type.num_words = static_cast<uint32_t>(parts.size()) - type.num_dims;
    type.span = From(type.dtype);
    type.begin = static_cast<uint32_t>(ast_.children.size());
    ast_.children.insert(ast_.children.end(), parts.begin(), parts.end());
    *index = static_cast<uint32_t>(ast_.types.size());
    ast_.types.push_back(type);
    return true;
  }

  // -------------------------------------------------------------- statements

  // A statement that fails keeps its targets, so that their uses are not
  // reported as well.
  bool ParseStatement() {
    AstStatement statement;
    statement.span = token_.span;
    statement.begin = static_cast<uint32_t>(ast_.targets.size());
    const bool parsed = ParseStatementParts(&statement);
    if (!parsed) statement.value = kNoAst;
    statement.count = static_cast<uint32_t>(ast_.targets.size()) - statement.begin;
    statement.span = From(statement.span);
    ast_.statements.push_back(statement);
    return parsed;
  }

  bool ParseStatementParts(AstStatement* statement) {
    do {
      if (Is(TokenKind::kPlus) || Is(TokenKind::kMinus) || Is(TokenKind::kStar) ||
          Is(TokenKind::kSlash) || Is(TokenKind::kAt)) {
        return Fail("expected a name at the beginning of a statement",
                    "a line goes on after an operator, not before one");
      }
      AstTarget target;
      if (!ParseNewName("at the beginning of a statement", &target.name)) return false;
      if (Is(TokenKind::kColon)) {
        Advance();
        if (!ParseType(&target.type)) return false;
      }
      ast_.targets.push_back(target);
    } while (Accept(TokenKind::kComma));
    if (!Is(TokenKind::kEqual)) return Fail("expected '=' and a value");
    AdvanceOverOperator();
    statement->value = ParseExpr();
    if (statement->value == kNoAst) return false;
    if (IsWord("on")) {
      Advance();
      statement->device = token_.span;
      if (!Is(TokenKind::kName)) return Fail("expected a device: cpu, cuda or cuda:N");
      Advance();
      if (Is(TokenKind::kColon)) {
        Advance();
        if (!Is(TokenKind::kInteger)) return Fail("expected the number of a device");
        Advance();
      }
      statement->device = From(statement->device);
    }
    if (!Is(TokenKind::kNewline) && !Is(TokenKind::kRightBrace) && !Is(TokenKind::kEnd)) {
      return Fail("expected the end of the statement");
    }
    return true;
  }

  // ------------------------------------------------------------- expressions

  // Counts a level of nesting as long as it lives.
  class Level {
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

  AstId ParseExpr() {
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
      return FailExpr("comparisons do not chain", "write logical_and(a < b, b < c)");
    }
    return Add(*kind, begin, {left, right});
  }

  AstId ParseSum() { return ParseChain(&Parser::ParseProduct, AstKind::kAdd, AstKind::kSub); }
  AstId ParseProduct() { return ParseChain(&Parser::ParseUnary, AstKind::kMul, AstKind::kMatmul); }

  // operand {operator operand}, to the left, with the operators first ... last.
  AstId ParseChain(AstId (Parser::*parse_operand)(), AstKind first, AstKind last) {
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

  std::optional<AstKind> BinaryOperator() const {
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

  AstId ParseUnary() {
    if (!Is(TokenKind::kMinus)) return ParsePower();
    const Level level(this);
    if (level.TooDeep()) return kNoAst;
    const Span begin = token_.span;
    AdvanceOverOperator();
    const AstId operand = ParseUnary();
    return operand == kNoAst ? kNoAst : Add(AstKind::kNegate, begin, {operand});
  }

  AstId ParsePower() {
    const Span begin = token_.span;
    const AstId base = ParsePostfix();
    if (base == kNoAst || !Is(TokenKind::kStarStar)) return base;
    const Level level(this);
    if (level.TooDeep()) return kNoAst;
    AdvanceOverOperator();
    const AstId exponent = ParseUnary();
    return exponent == kNoAst ? kNoAst : Add(AstKind::kPower, begin, {base, exponent});
  }

  AstId ParsePostfix() {
    const Span begin = token_.span;
    AstId value = ParsePrimary();
    while (value != kNoAst) {
      if (Is(TokenKind::kDot)) {
        Advance();
        if (!IsWord("T") && !IsWord("H")) {
          return FailExpr("expected T or H after '.'", "functions are called f(x)");
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

  AstId ParseIndex() {
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

  AstId ParsePrimary() {
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

  AstId ParseNamed() {
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

  // [expr {',' expr} [',']] and the closing bracket.
  bool ParseExprs(TokenKind close, std::vector<AstId>* list) {
    while (!Is(close)) {
      const AstId value = ParseExpr();
      if (value == kNoAst) return false;
      list->push_back(value);
      if (!Accept(TokenKind::kComma)) break;
    }
    return Close(close);
  }

  Lexer lexer_;
  const char* const file_;
  DiagnosticSink* const sink_;
  Ast ast_;
  Token token_;
  Span previous_;  // The token before.
  std::vector<Span> open_;
  int brackets_ = 0;
  int nesting_ = 0;
  // An error of this statement is in the sink already.
  bool reported_ = false;
};

}  // namespace

Ast ParseSyntax(absl::string_view text, const char* file, DiagnosticSink* sink) {
  return Parser(text, file, sink).Run();
}

}  // namespace otium
