// SPDX-License-Identifier: Apache-2.0
//
// How far two ways of computing a graph may be apart: a running error analysis,
// before anything is compared. For each value, with a = the largest magnitude in
// operand A, E(A) the bound on its elements' errors, u the dtype's epsilon:
//
//   move or select elements, relu, max    E(A)
//   A + B                                 E(A) + E(B) + u r         (r: of the result)
//   A * B                                 a E(B) + b E(A) + E(A) E(B) + u r
//   sum of n                              n E(A) + n u (n a)
//   product with inner size k             k (a E(B) + b E(A) + E(A) E(B)) + (k + 2) u (k a b)
//   f with |f'| <= L                      L E(A) + 8 u max(r, 1)
//
// Twice that is what may lie between two evaluations. What is discontinuous
// (floor, comparisons, argmax) or has no bound without a condition number (solve)
// is exact on exact operands or else has no bound; then values that follow cannot
// be compared with another order of operations, only with the same one.
// See N. J. Higham, "Accuracy and Stability of Numerical Algorithms", chapter 3.

#ifndef OTIUM_TESTS_RUN_ERROR_BOUNDS_H_
#define OTIUM_TESTS_RUN_ERROR_BOUNDS_H_

#include <string>
#include <vector>

#include "engine/base/tensor.h"
#include "engine/graph/graph.h"

namespace otium {

// Per value; infinite where there is no bound. `values`: what each value of the
// graph is, computed op by op.
std::vector<double> ErrorBounds(const Graph& graph, const std::vector<Tensor>& values);

// Empty when each element of `a` is within `bound` of that of `b`, or both are
// NaN, or the same infinity; else the first that is not. Integers and bools must
// be equal.
std::string Difference(const Tensor& a, const Tensor& b, double bound);

}  // namespace otium

#endif  // OTIUM_TESTS_RUN_ERROR_BOUNDS_H_
