// SPDX-License-Identifier: Apache-2.0
//
// Matrix Market files (.mtx), after Boisvert, Pozo and Remington, "The Matrix
// Market Exchange Formats", NISTIR 5935 (1996):
//
//   %%MatrixMarket matrix coordinate real symmetric
//   % comments
//   3 3 2           rows, columns, entries
//   1 1 4.0         row, column (from 1), value
//   3 1 -1.5        and, being symmetric, the same at (1, 3)
//
// Fields real (f64), integer (i64), complex (c128) and pattern (f64 ones);
// formats coordinate and array; symmetries general, symmetric, skew-symmetric
// and hermitian, which are expanded. Reading is strict: one entry a line, a
// triangle where one is due, no number left over. Entries given twice are summed.
//
// Tested by tests/io/mtx_test.cc, tests/io/numpy_test.cc, tests/fuzz/mtx_fuzz.cc.

#ifndef OTIUM_ENGINE_IO_MTX_H_
#define OTIUM_ENGINE_IO_MTX_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/export.h"
#include "engine/base/tensor.h"

namespace otium {

// The entries of a sparse matrix in the order of their file; a place may come
// more than once, and then means the sum.
struct CooMatrix {
  int64_t rows = 0;
  int64_t columns = 0;
  Tensor indices;  // i64[2, entries]: rows, then columns, from 0
  Tensor values;   // [entries]
};

// A coordinate file is not made dense beyond this many bytes: its few lines must
// not take the machine's memory.
inline constexpr int64_t kMaxDenseMtxBytes = int64_t{4} << 30;

// The matrix, dense. Errors begin with the path and, for what is wrong in the
// file (kInvalidArgument), "line N: "; others are those of ReadNpy, and
// kResourceExhausted beyond kMaxDenseMtxBytes.
OTIUM_EXPORT absl::StatusOr<Tensor> ReadMtx(absl::string_view path);
OTIUM_EXPORT absl::StatusOr<Tensor> ParseMtx(absl::string_view text);
// The entries of a coordinate file; kInvalidArgument for an array file.
OTIUM_EXPORT absl::StatusOr<CooMatrix> ParseMtxEntries(absl::string_view text);

// Writes a matrix in array format, column by column, whole or not at all: bool
// and integers as integer, floats as real, each in the fewest digits that read
// back as the same value of its dtype. kInvalidArgument unless the rank is 2.
OTIUM_EXPORT absl::Status WriteMtx(const Tensor& tensor, absl::string_view path);

}  // namespace otium

#endif  // OTIUM_ENGINE_IO_MTX_H_
