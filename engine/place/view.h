// SPDX-License-Identifier: Apache-2.0
//
// Views: ops whose result is their operand under an affine map of indices, so
// that they cost nothing. Result index i is operand index start + M i, and the
// strides of the result follow from those of the operand. Compositions of such
// maps are such maps: a chain of slices and transposes is one view.
//
// Reshapes are views too when the strides allow it, but no affine maps where they
// merge or cut dimensions; ReshapeStrides decides for given strides.
//
// Tested by tests/ops/view_test.cc against the reference kernels.

#ifndef OTIUM_ENGINE_PLACE_VIEW_H_
#define OTIUM_ENGINE_PLACE_VIEW_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "engine/base/shape.h"
#include "engine/graph/graph.h"

namespace otium {

struct AffineView {
  // Per operand dimension.
  Sizes start;
  // Per result dimension, a coefficient per operand dimension.
  std::vector<Sizes> coefficients;

  static AffineView Identity(int rank);
  struct Strided {
    int64_t offset = 0;
    Sizes strides;
  };
  // Offset and strides (elements) of the result in an operand of these strides.
  Strided Apply(absl::Span<const int64_t> operand_strides) const;
  // First `inner`, then this on its result.
  AffineView After(const AffineView& inner) const;
  // The operand index of a result index.
  Sizes Map(absl::Span<const int64_t> index) const;
};

// The map of result `result` of node `n`, a kViewOp with static shapes; facts that
// an `assume` checks are not its business. Empty when the op is no affine map (a
// reshape that merges or cuts dimensions) or no view.
std::optional<AffineView> ViewOf(const Graph& graph, NodeId n, int result);

// The strides that show an array of `sizes` and `strides` as `new_sizes`, of as
// many elements, without copying, when there are some (NumPy's rule).
std::optional<Sizes> ReshapeStrides(absl::Span<const int64_t> sizes,
                                    absl::Span<const int64_t> strides,
                                    absl::Span<const int64_t> new_sizes);

}  // namespace otium

#endif  // OTIUM_ENGINE_PLACE_VIEW_H_
