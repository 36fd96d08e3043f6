// SPDX-License-Identifier: Apache-2.0
//
// Values that another way to compute them could have given: Monte Carlo arithmetic.
// Each element of what an op rounded is moved by a rounding or two, up or down, of a
// sign that depends on the node, the element and the sample. What a result then moves
// by is how much it depends on roundings: those that meet in differences of nearly
// equal values (A @ x - A @ y), and those of inputs in an ill-conditioned solve.
//
// Zeros stay, and so does symmetry: mirrored elements of square matrices move alike.
// Results of ops that only move or select elements are exact, and stay. Elements that
// are not the same in every order of operations become NaN, so that everything made
// of them shows it: where sums of finite numbers overflow, or products of complex ones,
// they may be infinite or NaN, the one part or the other; and a complex number with a
// NaN and an infinite part is infinite to some ops, and NaN to others.
//
// Results of factorizations move by roundings of their largest element, as LAPACK's
// errors do, and to another choice where they have one (gauge.h); those of iterations by
// what these leave (iteration_error.h).
//
// See D. S. Parker, "Monte Carlo Arithmetic" (1997).

#ifndef OTIUM_TOOLS_OTIUM_MONTE_CARLO_H_
#define OTIUM_TOOLS_OTIUM_MONTE_CARLO_H_

#include <cstdint>

#include "engine/base/tensor.h"
#include "engine/run/observe.h"

namespace otium::cli {

// The input of index `input`, moved.
Tensor MovedInput(const Tensor& tensor, uint64_t input, uint64_t sample);

// A StepObserver: moves the results of a step where they are.
void MoveResults(const StepValues& values, uint64_t sample);

// How far apart neighbours are where there are no smaller ones: the unit of what
// underflows. 0 for integers.
double SmallestPositive(DType dtype);

}  // namespace otium::cli

#endif  // OTIUM_TOOLS_OTIUM_MONTE_CARLO_H_
