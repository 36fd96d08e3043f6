// SPDX-License-Identifier: Apache-2.0
#include "engine/graph/substitute.h"

#include <algorithm>
#include <atomic>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"
#include "engine/graph/expr.h"
#include "engine/graph/graph_builder.h"
#include "engine/graph/status_notes.h"

namespace otium {
namespace {

std::string SizesText(absl::Span<const int64_t> sizes) {
  return absl::StrCat("[", absl::StrJoin(sizes, ", "), "]");
}

}  // namespace

Dim FreshSize() {
  static std::atomic<uint64_t> next{0};
  return Dim::Symbol(absl::StrCat("?", next.fetch_add(1)));
}

bool IsFreshSize(absl::string_view name) { return !name.empty() && name[0] == '?'; }

Attributes SubstituteSizes(const OpDef& op, const Attributes& attributes, SizeReplacement replace) {
  bool symbolic = false;
  for (const AttributeValue& v : attributes.values()) {
    if (const auto* dim = std::get_if<Dim>(&v)) symbolic |= !dim->IsStatic();
    if (const auto* dims = std::get_if<Dims>(&v)) {
      for (const Dim& d : *dims) symbolic |= !d.IsStatic();
    }
  }
  if (!symbolic) return attributes;
  std::vector<AttributeValue> values(attributes.values().begin(), attributes.values().end());
  for (AttributeValue& v : values) {
    if (auto* dim = std::get_if<Dim>(&v)) *dim = dim->Substitute(replace);
    if (auto* dims = std::get_if<Dims>(&v)) {
      for (Dim& d : *dims) d = d.Substitute(replace);
    }
  }
  return Attributes(op, std::move(values));
}

std::vector<std::string> SizesIn(const Attributes& attributes) {
  std::vector<std::string> names;
  for (const AttributeValue& v : attributes.values()) {
    if (const auto* dim = std::get_if<Dim>(&v)) dim->CollectSymbols(&names);
    if (const auto* dims = std::get_if<Dims>(&v)) {
      for (const Dim& d : *dims) d.CollectSymbols(&names);
    }
  }
  return names;
}

absl::StatusOr<std::vector<std::pair<std::string, Dim>>> BindCallee(
    const Graph& callee, absl::Span<const TensorType* const> operands) {
  if (operands.size() != callee.inputs().size()) {
    return absl::InvalidArgumentError(absl::StrCat(callee.name(), " takes ", callee.inputs().size(),
                                                   " operands, not ", operands.size()));
  }
  std::vector<std::pair<std::string, Dim>> bound;
  auto replace = [&](absl::string_view name) -> std::optional<Dim> {
    for (const auto& [n, d] : bound) {
      if (n == name) return d;
    }
    return std::nullopt;
  };
  auto mismatch = [&](size_t i) {
    const GraphInput& in = callee.inputs()[i];
    return absl::StrCat(in.name, " is ", ShortType(*operands[i]), ", declared ",
                        ShortType(callee.type(in.value)), " in ", callee.name());
  };
  // Plain names first, so that `2*k` finds its k whatever the order.
  for (size_t i = 0; i < operands.size(); ++i) {
    const TensorType& declared = callee.type(callee.inputs()[i].value);
    if (declared.dtype != operands[i]->dtype || declared.rank() != operands[i]->rank()) {
      return absl::InvalidArgumentError(mismatch(i));
    }
    for (int d = 0; d < declared.rank(); ++d) {
      const absl::string_view symbol = declared.shape[d].symbol();
      if (!symbol.empty() && !replace(symbol).has_value()) {
        bound.emplace_back(std::string(symbol), operands[i]->shape[d]);
      }
    }
  }
  for (size_t i = 0; i < operands.size(); ++i) {
    const TensorType& declared = callee.type(callee.inputs()[i].value);
    for (int d = 0; d < declared.rank(); ++d) {
      const Dim want = declared.shape[d].Substitute(replace);
      if (want == operands[i]->shape[d]) continue;
      // Both may call a size by the same name.
      return absl::InvalidArgumentError(
          absl::StrCat(mismatch(i), ": its ", declared.shape[d].ToString(), " is ",
                       want.IsStatic() ? "" : "the caller's ", want.ToString(), ", not ",
                       operands[i]->shape[d].ToString()));
    }
  }
  return bound;
}

namespace {

// An error about input `i`, at its declaration; "A is [3, 4], declared f64[n, n]" and
// then `why`.
absl::Status InputError(const Graph& graph, size_t i, absl::Span<const int64_t> sizes,
                        absl::string_view why) {
  const GraphInput& in = graph.inputs()[i];
  return WithPosition(
      absl::InvalidArgumentError(absl::StrCat(in.name, " is ", SizesText(sizes), ", declared ",
                                              ShortType(graph.type(in.value)), ": ", why)),
      PositionOf(graph, graph.producer(in.value)));
}

absl::Status CheckGivenSizes(const Graph& graph, const SizeBindings& given) {
  if (given.empty()) return absl::OkStatus();
  std::vector<std::string> known = graph.SizeNames();
  for (NodeId n = 0; n < graph.num_nodes(); ++n) {
    // zeros([k]) may have one that no input has.
    for (std::string& name : SizesIn(graph.attributes(n))) {
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        known.push_back(std::move(name));
      }
    }
  }
  for (const auto& [name, size] : given.sizes()) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "there is no size ", name,
          known.empty() ? "" : absl::StrCat(", the sizes are ", absl::StrJoin(known, ", "))));
    }
    if (size < 0 || size >= kDimLimit) {
      return absl::InvalidArgumentError(absl::StrCat(name, " = ", size, " is not a size"));
    }
  }
  return absl::OkStatus();
}

// Why `size` gives the names that `bound` still has no values.
std::string WhyNoSize(const Dim& bound, const Dim& declared, int64_t size) {
  std::vector<std::string> unknown;
  bound.CollectSymbols(&unknown);
  std::sort(unknown.begin(), unknown.end());
  unknown.erase(std::unique(unknown.begin(), unknown.end()), unknown.end());
  SizeBindings one;
  one.Set(unknown[0], 1);
  const Dim example = bound.Bind(one);
  if (example.IsStatic() && bound.Solve(example.value()).has_value()) {
    return absl::StrCat(size, " is no ", declared.ToString());
  }
  return absl::StrCat(declared.ToString(), " = ", size, " does not tell ",
                      absl::StrJoin(unknown, " and "), "; bind ",
                      unknown.size() > 1 ? "one of them" : "it", " (RunOptions::sizes)");
}

}  // namespace

absl::StatusOr<SizeBindings> BindSizes(const Graph& graph,
                                       absl::Span<const absl::Span<const int64_t>* const> shapes,
                                       SizeBindings given) {
  OTIUM_RETURN_IF_ERROR(CheckGivenSizes(graph, given));
  // Which input bound a name, for the message about the one that disagrees.
  std::vector<std::pair<std::string, size_t>> bound_by;
  SizeBindings sizes = std::move(given);
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = 0; i < shapes.size(); ++i) {
      if (shapes[i] == nullptr) continue;
      const Shape& declared = graph.type(graph.inputs()[i].value).shape;
      if (declared.rank() != static_cast<int>(shapes[i]->size())) {
        return InputError(graph, i, *shapes[i],
                          absl::StrCat("it has ", shapes[i]->size(),
                                       shapes[i]->size() == 1 ? " dimension" : " dimensions",
                                       ", not ", declared.rank()));
      }
      for (int d = 0; d < declared.rank(); ++d) {
        const auto solved = declared[d].Bind(sizes).Solve((*shapes[i])[d]);
        if (!solved.has_value()) continue;
        sizes.Set(solved->first, solved->second);
        bound_by.emplace_back(solved->first, i);
        changed = true;
      }
    }
  }
  for (size_t i = 0; i < shapes.size(); ++i) {
    if (shapes[i] == nullptr) continue;
    const Shape& declared = graph.type(graph.inputs()[i].value).shape;
    for (int d = 0; d < declared.rank(); ++d) {
      const Dim bound = declared[d].Bind(sizes);
      if (bound.Is((*shapes[i])[d])) continue;
      std::string why = bound.IsStatic()
                            ? absl::StrCat(declared[d].ToString(), " is ", bound.ToString(),
                                           ", not ", (*shapes[i])[d])
                            : WhyNoSize(bound, declared[d], (*shapes[i])[d]);
      std::vector<std::string> names;
      declared[d].CollectSymbols(&names);
      std::vector<size_t> others;
      for (const auto& [name, by] : bound_by) {
        if (by == i || std::find(names.begin(), names.end(), name) == names.end()) continue;
        absl::StrAppend(&why, " (", name, " comes from ", graph.inputs()[by].name, ", which is ",
                        SizesText(*shapes[by]), ")");
        others.push_back(by);
      }
      absl::Status error = InputError(graph, i, *shapes[i], why);
      for (size_t by : others) {
        error = WithDeclaration(std::move(error), graph, graph.inputs()[by]);
      }
      return error;
    }
  }
  return sizes;
}

absl::StatusOr<GraphPtr> BindGraph(const GraphPtr& unbound, const SizeBindings& sizes) {
  if (sizes.empty()) return unbound;
  const Graph& graph = *unbound;
  auto replace = [&](absl::string_view name) -> std::optional<Dim> {
    const std::optional<int64_t> value = sizes.Find(name);
    return value.has_value() ? std::optional<Dim>(*value) : std::nullopt;
  };
  GraphBuilder builder(graph.sources());
  builder.SetName(graph.name());
  std::vector<ValueId> values(graph.num_values(), kNoValue);
  for (const GraphInput& in : graph.inputs()) {
    TensorType type = graph.type(in.value);
    type.shape = type.shape.Bind(sizes);
    builder.SetOrigins(graph.origins(graph.producer(in.value)));
    values[in.value] = builder.AddInput(in.name, type, in.default_value);
  }
  for (NodeId n = 0; n < graph.num_nodes(); ++n) {
    if (graph.Is(n, Op::input)) continue;
    builder.Copy(graph, n, SubstituteSizes(graph.op(n), graph.attributes(n), replace), &values);
    if (!builder.status().ok()) {
      return WithPosition(builder.status(), PositionOf(graph, n));
    }
  }
  for (const GraphOutput& out : graph.outputs()) builder.AddOutput(out.name, values[out.value]);
  OTIUM_ASSIGN_OR_RETURN(Graph bound, std::move(builder).Build());
  return std::make_shared<const Graph>(std::move(bound));
}

}  // namespace otium
