// SPDX-License-Identifier: Apache-2.0
//
// What results promise that are not unique: signs, phases and bases are free, so that
// they cannot be compared with the reference element by element.

#ifndef OTIUM_TESTS_BACKENDS_SPECTRAL_PROMISES_H_
#define OTIUM_TESTS_BACKENDS_SPECTRAL_PROMISES_H_

#include <optional>
#include <string>
#include <vector>

#include "engine/base/tensor.h"
#include "tests/backends/cases.h"

namespace otium {

// Nothing for ops whose results are unique; else the promise that is broken, "" when
// all are kept.
std::optional<std::string> BrokenSpectralPromise(const KernelCase& c,
                                                 const std::vector<std::optional<Tensor>>& operands,
                                                 const std::vector<Tensor>& results);

}  // namespace otium

#endif  // OTIUM_TESTS_BACKENDS_SPECTRAL_PROMISES_H_
