// SPDX-License-Identifier: Apache-2.0
//
// NumPy's .npy files: one array each, versions 1 to 3, C and Fortran order,
// little-endian. By default the file is mapped, so that reading costs nothing
// until elements are touched, and then one page fault each 4 KiB.
//
//   OTIUM_ASSIGN_OR_RETURN(Tensor a, ReadNpy("a.npy"));
//
// An array in Fortran order is not copied: its strides say how it lies. Copied
// are arrays whose elements are not aligned, and arrays of bool with bytes other
// than 0 and 1. bf16, which NumPy has not, is stored as the ml_dtypes package
// stores it: np.load("z.npy").view(ml_dtypes.bfloat16).
//
// Tested by tests/io/npy_test.cc, tests/io/numpy_test.cc, tests/fuzz/npy_fuzz.cc.

#ifndef OTIUM_ENGINE_IO_NPY_H_
#define OTIUM_ENGINE_IO_NPY_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/export.h"
#include "engine/base/tensor.h"

namespace otium {

struct NpyOptions {
  // Keep the file mapped. It must then not shrink while the tensor lives
  // (SIGBUS); without, it is read at once.
  bool mmap = true;
};

// Errors begin with the path. kNotFound, kPermissionDenied, kFailedPrecondition
// (a directory); kInvalidArgument when it is no .npy file, its dtype is none of
// ours, its rank is above kMaxRank, or its length is not what its header says;
// kResourceExhausted when memory is short.
OTIUM_EXPORT absl::StatusOr<Tensor> ReadNpy(absl::string_view path, const NpyOptions& options = {});
// The same from memory; the elements are copied.
OTIUM_EXPORT absl::StatusOr<Tensor> ParseNpy(absl::string_view bytes);
// The array in bytes [offset, offset + size) of `buffer`, sharing it where
// alignment allows. The bytes must not change while the tensor lives.
absl::StatusOr<Tensor> ViewNpy(const IntrusivePtr<Buffer>& buffer, int64_t offset, int64_t size);

// Writes `tensor`, which must be in host memory: whole, or not at all. One that
// lies in Fortran order is written so; other strides are made dense first.
OTIUM_EXPORT absl::Status WriteNpy(const Tensor& tensor, absl::string_view path);
// What WriteNpy writes.
OTIUM_EXPORT absl::StatusOr<std::string> NpyToString(const Tensor& tensor);

// The two parts of an .npy file. `data` views `dense`.
struct NpyParts {
  std::string header;
  absl::string_view data;
  Tensor dense;
};
absl::StatusOr<NpyParts> SplitNpy(const Tensor& tensor);

// Makes every byte other than 0 a 1, so that it may be read as bool.
void NormalizeBools(void* bytes, int64_t count);

}  // namespace otium

#endif  // OTIUM_ENGINE_IO_NPY_H_
