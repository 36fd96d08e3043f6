// SPDX-License-Identifier: Apache-2.0
//
// The syntax tree of a graph file: flat vectors, indices for pointers, spans for
// text. A tree of a million statements is a dozen allocations, and goes without
// recursion.

#ifndef OTIUM_ENGINE_GRAPH_TEXT_AST_H_
#define OTIUM_ENGINE_GRAPH_TEXT_AST_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/graph/text/lexer.h"

namespace otium {

using AstId = uint32_t;
inline constexpr AstId kNoAst = ~AstId{0};

enum class AstKind : uint8_t {
  // Leaves.
  kInteger,
  kFloat,
  kImaginary,
  kString,
  kName,
  kTrue,
  kFalse,
  kNone,
  kInf,
  kNan,
  kEllipsis,
  // Children as noted.
  kList,       // the elements
  kCall,       // the name (kName), the arguments
  kScopeCall,  // `call NAME(...)`: the name, the arguments
  kFusedCall,  // `fused NAME(...)`: the name, the arguments
  kKeyword,    // NAME = value: the name, the value
  kTranspose,  // x.T: x
  kAdjoint,    // x.H: x
  kIndex,      // x[...]: x, the indices
  kSlice,      // start, end, step; kNoAst where left out
  kNegate,     // x
  // Two children.
  kAdd,
  kSub,
  kMul,
  kDiv,
  kFloorDiv,
  kMatmul,
  kPower,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kEqual,
  kNotEqual,
};

inline bool IsBinary(AstKind kind) { return kind >= AstKind::kAdd; }

struct AstNode {
  AstKind kind;
  Span span;           // Of the whole expression.
  uint32_t begin = 0;  // Of the children, in Ast::children.
  uint32_t count = 0;
};

// DTYPE[dims] words: structure, layout and `weak`, each a kName or a kCall.
struct AstType {
  Span span;
  Span dtype;
  uint32_t begin = 0;  // Of the dims, then the words, in Ast::children.
  uint32_t num_dims = 0;
  uint32_t num_words = 0;
};

inline constexpr uint32_t kNoType = ~uint32_t{0};

struct AstTarget {
  Span name;  // "_" discards.
  uint32_t type = kNoType;
};

struct AstStatement {
  Span span;
  uint32_t begin = 0;  // Of the targets, in Ast::targets.
  uint32_t count = 0;
  AstId value = kNoAst;
  Span device;  // Of length 0 when there is none.
};

struct AstParam {
  Span name;
  uint32_t type = kNoType;
  AstId default_value = kNoAst;
};

struct AstGraph {
  Span name;
  std::vector<AstParam> params;
  std::vector<Span> results;
  uint32_t begin = 0;  // Of the statements, in Ast::statements.
  uint32_t count = 0;
  // Something in it was wrong and is reported; what is here is the rest.
  bool has_errors = false;
};

struct Ast {
  absl::string_view text;
  std::vector<AstNode> nodes;
  std::vector<AstId> children;
  std::vector<AstType> types;
  std::vector<AstTarget> targets;
  std::vector<AstStatement> statements;
  std::vector<AstGraph> graphs;

  absl::Span<const AstId> Children(const AstNode& node) const {
    return absl::MakeConstSpan(children).subspan(node.begin, node.count);
  }
  absl::Span<const AstId> Children(AstId id) const { return Children(nodes[id]); }
  AstKind Kind(AstId id) const { return nodes[id].kind; }
  absl::string_view Text(const Span& span) const { return span.Of(text); }
  absl::string_view Text(AstId id) const { return nodes[id].span.Of(text); }
  absl::Span<const AstId> Dims(const AstType& type) const {
    return absl::MakeConstSpan(children).subspan(type.begin, type.num_dims);
  }
  absl::Span<const AstId> Words(const AstType& type) const {
    return absl::MakeConstSpan(children).subspan(type.begin + type.num_dims, type.num_words);
  }
};

}  // namespace otium

#endif  // OTIUM_ENGINE_GRAPH_TEXT_AST_H_
