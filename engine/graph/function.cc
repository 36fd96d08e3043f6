// SPDX-License-Identifier: Apache-2.0
#include "engine/graph/function.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "engine/base/status.h"
#include "engine/graph/text/lexer.h"

namespace otium {

Expr Function::Builder::Input(absl::string_view name, DType dtype, Shape shape, Structure structure,
                              std::source_location location) {
  return Input(name, dtype, std::move(shape), structure, Expr(), location);
}

namespace {

// Every graph prints as a file that can be read again.
absl::Status CheckName(absl::string_view what, absl::string_view name) {
  if (IsValidName(name)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the ", what, " '", name, "' cannot be called so in a graph file: names have ",
                   "letters, digits and _, and are no reserved words"));
}

// What graph files check of a declaration.
absl::Status CheckInput(absl::string_view name, const TensorType& type, SourcePosition position) {
  auto error = [&](absl::string_view what) {
    return absl::InvalidArgumentError(
        absl::StrCat("the input ", name, ": ", ShortType(type), what));
  };
  OTIUM_RETURN_IF_ERROR(CheckName("input", name));
  std::vector<std::string> names;
  for (const Dim& d : type.shape.dims()) d.CollectSymbols(&names);
  for (const std::string& size : names) OTIUM_RETURN_IF_ERROR(CheckName("size", size));
  if (type.rank() > kMaxRank)
    return error(absl::StrCat(" has more than ", kMaxRank, " dimensions"));
  Sizes sizes;
  for (const Dim& d : type.shape.dims()) {
    if (!d.IsStatic()) continue;
    if (d.value() < 0) return error(" has a negative size");
    sizes.push_back(std::max<int64_t>(d.value(), 1));
  }
  if (!CheckedNumBytes(type.dtype, sizes).ok()) return error(" is too large");
  if (type.structure.IsGeneral()) return absl::OkStatus();
  // Whether the words fit the shape is the rule of assume.
  const auto assumed = MakeNode(GetOp(Op::assume), {InputExpr(name, type, position)},
                                {{"structure", type.structure}}, position);
  if (assumed->error() == nullptr) return absl::OkStatus();
  absl::string_view message = assumed->error()->message();
  absl::ConsumePrefix(&message, "assume: x");
  return absl::InvalidArgumentError(absl::StrCat("the input ", name, message));
}

}  // namespace

Expr Function::Builder::Input(absl::string_view name, DType dtype, Shape shape, Structure structure,
                              Expr default_value, std::source_location location) {
  const SourcePosition position = SourcePosition::From(location);
  TensorType type(dtype, std::move(shape));
  type.structure = structure;
  if (absl::Status status = CheckInput(name, type, position); !status.ok()) {
    Expr poisoned = PoisonedExpr(std::move(status), position);
    request_.inputs.push_back({poisoned, Expr()});
    return poisoned;
  }
  type.structure = NormalizeStructure(structure, dtype, type.shape);
  Expr input = InputExpr(name, type, position);
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
    OTIUM_RETURN_IF_ERROR(in.expr.status());
    const auto& name = in.expr.node().attributes().Get<std::string>("name");
    if (!names.insert(name).second) {
      return WithPosition(absl::InvalidArgumentError(absl::StrCat("two inputs are called ", name)),
                          in.expr.node().position());
    }
  }
  names.clear();
  for (const auto& [name, value] : request_.outputs) {
    OTIUM_RETURN_IF_ERROR(CheckName("output", name));
    if (!names.insert(name).second) {
      return absl::InvalidArgumentError(absl::StrCat("two outputs are called ", name));
    }
  }
  OTIUM_ASSIGN_OR_RETURN(Graph graph, Capture(request_));
  return Function(std::move(graph));
}

}  // namespace otium
