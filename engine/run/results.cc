// SPDX-License-Identifier: Apache-2.0
#include "engine/run/results.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace otium {
namespace {

// The addresses from the first to past the last element, and whose they are.
struct Extent {
  uintptr_t begin = 0, end = 0;
  absl::string_view name;
};

Extent ExtentOf(const Tensor& t, absl::string_view name) {
  if (t.NumElements() == 0) return {0, 0, name};
  int64_t low = 0, high = 0;
  for (int d = 0; d < t.rank(); ++d) {
    (t.strides()[d] < 0 ? low : high) += (t.sizes()[d] - 1) * t.strides()[d];
  }
  const auto base = reinterpret_cast<uintptr_t>(t.data());
  const int64_t item = ItemSize(t.dtype());
  return {base + low * item, base + (high + 1) * item, name};
}

// Sorted by address, so that thousands of results are checked in no more than
// n log n steps. Inputs may overlap each other.
absl::Status CheckApart(const Graph& graph, absl::Span<const Tensor> inputs,
                        std::vector<Extent> extents) {
  std::stable_sort(extents.begin(), extents.end(),
                   [](const Extent& a, const Extent& b) { return a.begin < b.begin; });
  for (size_t i = 1; i < extents.size(); ++i) {
    if (extents[i].begin >= extents[i - 1].end) continue;
    return absl::InvalidArgumentError(absl::StrCat("the buffers for ", extents[i - 1].name, " and ",
                                                   extents[i].name, " overlap"));
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Extent input = ExtentOf(inputs[i], graph.inputs()[i].name);
    const auto first = std::partition_point(extents.begin(), extents.end(),
                                            [&](const Extent& e) { return e.end <= input.begin; });
    if (first == extents.end() || first->begin >= input.end) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("the buffer for ", first->name, " overlaps the input ", input.name));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckResults(const Graph& graph, absl::Span<const Tensor> inputs,
                          const TensorMap& results) {
  absl::flat_hash_map<absl::string_view, ValueId> value_of;
  for (const GraphOutput& out : graph.outputs()) value_of[out.name] = out.value;
  std::vector<Extent> extents;
  for (const auto& [name, tensor] : results) {
    const auto output = value_of.find(name);
    if (output == value_of.end()) {
      return absl::InvalidArgumentError(absl::StrCat("there is no output ", name));
    }
    const DType dtype = graph.type(output->second).dtype;
    if (tensor.dtype() != dtype) {
      return absl::InvalidArgumentError(absl::StrCat("the buffer for ", name, " is ",
                                                     ShortType(tensor.type()), ", the result is ",
                                                     DTypeName(dtype)));
    }
    if (!tensor.IsContiguous() || tensor.device() != Device{}) {
      return absl::InvalidArgumentError(
          absl::StrCat("the buffer for ", name, " is not dense memory of the host"));
    }
    if (tensor.NumElements() > 0) extents.push_back(ExtentOf(tensor, name));
  }
  return CheckApart(graph, inputs, std::move(extents));
}

absl::Status CheckResultSizes(absl::string_view name, const Tensor& given,
                              absl::Span<const int64_t> sizes) {
  if (given.sizes() == sizes) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the buffer for ", name, " is [", absl::StrJoin(given.sizes(), ", "),
                   "], the result is [", absl::StrJoin(sizes, ", "), "]"));
}

}  // namespace otium
