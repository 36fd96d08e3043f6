// SPDX-License-Identifier: Apache-2.0
//
// What factorizations leave open. Eigenvectors and singular vectors are determined up
// to a factor of absolute value 1, those of equal values up to a rotation among them,
// those that make U, Vh or Q square up to one of their own, and eigenvalues of general
// matrices up to their order. Two right results may so differ in every element, while
// U @ diag(S) @ Vh is the same. Here is done both that --check needs:
//
//   MoveGauge    gives results that are as right: what depends on the choice moves
//   GaugeFixer   brings results into the choice of others, so that vectors themselves
//                can be compared: each v becomes v (v.H e) / (e.H e), where e is expected,
//                which is e if and only if v is e times a factor of absolute value 1
//
// Tested by tests/check/.

#ifndef OTIUM_TOOLS_OTIUM_GAUGE_H_
#define OTIUM_TOOLS_OTIUM_GAUGE_H_

#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "engine/engine.h"
#include "engine/graph/graph.h"
#include "engine/run/observe.h"

namespace otium::cli {

// Moves the results of a step where they are, by a choice that depends on node and
// sample. No vector keeps its sign in three samples that follow each other.
void MoveGauge(const StepValues& values, uint64_t sample);

// Of the outputs of a graph whose sizes are all integers.
class GaugeFixer {
 public:
  explicit GaugeFixer(const Graph& graph);

  // The output as it would be in the choice that `expected` made. Of outputs that have
  // none, or are not of the type that is expected: as it is. U and Vh, or V, go together
  // where both are outputs: a factor that is only in one of them is an error.
  Tensor Fixed(absl::string_view output, const TensorMap& actual, const TensorMap& expected) const;

 private:
  struct Freedom {
    bool is_values = false;  // Eigenvalues in any order.
    bool any_order = false;
    bool in_rows = false;
    // Vectors before it have a factor, or none at all (of qr); the others are a basis.
    int64_t own = 0;
    bool has_factors = true;
    std::string partner;  // The output whose factors those of this follow.
  };
  std::map<std::string, Freedom, std::less<>> freedoms_;
};

}  // namespace otium::cli

#endif  // OTIUM_TOOLS_OTIUM_GAUGE_H_
