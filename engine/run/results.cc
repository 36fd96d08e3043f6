// SPDX-License-Identifier: Apache-2.0
#include "engine/run/results.h"

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace otium {
namespace {

struct Extent {
  uintptr_t begin = 0, end = 0;
};

// The addresses from the first to past the last element.
Extent ExtentOf(const Tensor& t) {
  if (t.NumElements() == 0) return {};
  int64_t low = 0, high = 0;
  for (int d = 0; d < t.rank(); ++d) {
    (t.strides()[d] < 0 ? low : high) += (t.sizes()[d] - 1) * t.strides()[d];
  }
  const auto base = reinterpret_cast<uintptr_t>(t.data());
  const int64_t item = ItemSize(t.dtype());
  return {base + low * item, base + (high + 1) * item};
}

bool Overlap(const Extent& a, const Extent& b) { return a.begin < b.end && b.begin < a.end; }

}  // namespace

absl::Status CheckResults(const Graph& graph, absl::Span<const Tensor> inputs,
                          const TensorMap& results) {
  std::vector<Extent> extents;
  std::vector<const std::string*> names;
  for (const auto& [name, tensor] : results) {
    const GraphOutput* output = nullptr;
    for (const GraphOutput& out : graph.outputs()) {
      if (out.name == name) output = &out;
    }
    if (output == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("there is no output ", name));
    }
    const DType dtype = graph.type(output->value).dtype;
    if (tensor.dtype() != dtype) {
      return absl::InvalidArgumentError(absl::StrCat("the buffer for ", name, " is ",
                                                     ShortType(tensor.type()), ", the result is ",
                                                     DTypeName(dtype)));
    }
    if (!tensor.IsContiguous() || tensor.device() != Device{}) {
      return absl::InvalidArgumentError(
          absl::StrCat("the buffer for ", name, " is not dense memory of the host"));
    }
    const Extent extent = ExtentOf(tensor);
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (!Overlap(extent, ExtentOf(inputs[i]))) continue;
      return absl::InvalidArgumentError(absl::StrCat("the buffer for ", name, " overlaps the input ",
                                                     graph.inputs()[i].name));
    }
    for (size_t i = 0; i < extents.size(); ++i) {
      if (!Overlap(extent, extents[i])) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("the buffers for ", *names[i], " and ", name, " overlap"));
    }
    extents.push_back(extent);
    names.push_back(&name);
  }
  return absl::OkStatus();
}

absl::Status CheckResultSizes(absl::string_view name, const Tensor& given,
                              absl::Span<const int64_t> sizes) {
  if (given.sizes() == sizes) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the buffer for ", name, " is [",
                                                 absl::StrJoin(given.sizes(), ", "),
                                                 "], the result is [", absl::StrJoin(sizes, ", "),
                                                 "]"));
}

}  // namespace otium
