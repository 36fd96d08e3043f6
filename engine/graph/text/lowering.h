// SPDX-License-Identifier: Apache-2.0
//
// The inside of lower.h, private to it: what is known of a whole file, and of
// the one graph that is being read. lower.cc has files and statements,
// lower_expr.cc expressions, lower_call.cc calls of ops and graphs.
//
// An empty Expr is one whose error has been reported: it flows on in silence.

#ifndef OTIUM_ENGINE_GRAPH_TEXT_LOWERING_H_
#define OTIUM_ENGINE_GRAPH_TEXT_LOWERING_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "engine/graph/capture.h"
#include "engine/graph/function.h"
#include "engine/graph/text/ast.h"
#include "engine/graph/text/evaluate.h"
#include "engine/graph/text/lower.h"

namespace otium {

// A graph of this file that later ones may call.
struct CallableGraph {
  GraphPtr graph;
  // Where its inputs are declared, in order.
  std::vector<Span> inputs;
  int depth = 1;
  int64_t nodes = 0;
  // Has random ops or sizes that are data in its results: a call is written out,
  // because each must have its own streams and sizes.
  bool written_out = false;
};

struct FileLowering {
  const Ast& ast;
  const char* file;
  const ParseOptions& options;
  DiagnosticSink& sink;
  absl::flat_hash_map<std::string, CallableGraph> graphs;
  // Graphs with errors: calls of them are not reported again.
  absl::flat_hash_set<std::string> failed;
  // Files read by load, by path.
  absl::flat_hash_map<std::string, Tensor> loaded;
  int64_t written_out = 0;
};

class GraphLowering {
 public:
  GraphLowering(FileLowering* file, const AstGraph& graph);

  // Empty when there was an error.
  std::optional<Function> Run();
  // What later graphs need to know of it.
  CallableGraph Callable(const Function& function) const;

 private:
  struct Value {
    Expr expr;
    Span declared;
    bool is_input = false;
    bool used = false;
  };

  // --- lower.cc
  void LowerInputs();
  void LowerStatement(const AstStatement& statement);
  Expr CheckTarget(const AstTarget& target, Expr value, AstId at);
  bool CheckShape(const AstType& type, const Expr& value, const std::string& name);
  void Define(const Span& name, Expr value, bool is_input);
  void CheckUses();

  // --- lower_expr.cc
  Expr LowerExpr(AstId id);
  Expr LowerLeaf(AstId id);
  Expr LowerName(AstId id);
  // One step along the left edge of the tree: `x` is what its left child is.
  Expr LowerStep(AstId id, Expr x);
  Expr LowerIndex(AstId id, Expr x);
  // The node, or an error with notes about the operands; `names` are their
  // syntax, for the notes and the help. Pinned when the statement is.
  Expr Make(absl::string_view op, Operands operands, std::vector<NamedAttribute> attributes,
            AstId at, absl::Span<const AstId> syntax);
  std::optional<std::vector<Expr>> MakeAll(const OpDef& op, Operands operands,
                                           std::vector<NamedAttribute> attributes, AstId at,
                                           absl::Span<const AstId> syntax);
  void ReportNodeError(const OpDef& op, const absl::Status& status, const Operands& operands,
                       std::vector<NamedAttribute> attributes, AstId at,
                       absl::Span<const AstId> syntax);
  // "did you mean mv(A.T, b)?" when exchanging an operand's dimensions helps.
  std::string TransposeHelp(const OpDef& op, const Operands& operands,
                            const std::vector<NamedAttribute>& attributes, AstId at,
                            absl::Span<const AstId> syntax);

  // --- lower_call.cc
  // All results of a call; empty when there was an error.
  std::optional<std::vector<Expr>> LowerCall(AstId id);
  std::optional<std::vector<Expr>> LowerOpCall(const OpDef& op, AstId id);
  std::optional<std::vector<Expr>> LowerGraphCall(const OpDef& op, absl::string_view name,
                                                  AstId id);
  std::optional<std::vector<Expr>> CheckCount(std::vector<Expr> results, AstId id);
  void ReportUnknownOp(AstId id);
  Expr LowerTensor(AstId id);
  Expr LowerLoad(AstId id);
  // The arguments of a call by the names given, "" for those before that have
  // none: for the forms tensor and load, which are no ops.
  struct Form {
    absl::string_view name;
    AstId value;
  };
  bool FormArguments(AstId id, absl::Span<const absl::string_view> keywords, AstId* positional,
                     std::vector<Form>* given);

  void Error(AstId id, std::string message, std::string help = "") {
    eval_.Error(id, std::move(message), std::move(help));
  }
  SourcePosition Position(const Span& span) const { return eval_.Position(span); }
  absl::string_view Text(AstId id) const { return ast_.Text(id); }
  // `message` with the names that the text gives to sizes that are data.
  std::string NameSizes(absl::string_view message) const;

  FileLowering& file_;
  const Ast& ast_;
  const AstGraph& graph_;
  Evaluator eval_;
  SizeScope sizes_;
  CaptureRequest request_;
  std::vector<Value> values_;
  absl::flat_hash_map<absl::string_view, uint32_t> names_;
  // Of the statement being read.
  std::string device_;
  AstId statement_value_ = kNoAst;
  // Which node made a size that is data, by its name.
  absl::flat_hash_map<std::string, Expr> counts_;
  int64_t nodes_ = 0;
  bool too_many_nodes_ = false;
  int depth_ = 1;
  int errors_before_;
};

}  // namespace otium

#endif  // OTIUM_ENGINE_GRAPH_TEXT_LOWERING_H_
