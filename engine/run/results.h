// SPDX-License-Identifier: Apache-2.0
//
// Checks of the memory that a caller brings for results.

#ifndef OTIUM_ENGINE_RUN_RESULTS_H_
#define OTIUM_ENGINE_RUN_RESULTS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/base/tensor.h"
#include "engine/graph/graph.h"
#include "engine/run/tensor_map.h"

namespace otium {

// What can be said before a run: every name is an output, dtypes are right, the
// buffers are dense, in host memory, and overlap neither an input nor each other.
// Sizes are checked when they are known. kInvalidArgument.
absl::Status CheckResults(const Graph& graph, absl::Span<const Tensor> inputs,
                          const TensorMap& results);

absl::Status CheckResultSizes(absl::string_view name, const Tensor& given,
                              absl::Span<const int64_t> sizes);

}  // namespace otium

#endif  // OTIUM_ENGINE_RUN_RESULTS_H_
