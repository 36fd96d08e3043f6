// SPDX-License-Identifier: Apache-2.0
//
// Tensors as text, exactly as str(array) of NumPy 1.24 writes them:
//
//   [[1.   0.5  0.25]
//    [2.   1.   0.5 ]]
//
// Each number is the shortest that reads back as the same value, cut at
// `precision` digits after the point; the columns of the whole array are aligned;
// it turns to scientific notation when a magnitude is 1e8 or more, below 1e-4, or
// 1000 times another. An array of more than `max_elements` shows 3 at each end of
// each dimension. (NumPy 2 has moved some of these limits for f16 and f32.)
//
// Tested by tests/io/numpy_test.cc.

#ifndef OTIUM_ENGINE_IO_PRINT_H_
#define OTIUM_ENGINE_IO_PRINT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "engine/base/export.h"
#include "engine/base/tensor.h"

namespace otium {

struct TensorPrintOptions {
  // An array of more elements is summarized.
  int64_t max_elements = 1000;
  // Digits after the decimal point at most; at least 0.
  int precision = 8;
  // Lines are wrapped to this many characters.
  int line_width = 75;
};

// `tensor` must be in host memory (kFailedPrecondition). No newline at the end.
// bf16, which NumPy has not, is written by the same rules.
OTIUM_EXPORT absl::StatusOr<std::string> FormatTensor(const Tensor& tensor,
                                                      const TensorPrintOptions& options = {});

}  // namespace otium

#endif  // OTIUM_ENGINE_IO_PRINT_H_
