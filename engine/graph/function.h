// SPDX-License-Identifier: Apache-2.0
//
// Function: named inputs and outputs over a graph with symbolic sizes. What a
// graph file holds, and what C++ code makes:
//
//   Function::Builder b("addmv");
//   Dim m = Dim::Symbol("m"), n = Dim::Symbol("n");
//   Expr A = b.Input("A", DType::kF32, {m, n}), x = b.Input("x", DType::kF32, {n});
//   Expr y = b.Input("y", DType::kF32, {m});
//   b.Output("z", y + mv(A, x));
//   absl::StatusOr<Function> f = b.Build();

#ifndef OTIUM_ENGINE_GRAPH_FUNCTION_H_
#define OTIUM_ENGINE_GRAPH_FUNCTION_H_

#include <memory>
#include <source_location>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "engine/base/export.h"
#include "engine/graph/capture.h"
#include "engine/graph/graph.h"

namespace otium {

class OTIUM_EXPORT Function {
 public:
  explicit Function(Graph graph) : graph_(std::make_shared<const Graph>(std::move(graph))) {}

  const Graph& graph() const { return *graph_; }
  const GraphPtr& graph_ptr() const { return graph_; }
  const std::string& name() const { return graph_->name(); }

  class Builder;

 private:
  GraphPtr graph_;
};

class OTIUM_EXPORT Function::Builder {
 public:
  explicit Builder(absl::string_view name) { request_.name = std::string(name); }

  // A required input. Sizes that are names are bound by the tensor that a run
  // brings; `structure` is checked on its data. What no tensor can be (a negative
  // size, a symmetric rectangle) gives a poisoned Expr, and fails Build.
  Expr Input(absl::string_view name, DType dtype, Shape shape, Structure structure = {},
             std::source_location location = std::source_location::current());
  // An input that is `default_value` when it is not given: an expression without
  // inputs, of this shape and dtype (a number takes the dtype).
  Expr Input(absl::string_view name, DType dtype, Shape shape, Structure structure,
             Expr default_value, std::source_location location = std::source_location::current());
  // Outputs come in this order; one value may be several of them.
  void Output(absl::string_view name, Expr value);
  // A name that canonical text, explain and viz show.
  void Name(absl::string_view name, Expr value);

  // Or the first error in what was built, kInvalidArgument: of an expression, a name
  // that graph files have not or that is given twice, an input of another function.
  absl::StatusOr<Function> Build();

 private:
  CaptureRequest request_;
};

}  // namespace otium

#endif  // OTIUM_ENGINE_GRAPH_FUNCTION_H_
