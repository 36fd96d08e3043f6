// SPDX-License-Identifier: Apache-2.0
//
// Running region bodies in several ways, for comparing them.

#ifndef OTIUM_TESTS_REGION_RUN_BY_OPS_H_
#define OTIUM_TESTS_REGION_RUN_BY_OPS_H_

#include <string>
#include <vector>

#include "backends/region/loop_program.h"
#include "engine/base/tensor.h"
#include "engine/graph/graph.h"

namespace otium {

// Each node by a kernel of its own, the first that accepts it on the CPU.
std::vector<Tensor> RunByOps(const Graph& body, const std::vector<Tensor>& inputs);
// As one tape, and by the interpreter.
std::vector<Tensor> RunAsTape(const Graph& body, const std::vector<Tensor>& inputs);
std::vector<Tensor> RunInterpreted(const Graph& body, const std::vector<Tensor>& inputs);

// Empty when equal bit by bit, NaN of any payload being one value; else where not.
std::string BitDifference(const Tensor& a, const Tensor& b);
// Empty when |a - b| <= tolerance * max(1, |b|) everywhere, NaN and infinities
// alike; integers and bools must be equal.
std::string Difference(const Tensor& a, const Tensor& b, double tolerance);

}  // namespace otium

#endif  // OTIUM_TESTS_REGION_RUN_BY_OPS_H_
