// SPDX-License-Identifier: Apache-2.0
//
// Comparing results: with files (--expect), element by element as NumPy's
// allclose does, and with the reference backend (--check), within an error bound
// that is derived from the graph and the data.

#ifndef OTIUM_TOOLS_OTIUM_COMPARE_H_
#define OTIUM_TOOLS_OTIUM_COMPARE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/engine.h"
#include "tools/otium/compare_tensors.h"
#include "tools/otium/inputs.h"
#include "tools/otium/session.h"

namespace otium::cli {

// The files of --expect. Read before the run, so that a missing one costs none.
struct Expectation {
  std::string result;
  std::string path;
  Tensor tensor;
};
absl::StatusOr<std::vector<Expectation>> ReadExpectations(Session& session, const Graph& graph);
// Exit::kDiffers, after reporting each difference.
absl::Status CheckExpectations(Session& session, const std::vector<Expectation>& expected,
                               const TensorMap& results);

// Judges the results of a run by the reference backend (see reference_judge.h), and
// reports. Exit::kDiffers when one is wrong.
absl::Status CheckWithReference(Session& session, const Function& function, const Inputs& inputs,
                                const RunOptions& run, const TensorMap& results);

}  // namespace otium::cli

#endif  // OTIUM_TOOLS_OTIUM_COMPARE_H_
