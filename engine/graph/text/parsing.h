// SPDX-License-Identifier: Apache-2.0
//
// The inside of parser.h, private to it: one function a line of the grammar.
// parser.cc has tokens, errors, graphs and statements, parse_expr.cc expressions.
// A function that fails has reported why, and returns false or kNoAst.

#ifndef OTIUM_ENGINE_GRAPH_TEXT_PARSING_H_
#define OTIUM_ENGINE_GRAPH_TEXT_PARSING_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/graph/text/ast.h"
#include "engine/graph/text/diagnostics.h"
#include "engine/graph/text/lexer.h"

namespace otium {

class Parser {
 public:
  Parser(absl::string_view text, const char* file, DiagnosticSink* sink);
  Ast Run();

 private:
  // ------------------------------------------------------------------ tokens

  bool Is(TokenKind kind) const { return token_.kind == kind; }
  bool IsWord(absl::string_view word) const {
    return Is(TokenKind::kName) && token_.span.Of(ast_.text) == word;
  }
  void Advance();
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
  bool Expect(TokenKind kind, absl::string_view where);
  // '(' or '[': newlines mean nothing until the bracket is closed.
  bool Open(TokenKind kind, absl::string_view where);
  bool Close(TokenKind kind);

  // ------------------------------------------------------------------ errors

  // Reports what is here instead of what was wanted, once a statement.
  bool Fail(std::string message, std::string help = "", std::vector<Diagnostic::Note> notes = {});
  AstId FailExpr(std::string message, std::string help = "");
  void Report(const Span& span, std::string message, std::string help = "",
              std::vector<Diagnostic::Note> notes = {});
  void ResetBrackets() {
    brackets_ = 0;
    open_.clear();
  }
  // To the end of the line or the body, whatever brackets are open.
  void SkipLine();
  // To a line that begins with the word.
  void SkipToGraph();

  // ------------------------------------------------------------------- nodes

  Span From(const Span& begin) const;
  AstId Add(AstKind kind, const Span& begin, absl::Span<const AstId> children);
  AstId Leaf(AstKind kind);

  // ------------------------------------------------------------------ graphs

  void ParseGraph();
  bool ParseHeader(AstGraph* graph);
  // A name that is defined or refers to one that is: not a reserved word.
  bool ParseNewName(absl::string_view what, Span* name);
  bool ParseType(uint32_t* index);

  // -------------------------------------------------------------- statements

  // A statement that fails keeps its targets, so that their uses are not
  // reported as well.
  bool ParseStatement();
  bool ParseStatementParts(AstStatement* statement);

  // ------------------------------------------------------------- expressions

  // Counts a level of nesting as long as it lives.
  class Level;
  AstId ParseExpr();
  AstId ParseSum() { return ParseChain(&Parser::ParseProduct, AstKind::kAdd, AstKind::kSub); }
  AstId ParseProduct() { return ParseChain(&Parser::ParseUnary, AstKind::kMul, AstKind::kMatmul); }
  // operand {operator operand}, to the left, with the operators first ... last.
  AstId ParseChain(AstId (Parser::*parse_operand)(), AstKind first, AstKind last);
  std::optional<AstKind> BinaryOperator() const;
  AstId ParseUnary();
  AstId ParsePower();
  AstId ParsePostfix();
  AstId ParseIndex();
  AstId ParsePrimary();
  AstId ParseNamed();
  // [expr {',' expr} [',']] and the closing bracket.
  bool ParseExprs(TokenKind close, std::vector<AstId>* list);

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

}  // namespace otium

#endif  // OTIUM_ENGINE_GRAPH_TEXT_PARSING_H_
