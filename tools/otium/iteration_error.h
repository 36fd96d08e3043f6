// SPDX-License-Identifier: Apache-2.0
//
// Results of lobpcg as another iteration could have left them. It ends when residuals
// are below tol times the norm of A: its vectors are then those of a matrix that is so
// far from A, and off by that over the gaps between the eigenvalues. So they are taken
// from A plus random elements of that size. After a given number of iterations residuals
// may be as large as A.
//
// Tested by tests/check/.

#ifndef OTIUM_TOOLS_OTIUM_ITERATION_ERROR_H_
#define OTIUM_TOOLS_OTIUM_ITERATION_ERROR_H_

#include <cstdint>

#include "engine/run/observe.h"

namespace otium::cli {

// Moves the results of a step of lobpcg where they are, by a choice that depends on node
// and sample.
void MoveByIterationError(const StepValues& values, uint64_t sample);

}  // namespace otium::cli

#endif  // OTIUM_TOOLS_OTIUM_ITERATION_ERROR_H_
