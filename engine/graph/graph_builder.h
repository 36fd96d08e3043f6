// SPDX-License-Identifier: Apache-2.0
//
// GraphBuilder makes Graphs. Adding a node that equals an earlier one gives the
// earlier one, so common subexpressions need no pass. Types are inferred on the
// way, structure included.
//
// Errors stick: the first one is kept, later calls return kNoValue, and Build
// returns it, so a pass need not check every node it makes.
//
//   GraphBuilder b(graph.sources());
//   ValueId p = b.Add1(Op::mv, {A, x});
//   b.SetOutput("z", p);
//   absl::StatusOr<Graph> g = std::move(b).Build();

#ifndef OTIUM_ENGINE_GRAPH_GRAPH_BUILDER_H_
#define OTIUM_ENGINE_GRAPH_GRAPH_BUILDER_H_

#include <complex>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/base/export.h"
#include "engine/graph/expr.h"
#include "engine/graph/graph.h"

namespace otium {

class OTIUM_EXPORT GraphBuilder {
 public:
  explicit GraphBuilder(std::shared_ptr<const SourceTable> sources);
  // Begins with the name and the inputs of `original`, which keep their values. As
  // long as its nodes are copied one after the other and nothing else is added, the
  // graph so far is a part of `original` and nothing is built. `sources` begin with
  // those of `original`.
  GraphBuilder(GraphPtr original, std::shared_ptr<const SourceTable> sources);
  ~GraphBuilder();
  GraphBuilder(const GraphBuilder&) = delete;
  GraphBuilder& operator=(const GraphBuilder&) = delete;

  void SetName(absl::string_view name);
  // Inputs keep the order in which they are added, used or not.
  ValueId AddInput(absl::string_view name, const TensorType& type,
                   GraphPtr default_value = nullptr);
  // Adds or finds the node; its results are consecutive from the one returned.
  // An assume of what is known already is its operand.
  ValueId Add(const OpDef& op, absl::Span<const ValueId> operands, const Attributes& attributes);
  // The same with attributes by name and defaults for the others.
  ValueId Add(Op op, std::initializer_list<ValueId> operands,
              std::vector<NamedAttribute> attributes = {});
  // Adds node `n` of `from`, a graph of the same sources: its operands have their
  // new values in `values`, which gets those of its results. Origins, pin and names
  // come along; attributes may be other ones.
  void Copy(const Graph& from, NodeId n, std::vector<ValueId>* values);
  void Copy(const Graph& from, NodeId n, const Attributes& attributes,
            std::vector<ValueId>* values);
  // A 0-D constant of the given dtype; of a real one when that is real.
  ValueId AddScalar(DType dtype, std::complex<double> value);
  void AddOutput(absl::string_view name, ValueId value);

  // Nodes made from now on come from these source nodes; a node found again
  // keeps its first origins.
  void SetOrigins(absl::Span<const SourceId> origins);
  // Nodes made from now on are wanted on this device (part of their identity).
  void SetPin(std::optional<Device> pin);
  // Gives a value a name unless it has one.
  void SetValueName(ValueId value, absl::string_view name);

  // The graph so far, for looking at what was made, and perhaps more; valid until
  // something is added.
  const Graph& graph() const { return original_ ? *original_ : *graph_; }
  const absl::Status& status() const { return status_; }
  // Keeps the error unless there is one.
  void Fail(absl::Status status);

  // The graph of what the outputs need, plus all inputs.
  absl::StatusOr<Graph> Build() &&;

 private:
  struct Table;
  // Whether a copy of node `n` of `from` is the next node of original_, as it is.
  bool IsNextOfOriginal(const Graph& from, NodeId n, const Attributes& attributes,
                        const std::vector<ValueId>& values) const;
  // Makes the nodes of original_ so far nodes of graph_.
  void LeaveOriginal();

  // The graph so far, unless that is the first num_kept_ nodes of original_.
  std::unique_ptr<Graph> graph_;
  GraphPtr original_;
  NodeId num_kept_ = 0;
  std::unique_ptr<Table> table_;
  std::vector<SourceId> current_origins_;
  std::optional<Device> current_pin_;
  absl::Status status_;
};

// Copies what `roots` need of `from` into `builder` and returns their new values.
// `known` maps values of `from` that are there already (kNoValue: not yet); it
// must have from.num_values() entries and is filled in. Inputs of `from` must be
// known.
std::vector<ValueId> Inline(const Graph& from, absl::Span<const ValueId> roots,
                            std::vector<ValueId>* known, GraphBuilder* builder);

}  // namespace otium

#endif  // OTIUM_ENGINE_GRAPH_GRAPH_BUILDER_H_
