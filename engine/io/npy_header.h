// SPDX-License-Identifier: Apache-2.0
//
// What stands before the numbers of an .npy file, as NumPy's format
// specification (numpy.lib.format) has it:
//
//   "\x93NUMPY" major minor length "{'descr': '<f8', 'fortran_order': False,
//   'shape': (3, 4), }" spaces "\n"
//
// `length` is 2 bytes in version 1, 4 bytes in versions 2 and 3. The dictionary
// is a Python literal; this parser accepts the part of that language which an
// array of our dtypes can need, and nothing else. It allocates nothing that the
// text does not justify and trusts no number before it is checked.

#ifndef OTIUM_ENGINE_IO_NPY_HEADER_H_
#define OTIUM_ENGINE_IO_NPY_HEADER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/base/dtype.h"
#include "engine/base/shape.h"

namespace otium {

struct NpyHeader {
  DType dtype = DType::kF64;
  bool fortran_order = false;
  Sizes sizes;
  // Of the first element, from the beginning of the file.
  int64_t data_offset = 0;
  // Exactly; does not overflow.
  int64_t data_bytes = 0;

  // In elements.
  Sizes Strides() const;
};

// NumPy itself writes at most some hundred bytes for our dtypes.
inline constexpr int64_t kMaxNpyHeaderBytes = 64 << 10;

// The bytes before the data, at most kMaxNpyHeaderBytes, as the first 12 bytes of
// the file tell; `bytes` holds these, or the whole file. kInvalidArgument when it
// is no .npy file.
absl::StatusOr<int64_t> NpyHeaderSize(absl::string_view bytes);

// `bytes` begins as the file does and holds at least its first NpyHeaderSize, or
// all of it. kInvalidArgument, saying what to do in
// NumPy, for what is no .npy file or holds a dtype that Otium has not.
absl::StatusOr<NpyHeader> ParseNpyHeader(absl::string_view bytes);

// kInvalidArgument unless the whole file has `size` bytes, no less and no more.
absl::Status CheckNpyLength(const NpyHeader& header, int64_t size);

// Everything before the data; a multiple of 64 bytes, so that the data of a
// mapped file is aligned.
std::string NpyHeaderText(DType dtype, bool fortran_order, absl::Span<const int64_t> sizes);

}  // namespace otium

#endif  // OTIUM_ENGINE_IO_NPY_HEADER_H_
