// SPDX-License-Identifier: Apache-2.0
//
// The two ways to run ops on the matrices of tests: by the kernels of the CPU, and by the
// loops of the reference, which keep the same promises.

#ifndef OTIUM_TESTS_LINALG_WAYS_H_
#define OTIUM_TESTS_LINALG_WAYS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/engine.h"

namespace otium {

enum class Way { kCpu, kReference };
inline constexpr Way kWays[] = {Way::kCpu, Way::kReference};

absl::StatusOr<std::vector<Tensor>> RunBy(Way way, const std::vector<Expr>& exprs);
// A test failure when there are no values.
std::vector<Tensor> ValuesBy(Way way, const std::vector<Expr>& exprs);
// By the CPU, as users get them.
std::vector<Tensor> Values(absl::Span<const Expr> exprs);
// What a run that must fail says; "" when it does not fail.
std::string FailureBy(Way way, const std::vector<Expr>& exprs);

// Whether any element is NaN or infinite.
bool HasNonFinite(const Tensor& t);

}  // namespace otium

#endif  // OTIUM_TESTS_LINALG_WAYS_H_
