// SPDX-License-Identifier: Apache-2.0
#include "engine/graph/function.h"

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace otium {

Expr Function::Builder::Input(absl::string_view name, DType dtype, Shape shape, Structure structure,
                              std::source_location location) {
  return Input(name, dtype, std::move(shape), structure, Expr(), location);
}

Expr Function::Builder::Input(absl::string_view name, DType dtype, Shape shape, Structure structure,
                              Expr default_value, std::source_location location) {
  TensorType type(dtype, std::move(shape));
  type.structure = NormalizeStructure(structure, dtype, type.shape);
  Expr input = InputExpr(name, type, SourcePosition::From(location));
  request_.inputs.push_back({input, std::move(default_value)});
  return input;
}

void Function::Builder::Output(absl::string_view name, Expr value) {
  request_.outputs.emplace_back(name, std::move(value));
}

void Function::Builder::Name(absl::string_view name, Expr value) {
  request_.value_names.emplace_back(name, std::move(value));
}

absl::StatusOr<Function> Function::Builder::Build() {
  absl::flat_hash_set<std::string> names;
  for (const auto& in : request_.inputs) {
    const auto& name = in.expr.node().attributes().Get<std::string>("name");
    if (!names.insert(name).second) {
      return WithPosition(absl::InvalidArgumentError(absl::StrCat("two inputs are called ", name)),
                          in.expr.node().position());
    }
  }
  names.clear();
  for (const auto& out : request_.outputs) {
    if (!names.insert(out.first).second) {
      return absl::InvalidArgumentError(absl::StrCat("two outputs are called ", out.first));
    }
  }
  OTIUM_ASSIGN_OR_RETURN(Graph graph, Capture(request_));
  return Function(std::move(graph));
}

}  // namespace otium
