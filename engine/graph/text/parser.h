// SPDX-License-Identifier: Apache-2.0
//
// Text to syntax tree, by recursive descent: one function a line of the grammar,
//
//   file       := graph+
//   graph      := 'graph' NAME '(' [param {',' param}] ')' '->' results '{' {statement NEWLINE} '}'
//   results    := NAME | '(' [NAME {',' NAME}] ')'
//   param      := NAME ':' type ['=' expr]
//   type       := DTYPE '[' [expr {',' expr}] ']' {WORD ['(' expr {',' expr} ')']}
//   statement  := target {',' target} '=' expr ['on' DEVICE]
//   target     := NAME [':' type]
//   expr       := sum [('<' | '<=' | '>' | '>=' | '==' | '!=') sum]
//   sum        := product {('+' | '-') product}
//   product    := unary {('@' | '*' | '/' | '//') unary}
//   unary      := '-' unary | power
//   power      := postfix ['**' unary]
//   postfix    := primary {'.T' | '.H' | '[' index {',' index} ']'}
//   primary    := NUMBER | STRING | 'true' | 'false' | 'none' | 'inf' | 'nan' | NAME
//               | ['call' | 'fused'] NAME '(' [arg {',' arg} [',']] ')'
//               | '[' [expr {',' expr} [',']] ']' | '(' expr ')'
//   arg        := expr | NAME '=' expr
//   index      := expr | [expr] ':' [expr] [':' expr] | '...'
//
// A newline ends a statement, except inside ( and [ and after an operator or a
// comma. What the names and expressions mean is decided in lower.cc, so a size
// is any expression here. After an error parsing goes on with the next line.
//
// Nesting of brackets, signs and powers is limited, chains (a + b + c ...) are
// not: they are loops here, and must be loops in whoever walks the tree.

#ifndef OTIUM_ENGINE_GRAPH_TEXT_PARSER_H_
#define OTIUM_ENGINE_GRAPH_TEXT_PARSER_H_

#include "absl/strings/string_view.h"
#include "engine/graph/text/ast.h"
#include "engine/graph/text/diagnostics.h"

namespace otium {

inline constexpr int kMaxNesting = 256;

// The tree of what could be read; errors are in the sink. `text` must outlive it.
Ast ParseSyntax(absl::string_view text, const char* file, DiagnosticSink* sink);

}  // namespace otium

#endif  // OTIUM_ENGINE_GRAPH_TEXT_PARSER_H_
