// SPDX-License-Identifier: Apache-2.0
#include "engine/graph/verify.h"

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/graph/schema.h"

namespace otium {
namespace {

class Verifier {
 public:
  explicit Verifier(const Graph& graph) : graph_(graph) {}

  absl::Status Run() {
    OTIUM_RETURN_IF_ERROR(CheckInputs());
    for (NodeId n = 0; n < graph_.num_nodes(); ++n) {
      absl::Status status = CheckNode(n);
      if (!status.ok()) return Wrong(n, status.message());
    }
    return CheckOutputs();
  }

 private:
  absl::Status Error(absl::string_view message) const {
    return absl::InternalError(absl::StrCat("graph ", graph_.name(), ": ", message));
  }
  absl::Status Wrong(NodeId n, absl::string_view message) const {
    const absl::string_view name =
        graph_.num_results(n) > 0 ? graph_.value_name(graph_.result(n)) : "";
    return Error(absl::StrCat("node ", n, " (", graph_.op(n).name, name.empty() ? "" : " ", name,
                              "): ", message));
  }

  absl::Status CheckInputs() const {
    absl::flat_hash_set<absl::string_view> names;
    for (size_t i = 0; i < graph_.inputs().size(); ++i) {
      const GraphInput& in = graph_.inputs()[i];
      if (in.value >= graph_.num_values() || graph_.producer(in.value) != i ||
          !graph_.Is(static_cast<NodeId>(i), Op::input) ||
          graph_.attributes(static_cast<NodeId>(i)).Get<std::string>("name") != in.name) {
        return Error(absl::StrCat("the input ", in.name, " is not node ", i));
      }
      if (!names.insert(in.name).second) return Error(absl::StrCat("two inputs ", in.name));
      const TensorType& type = graph_.type(in.value);
      if (type.weak ||
          type.structure != NormalizeStructure(type.structure, type.dtype, type.shape)) {
        return Error(absl::StrCat("the type of the input ", in.name, " is weak or not normal"));
      }
      if (in.default_value &&
          (in.default_value->outputs().size() != 1 || !in.default_value->inputs().empty())) {
        return Error(absl::StrCat("the default of ", in.name, " is not one value of no inputs"));
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckNode(NodeId n) {
    const OpDef& op = graph_.op(n);
    const absl::Span<const ValueId> operands = graph_.operands(n);
    const Attributes& attributes = graph_.attributes(n);
    if (op.id == Op::input) {
      return n < graph_.inputs().size() ? absl::OkStatus()
                                        : absl::InternalError("not among the graph's inputs");
    }
    if (op.id == Op::on) return absl::InternalError("a pin is no node of a graph");
    if (operands.size() != NumOperands(op, operands.size())) {
      return absl::InternalError("optional operands are not filled in");
    }
    types_.clear();
    for (ValueId v : operands) {
      if (v != kNoValue && (v >= graph_.num_values() || graph_.producer(v) >= n)) {
        return absl::InternalError(absl::StrCat("the operand ", v, " does not stand before it"));
      }
      types_.push_back(v == kNoValue ? nullptr : &graph_.type(v));
    }
    OTIUM_RETURN_IF_ERROR(CheckOperandCount(op, types_));
    OTIUM_ASSIGN_OR_RETURN(const auto casts, PromoteOperands(op, types_));
    for (const auto& cast : casts) {
      if (cast.has_value()) {
        return absl::InternalError(absl::StrCat("an operand is not cast to ", DTypeName(*cast)));
      }
    }
    size_t i = 0;
    for (const ParamDef& p : op.params) i += !IsOperand(p.kind);
    if (i != attributes.values().size()) return absl::InternalError("attributes are missing");
    ResultTypes inferred;
    const OpCall call{op, types_, attributes};
    OTIUM_RETURN_IF_ERROR(InferTypes(call, &inferred));
    if (op.structure != nullptr) op.structure({call, graph_, operands}, &inferred);
    const absl::Span<const TensorType> types = graph_.result_types(n);
    if (inferred.size() != types.size()) {
      return absl::InternalError(
          absl::StrCat("has ", types.size(), " results, not ", inferred.size()));
    }
    for (size_t r = 0; r < types.size(); ++r) {
      const TensorType& type = types[r];
      TensorType& want = inferred[r];
      want.structure = NormalizeStructure(want.structure, want.dtype, want.shape);
      if (type.dtype != want.dtype || !(type.shape == want.shape) || type.weak != want.weak ||
          type.layout != want.layout || !type.structure.Implies(want.structure)) {
        return absl::InternalError(absl::StrCat("result ", r, " is ", type.ToString(),
                                                type.weak ? " (weak)" : "", ", not ",
                                                want.ToString(), want.weak ? " (weak)" : ""));
      }
    }
    return CheckAttributes(n);
  }

  absl::Status CheckAttributes(NodeId n) {
    const Attributes& attributes = graph_.attributes(n);
    for (const AttributeValue& value : attributes.values()) {
      if (std::holds_alternative<GraphPtr>(value) && !std::get<GraphPtr>(value)) {
        return absl::InternalError("its graph is missing");
      }
    }
    if (graph_.Is(n, Op::assume)) {
      const TensorType& x = graph_.type(graph_.operands(n)[0]);
      const Structure& said = attributes.Get<Structure>("structure");
      if (said != NormalizeStructure(said, x.dtype, x.shape)) {
        return absl::InternalError("what it says is not in normal form");
      }
      if (x.structure.Implies(said)) return absl::InternalError("what it says is known already");
    }
    if (graph_.op(n).Is(kDataDependent)) {
      const Dim* count = attributes.Find<Dim>("count");
      if (count == nullptr || (!count->IsStatic() && count->symbol().empty())) {
        return absl::InternalError("its count has no name");
      }
      if (count->IsStatic()) return absl::OkStatus();
      const NodeId first = counts_.emplace(std::string(count->symbol()), n).first->second;
      if (&graph_.op(first) != &graph_.op(n) || graph_.operands(first) != graph_.operands(n) ||
          !(graph_.attributes(first) == attributes)) {
        return absl::InternalError(absl::StrCat("the size ", count->symbol(), " is made twice"));
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckOutputs() const {
    absl::flat_hash_set<absl::string_view> names;
    for (const GraphOutput& out : graph_.outputs()) {
      if (out.value >= graph_.num_values()) {
        return Error(absl::StrCat("the output ", out.name, " is no value"));
      }
      if (graph_.type(out.value).weak) {
        return Error(absl::StrCat("the output ", out.name, " is weak"));
      }
      if (!names.insert(out.name).second) return Error(absl::StrCat("two outputs ", out.name));
    }
    return absl::OkStatus();
  }

  const Graph& graph_;
  absl::InlinedVector<const TensorType*, 4> types_;
  absl::flat_hash_map<std::string, NodeId> counts_;
};

}  // namespace

absl::Status VerifyGraph(const Graph& graph) {
  // Graphs within graphs by a list, not by recursion, and each once.
  std::vector<const Graph*> pending = {&graph};
  absl::flat_hash_set<const Graph*> seen = {&graph};
  for (size_t i = 0; i < pending.size(); ++i) {
    const Graph& g = *pending[i];
    OTIUM_RETURN_IF_ERROR(Verifier(g).Run());
    const auto add = [&](const GraphPtr& inner) {
      if (inner && seen.insert(inner.get()).second) pending.push_back(inner.get());
    };
    for (const GraphInput& in : g.inputs()) add(in.default_value);
    for (NodeId n = 0; n < g.num_nodes(); ++n) {
      for (const AttributeValue& value : g.attributes(n).values()) {
        if (const auto* inner = std::get_if<GraphPtr>(&value)) add(*inner);
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace otium
