// SPDX-License-Identifier: Apache-2.0
//
// Inputs made of nothing: random, zeros, ones, eye. A random one is what its
// declaration says: a symmetric input is symmetric, an spd one positive definite,
// an orthogonal one orthogonal. Numbers are uniform in [-1, 1) (integers in
// [-10, 10]), a pure function of seed, input and index. Matrices that must be
// invertible are diagonally dominant, hence well conditioned.

#ifndef OTIUM_TOOLS_OTIUM_RANDOM_INPUT_H_
#define OTIUM_TOOLS_OTIUM_RANDOM_INPUT_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/tensor.h"
#include "engine/base/tensor_type.h"

namespace otium::cli {

// `type` has static sizes. The numbers depend on `name` too, so that two inputs
// are not alike. kInvalidArgument when nothing can be as declared (orthonormal
// columns that are longer in number than in length); kResourceExhausted.
absl::StatusOr<Tensor> RandomTensor(const TensorType& type, uint64_t seed, absl::string_view name);

enum class Fill { kZeros, kOnes, kEye };
absl::StatusOr<Tensor> FilledTensor(const TensorType& type, Fill fill);

}  // namespace otium::cli

#endif  // OTIUM_TOOLS_OTIUM_RANDOM_INPUT_H_
