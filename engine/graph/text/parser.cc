// SPDX-License-Identifier: Apache-2.0
#include "engine/graph/text/parser.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/graph/text/parsing.h"

namespace otium {

Parser::Parser(absl::string_view text, const char* file, DiagnosticSink* sink)
    : lexer_(text), file_(file), sink_(sink) {
  ast_.text = text;
  Advance();
}

Ast Parser::Run() {
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

// ---- tokens

void Parser::Advance() {
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

bool Parser::Expect(TokenKind kind, absl::string_view where) {
  if (!Is(kind)) {
    return Fail(absl::StrCat("expected ", TokenKindName(kind), " ", where));
  }
  Advance();
  return true;
}

bool Parser::Open(TokenKind kind, absl::string_view where) {
  if (!Is(kind)) return Expect(kind, where);
  open_.push_back(token_.span);
  ++brackets_;
  Advance();
  return true;
}

bool Parser::Close(TokenKind kind) {
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

// ---- errors

bool Parser::Fail(std::string message, std::string help, std::vector<Diagnostic::Note> notes) {
  if (reported_) return false;
  reported_ = true;
  if (Is(TokenKind::kName)) {
    const std::string word(token_.span.Of(ast_.text));
    absl::StrAppend(&message, ", not '", word, "'");
    if (help.empty() && (word == "and" || word == "or")) {
      help = absl::StrCat("write logical_", word, "(a, b)");
    }
    if (help.empty() && (word == "for" || word == "if" || word == "while")) {
      help = absl::StrCat("'", word, "' is reserved: graphs have no control flow");
    }
  } else {
    absl::StrAppend(&message, ", not ", TokenKindName(token_.kind));
  }
  Report(token_.span, std::move(message), std::move(help), std::move(notes));
  return false;
}

AstId Parser::FailExpr(std::string message, std::string help) {
  Fail(std::move(message), std::move(help));
  return kNoAst;
}

void Parser::Report(const Span& span, std::string message, std::string help,
                    std::vector<Diagnostic::Note> notes) {
  // An end of line has no text; point just behind what came last.
  SourcePosition position = PositionOf(span, ast_.text, file_);
  if (span.Of(ast_.text) == "\n") position.length = 0;
  sink_->Add({Severity::kError, position, std::move(message), std::move(notes), std::move(help)});
}

void Parser::SkipLine() {
  ResetBrackets();
  while (!Is(TokenKind::kNewline) && !Is(TokenKind::kEnd) && !Is(TokenKind::kRightBrace)) {
    Advance();
  }
  reported_ = false;
}

void Parser::SkipToGraph() {
  ResetBrackets();
  reported_ = true;
  bool line_begins = false;
  while (!Is(TokenKind::kEnd) && !(line_begins && IsWord("graph"))) {
    line_begins = Is(TokenKind::kNewline);
    Advance();
  }
  reported_ = false;
}

// ---- nodes

Span Parser::From(const Span& begin) const {
  Span span = begin;
  span.length = previous_.end() - begin.offset;
  return span;
}

AstId Parser::Add(AstKind kind, const Span& begin, absl::Span<const AstId> children) {
  AstNode node{kind, From(begin), static_cast<uint32_t>(ast_.children.size()),
               static_cast<uint32_t>(children.size())};
  ast_.children.insert(ast_.children.end(), children.begin(), children.end());
  ast_.nodes.push_back(node);
  return static_cast<AstId>(ast_.nodes.size() - 1);
}

AstId Parser::Leaf(AstKind kind) {
  ast_.nodes.push_back({kind, token_.span, 0, 0});
  Advance();
  return static_cast<AstId>(ast_.nodes.size() - 1);
}

// ---- graphs

void Parser::ParseGraph() {
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

bool Parser::ParseHeader(AstGraph* graph) {
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

bool Parser::ParseNewName(absl::string_view what, Span* name) {
  *name = token_.span;
  if (!Is(TokenKind::kName)) return Fail(absl::StrCat("expected a name ", what));
  if (IsReservedWord(name->Of(ast_.text))) {
    if (!reported_) {
      reported_ = true;
      const absl::string_view word = name->Of(ast_.text);
      Report(*name, absl::StrCat("'", word, "' is reserved, it cannot be a name"),
             word == "if" || word == "for" || word == "while"
                 ? "graphs have no control flow; where(condition, a, b) chooses"
                 : "");
    }
    return false;
  }
  Advance();
  return true;
}

bool Parser::ParseType(uint32_t* index) {
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

// ---- statements

bool Parser::ParseStatement() {
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

bool Parser::ParseStatementParts(AstStatement* statement) {
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

Ast ParseSyntax(absl::string_view text, const char* file, DiagnosticSink* sink) {
  return Parser(text, file, sink).Run();
}

}  // namespace otium
