// SPDX-License-Identifier: Apache-2.0
//
// What orthogonal factors, spectra and functions of matrices look like.

#ifndef OTIUM_TESTS_BACKENDS_SPECTRAL_CASES_H_
#define OTIUM_TESTS_BACKENDS_SPECTRAL_CASES_H_

#include <optional>
#include <random>
#include <vector>

#include "backends/backend.h"
#include "engine/base/tensor.h"
#include "engine/graph/expr.h"

namespace otium {

// Operand shapes of an op of this kind; of others nothing.
std::optional<std::vector<Sizes>> SpectralShapes(Op op, std::mt19937& random);

// Attributes that choose between ways to do it.
void AddSpectralAttributes(Op op, std::mt19937& random, std::vector<NamedAttribute>* attributes);

// Operand `i` of a call of `kernel`, made of random numbers `t`. Of other ops
// `t` itself.
Tensor SpectralOperand(const Kernel& kernel, int i, const Tensor& t);

}  // namespace otium

#endif  // OTIUM_TESTS_BACKENDS_SPECTRAL_CASES_H_
