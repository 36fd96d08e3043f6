// SPDX-License-Identifier: Apache-2.0
//
// Results judged by the reference backend, which runs the graph unoptimized.
//
// The bound is K * (max(eps * |y|, tiny) + s) * 4, where eps is the unit roundoff of
// the coarsest dtype on the way, tiny the smallest number that it holds, K the inner
// sizes summed along the longest path, |y| the largest element of the result, and s
// its sensitivity: how far the reference's own result moves when inputs and the
// results of all ops are moved by a rounding or two (moved.h). That is conditioning
// and cancellation, measured: a solve with a matrix of condition 1e6 may err 1e6 eps,
// a product may not; the difference of two products may err as much as these do,
// however small it is. Where the movement changes an integer or bool, or what was not
// finite anyway, any value is as good as another.
//
// Eigenvectors and the like are compared in the reference's choice of signs and bases
// (gauge.h), where they are results themselves; what is made of them must not depend on
// it, or is seen to.
//
// Limits: sums that overflow on the way in one order of their terms, and are finite in
// the reference's.
//
// Tested by tests/check/.

#ifndef OTIUM_TOOLS_OTIUM_REFERENCE_JUDGE_H_
#define OTIUM_TOOLS_OTIUM_REFERENCE_JUDGE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/engine.h"
#include "tools/otium/compare_tensors.h"

namespace otium::cli {

struct Verdict {
  std::string name;
  Comparison comparison;
  // Nothing can be said: the movement makes the graph fail, or changes the shape.
  bool unstable = false;
  double allowed = 0;  // Of finite elements; infinite when unstable.
};

// In the order of the results. `sizes` are all sizes of the graph's inputs. Errors are
// those of the reference's run.
absl::StatusOr<std::vector<Verdict>> JudgeByReference(const Function& function,
                                                      const TensorMap& inputs,
                                                      const SizeBindings& sizes,
                                                      const RunOptions& run,
                                                      const TensorMap& results);

}  // namespace otium::cli

#endif  // OTIUM_TOOLS_OTIUM_REFERENCE_JUDGE_H_
