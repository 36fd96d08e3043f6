// SPDX-License-Identifier: Apache-2.0
//
// Expressions. Nesting is bounded by the parser, so it may recurse; the left edge
// of a chain (a + b + c ..., A.T[0].T ...) is not, and is walked by a loop.

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "engine/graph/schema.h"
#include "engine/graph/text/lowering.h"

namespace otium {
namespace {

bool HasLeftEdge(AstKind kind) {
  return IsBinary(kind) || kind == AstKind::kTranspose || kind == AstKind::kAdjoint ||
         kind == AstKind::kIndex || kind == AstKind::kNegate;
}

absl::string_view BinaryOp(AstKind kind) {
  switch (kind) {
    case AstKind::kAdd: return "add";
    case AstKind::kSub: return "sub";
    case AstKind::kMul: return "mul";
    case AstKind::kDiv: return "div";
    case AstKind::kMatmul: return "matmul";
    case AstKind::kPower: return "pow";
    case AstKind::kLess: return "lt";
    case AstKind::kLessEqual: return "le";
    case AstKind::kGreater: return "gt";
    case AstKind::kGreaterEqual: return "ge";
    case AstKind::kEqual: return "eq";
    case AstKind::kNotEqual: return "ne";
    default: return "";
  }
}

}  // namespace

Expr GraphLowering::LowerExpr(AstId id) {
  std::vector<AstId> edge;
  while (HasLeftEdge(ast_.Kind(id)) && !IsNumberLiteral(ast_, id)) {
    edge.push_back(id);
    id = ast_.Children(id)[0];
  }
  Expr value = LowerLeaf(id);
  for (size_t i = edge.size(); i-- > 0 && value;) value = LowerStep(edge[i], std::move(value));
  return value;
}

Expr GraphLowering::LowerLeaf(AstId id) {
  const AstKind kind = ast_.Kind(id);
  if (kind == AstKind::kTrue || kind == AstKind::kFalse || IsNumberLiteral(ast_, id)) {
    const std::optional<NumberLiteral> number = eval_.Number(id);
    if (!number) return Expr();
    return Make("constant", {}, {{"value", WeakTensor(*number)}, {"weak", true}}, id, {});
  }
  switch (kind) {
    case AstKind::kName: return LowerName(id);
    case AstKind::kCall:
    case AstKind::kScopeCall:
    case AstKind::kFusedCall: {
      std::optional<std::vector<Expr>> results = LowerCall(id);
      if (!results) return Expr();
      if (results->size() != 1) {
        Error(id,
              absl::StrCat("a call with ", results->size(),
                           " results stands alone on the right of its statement"),
              "give the results names: a, b = f(x)");
        return Expr();
      }
      return results->front();
    }
    case AstKind::kList:
      Error(id, "a list is no tensor here", "write tensor([1, 2, 3], dtype=f32)");
      return Expr();
    case AstKind::kString: Error(id, "a string is no tensor"); return Expr();
    case AstKind::kNone: Error(id, "none is no tensor"); return Expr();
    default: Error(id, "expected a tensor"); return Expr();
  }
}

Expr GraphLowering::LowerName(AstId id) {
  const absl::string_view name = Text(id);
  if (auto it = names_.find(name); it != names_.end()) {
    values_[it->second].used = true;
    return values_[it->second].expr;
  }
  if (const Dim* size = sizes_.Find(name)) return Make("size", {}, {{"value", *size}}, id, {});
  // It may be defined on a line that could not be read.
  if (graph_.has_errors) return Expr();
  std::string help;
  if (DTypeFromName(name).has_value()) {
    help = absl::StrCat("to convert x, write cast(x, ", name, ")");
  } else {
    std::vector<absl::string_view> known = sizes_.names();
    for (const Value& v : values_) known.push_back(ast_.Text(v.declared));
    help = DidYouMean(name, known);
    if (help.empty() && FindOp(name) != nullptr) {
      help = absl::StrCat(name, " is an op: call it, ", name, "(...)");
    }
  }
  Error(id, absl::StrCat("unknown name ", name), std::move(help));
  return Expr();
}

Expr GraphLowering::LowerStep(AstId id, Expr x) {
  const absl::Span<const AstId> children = ast_.Children(id);
  const AstKind kind = ast_.Kind(id);
  switch (kind) {
    case AstKind::kNegate: return Make("neg", {std::move(x)}, {}, id, children);
    case AstKind::kTranspose:
    case AstKind::kAdjoint: {
      Expr transposed = Make("transpose", {std::move(x)},
                             {{"dim0", int64_t{-2}}, {"dim1", int64_t{-1}}}, id, children);
      if (!transposed || kind == AstKind::kTranspose) return transposed;
      return Make("conj", {std::move(transposed)}, {}, id, {});
    }
    case AstKind::kIndex: return LowerIndex(id, std::move(x));
    case AstKind::kFloorDiv:
      Error(id, "'//' divides sizes only", "for tensors write floor(a / b)");
      return Expr();
    default: {
      Expr right = LowerExpr(children[1]);
      if (!right) return right;
      absl::string_view op = BinaryOp(kind);
      if (kind == AstKind::kMatmul && FindOp(op) == nullptr) {
        op = right.type().rank() == 1 ? "mv" : "mm";
      }
      return Make(op, {std::move(x), std::move(right)}, {}, id, children);
    }
  }
}

// Positions go to select and slice as they are written: those know Python's rules.
Expr GraphLowering::LowerIndex(AstId id, Expr x) {
  const absl::Span<const AstId> indices = ast_.Children(id).subspan(1);
  const int rank = x.type().rank();
  const auto ellipses = std::count_if(indices.begin(), indices.end(),
                                      [&](AstId i) { return ast_.Kind(i) == AstKind::kEllipsis; });
  const int given = static_cast<int>(indices.size() - ellipses);
  if (ellipses > 1) {
    Error(id, "more than one '...' in an index");
    return Expr();
  }
  if (given > rank) {
    Error(id, NameSizes(absl::StrCat(given, " indices into ", ShortType(x.type()))));
    return Expr();
  }
  int dim = 0;
  for (AstId index : indices) {
    if (ast_.Kind(index) == AstKind::kEllipsis) {
      dim += rank - given;
      continue;
    }
    const auto at_dim = static_cast<int64_t>(dim);
    if (ast_.Kind(index) != AstKind::kSlice) {
      const bool is_name = ast_.Kind(index) == AstKind::kName;
      if (ast_.Kind(index) == AstKind::kList ||
          (is_name && names_.contains(Text(index)) && sizes_.Find(Text(index)) == nullptr)) {
        Error(index, "an index is a size or a range of them, not data",
              absl::StrCat("several that are data: index_select(..., ", dim, ", indices)"));
        return Expr();
      }
      const std::optional<Dim> position = eval_.Size(index, &sizes_);
      if (!position) return Expr();
      x = Make("select", {std::move(x)}, {{"dim", at_dim}, {"index", *position}}, id, {});
    } else {
      const absl::Span<const AstId> parts = ast_.Children(index);
      ++dim;
      if (parts[0] == kNoAst && parts[1] == kNoAst && parts[2] == kNoAst) continue;
      constexpr absl::string_view kNames[] = {"start", "end", "step"};
      std::vector<NamedAttribute> attributes = {{"dim", at_dim}};
      for (int i = 0; i < 3; ++i) {
        if (parts[i] == kNoAst) continue;
        const std::optional<Dim> part = eval_.Size(parts[i], &sizes_);
        if (!part) return Expr();
        attributes.push_back({kNames[i], *part});
      }
      x = Make("slice", {std::move(x)}, std::move(attributes), id, {});
    }
    if (!x) return x;
  }
  return x;
}

Expr GraphLowering::Make(absl::string_view name, Operands operands,
                         std::vector<NamedAttribute> attributes, AstId at,
                         absl::Span<const AstId> syntax) {
  const OpDef* op = FindOp(name);
  if (op == nullptr) {
    Error(at, absl::StrCat("there is no op ", name));
    return Expr();
  }
  std::optional<std::vector<Expr>> results =
      MakeAll(*op, std::move(operands), std::move(attributes), at, syntax);
  return results ? std::move(results->front()) : Expr();
}

std::optional<std::vector<Expr>> GraphLowering::MakeAll(const OpDef& op, Operands operands,
                                                        std::vector<NamedAttribute> attributes,
                                                        AstId at, absl::Span<const AstId> syntax) {
  if (++nodes_ > file_.options.max_nodes) {
    // Once: the graph is given up, and nothing more can be made in it.
    if (!std::exchange(too_many_nodes_, true)) {
      Error(at, absl::StrCat("the graph has more than ", file_.options.max_nodes, " nodes"));
    }
    return std::nullopt;
  }
  const SourcePosition position = Position(ast_.nodes[at].span);
  const auto node = MakeNode(op, operands, attributes, position);
  if (node->error() != nullptr) {
    ReportNodeError(op, *node->error(), operands, std::move(attributes), at, syntax);
    return std::nullopt;
  }
  std::vector<Expr> results;
  for (uint32_t i = 0; i < node->types().size(); ++i) {
    Expr result(node, i);
    // Numbers and sizes belong where they are used, unless they are all there is.
    const bool number = op.id == Op::constant || op.id == Op::size;
    if (!device_.empty() && (!number || at == statement_value_)) {
      result = MakeExpr(Op::on, Operands{std::move(result)}, {{"device", device_}}, position);
    }
    results.push_back(std::move(result));
  }
  return results;
}

void GraphLowering::ReportNodeError(const OpDef& op, const absl::Status& status,
                                    const Operands& operands,
                                    std::vector<NamedAttribute> attributes, AstId at,
                                    absl::Span<const AstId> syntax) {
  Diagnostic diagnostic{
      Severity::kError, Position(ast_.nodes[at].span), NameSizes(status.message()), {}, ""};
  if (const auto* callee =
          attributes.empty() ? nullptr : std::get_if<GraphPtr>(&attributes[0].value)) {
    // The user called a graph by its name.
    absl::string_view message = diagnostic.message;
    absl::ConsumePrefix(&message, absl::StrCat(op.name, ": "));
    diagnostic.message = absl::StrCat((*callee)->name(), ": ", message);
  }
  // Operands have no part in an attribute that is missing or of the wrong kind.
  const bool of_operands = ResolveAttributes(op, attributes).ok();
  for (size_t i = 0; of_operands && i < std::min(operands.size(), syntax.size()); ++i) {
    if (!operands[i] || syntax[i] == kNoAst || operands[i].type().rank() == 0) continue;
    const std::string type = NameSizes(ShortType(operands[i].type()));
    const auto name = names_.find(Text(syntax[i]));
    if (ast_.Kind(syntax[i]) != AstKind::kName || name == names_.end()) {
      diagnostic.notes.push_back(
          {Position(ast_.nodes[syntax[i]].span), absl::StrCat("this is ", type)});
      continue;
    }
    const Value& value = values_[name->second];
    diagnostic.notes.push_back(
        {Position(value.declared),
         absl::StrCat(name->first, " is ", value.is_input ? "declared" : "defined", " here as ",
                      type)});
  }
  diagnostic.help = TransposeHelp(op, operands, attributes, at, syntax);
  file_.sink.Add(std::move(diagnostic));
}

namespace {

// Where a transpose is what one forgets: where operands must fit each other, as in
// products, solvers and sums, or a declaration. A reduction or a view that takes A.T
// too would compute something else.
bool MatchesShapes(const OpDef& op) {
  return op.promotion == Promotion::kEqual || op.id == Op::call ||
         (op.Is(kPointwiseOp) && op.num_operand_params() > 1);
}

}  // namespace

std::string GraphLowering::TransposeHelp(const OpDef& op, const Operands& operands,
                                         const std::vector<NamedAttribute>& attributes, AstId at,
                                         absl::Span<const AstId> syntax) {
  if (!MatchesShapes(op)) return "";
  constexpr size_t kMaxQuote = 80;
  const Span& whole = ast_.nodes[at].span;
  if (whole.length > kMaxQuote || absl::StrContains(Text(at), "\n")) return "";
  for (size_t i = 0; i < std::min(operands.size(), syntax.size()); ++i) {
    if (!operands[i] || syntax[i] == kNoAst || operands[i].type().rank() < 2) continue;
    Operands turned = operands;
    turned[i] = operands[i].T();
    if (MakeNode(op, std::move(turned), attributes, {})->error() != nullptr) continue;
    const AstId operand = syntax[i];
    const AstKind kind = ast_.Kind(operand);
    std::string text(Text(operand));
    if (kind == AstKind::kTranspose && !absl::StartsWith(text, "(")) {
      text = std::string(Text(ast_.Children(operand)[0]));
    } else if ((IsBinary(kind) || kind == AstKind::kNegate) && !absl::StartsWith(text, "(")) {
      text = absl::StrCat("(", text, ").T");
    } else {
      text += ".T";
    }
    const Span& part = ast_.nodes[operand].span;
    return absl::StrCat("did you mean ", ast_.text.substr(whole.offset, part.offset - whole.offset),
                        text, ast_.text.substr(part.end(), whole.end() - part.end()), "?");
  }
  return "";
}

}  // namespace otium
