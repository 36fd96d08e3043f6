// SPDX-License-Identifier: Apache-2.0
//
// Results that are not unique, or that a rounding error changes altogether (pivots, and
// with them factors), are judged by what they promise: LAPACK's ratios.

#ifndef OTIUM_TESTS_BACKENDS_LINALG_PROMISES_H_
#define OTIUM_TESTS_BACKENDS_LINALG_PROMISES_H_

#include <optional>
#include <string>
#include <vector>

#include "engine/base/tensor.h"
#include "tests/backends/cases.h"

namespace otium {

// Empty when the results keep what the op promises, else what is broken; nothing for ops
// whose results are compared element by element.
std::optional<std::string> BrokenLinalgPromise(const KernelCase& c,
                                               const std::vector<std::optional<Tensor>>& operands,
                                               const std::vector<Tensor>& results);

}  // namespace otium

#endif  // OTIUM_TESTS_BACKENDS_LINALG_PROMISES_H_
