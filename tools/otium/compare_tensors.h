// SPDX-License-Identifier: Apache-2.0
//
// Tensors compared element by element, within a tolerance.

#ifndef OTIUM_TOOLS_OTIUM_COMPARE_TENSORS_H_
#define OTIUM_TOOLS_OTIUM_COMPARE_TENSORS_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "engine/base/tensor.h"

namespace otium::cli {

struct Comparison {
  int64_t elements = 0;
  int64_t differing = 0;
  // The largest difference of finite elements, absolute and relative to what is
  // expected (of elements that are not expected to be 0), and the most allowed.
  double largest = 0;
  double largest_relative = 0;
  double allowed = 0;
  // "3 of 1000 elements differ, the most at [4, 5]: 1.25, not 1.5 (0.25 apart,
  // 1e-07 allowed); largest difference 0.25 at [4, 5], largest relative one 0.2 at
  // [7, 0]"; empty when they agree.
  std::string difference;

  bool agrees() const { return difference.empty(); }
};

// How far apart an element may be, given its index in row-major order and the
// magnitude of the expected one.
using Tolerance = absl::FunctionRef<double(int64_t index, double expected)>;

// NaN equals NaN, and infinities of one sign are equal. Another dtype or shape is
// a difference. Integers and bools must be equal unless `tolerance` is above 0.
Comparison CompareTensors(const Tensor& actual, const Tensor& expected, Tolerance tolerance);

}  // namespace otium::cli

#endif  // OTIUM_TOOLS_OTIUM_COMPARE_TENSORS_H_
