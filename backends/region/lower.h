// SPDX-License-Identifier: Apache-2.0
//
// Graphs to loop programs: the one lowering of fused regions, and of single
// pointwise ops and reductions, which are regions of one op.
//
// Tested by tests/region/lower_test.cc (golden text).

#ifndef OTIUM_BACKENDS_REGION_LOWER_H_
#define OTIUM_BACKENDS_REGION_LOWER_H_

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "backends/region/loop_program.h"
#include "engine/base/tensor_type.h"
#include "engine/graph/graph.h"
#include "ops/op.h"

namespace otium::region {

// What an op can be inside a region.
enum class Role : uint8_t {
  kNone,       // It cannot be in one.
  kPointwise,  // Element i of the result from elements i of the operands.
  kView,       // Dimensions added, dropped, exchanged or repeated; computes nothing.
  kReduction,  // Results lack the reduced dimensions, or have them of size 1.
  kRowwise,    // Reduces over rows and uses that in every element: softmax.
};
Role RoleOf(Op op);

// Larger bodies are refused; fusion stays far below.
inline constexpr int kMaxBodyNodes = 1024;

// The program of a fused region's body, whose types must be static: operands are
// the body's inputs, results its outputs. Fails (kInvalidArgument) when the body
// is not one iteration space: an op that has no role, reductions over different
// dimensions, outputs of unrelated shapes.
absl::StatusOr<LoopProgram> LowerRegion(const Graph& body);

// The program of one op on operands of these types (null: missing).
absl::StatusOr<LoopProgram> LowerOp(const OpDef& op, const Attributes& attributes,
                                    absl::Span<const TensorType* const> operands,
                                    absl::Span<const TensorType> results);

// The dimensions that a kReduction or kRowwise op reduces, in order, for an
// operand of this rank.
absl::StatusOr<std::vector<int>> LoopDims(const OpDef& op, const Attributes& attributes, int rank);

}  // namespace otium::region

#endif  // OTIUM_BACKENDS_REGION_LOWER_H_
