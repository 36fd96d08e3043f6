// SPDX-License-Identifier: Apache-2.0
//
// Tensors from and to files of every kind Otium knows, by their extension:
//
//   a.npy            one array (npy.h)
//   set.npz:weights  one array of several; without a name, the only one (npz.h)
//   west.mtx         a matrix (mtx.h)
//
// Tested by tests/io/tensor_file_test.cc.

#ifndef OTIUM_ENGINE_IO_TENSOR_FILE_H_
#define OTIUM_ENGINE_IO_TENSOR_FILE_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/base/export.h"
#include "engine/base/tensor.h"
#include "engine/io/npz.h"

namespace otium {

enum class FileKind { kNpy, kNpz, kMtx };

// A file and, within an .npz, the array that is meant; views of the text.
struct TensorPath {
  FileKind kind = FileKind::kNpy;
  absl::string_view path;
  absl::string_view member;  // Empty when none was named.
};

// kInvalidArgument, naming the known extensions, for any other. Touches no file.
OTIUM_EXPORT absl::StatusOr<TensorPath> ParseTensorPath(absl::string_view text);

// Errors begin with the path. kNotFound for a missing file or member;
// kFailedPrecondition for a directory; kInvalidArgument for an unknown extension,
// a broken file, or an .npz of several arrays of which none was named.
OTIUM_EXPORT absl::StatusOr<Tensor> LoadTensor(absl::string_view path,
                                               const NpyOptions& options = {});
// All arrays of an .npz; from the others the one there is, with an empty name.
OTIUM_EXPORT absl::StatusOr<std::vector<NamedTensor>> LoadTensors(absl::string_view path,
                                                                  const NpyOptions& options = {});

// Whole, or not at all. kInvalidArgument when several tensors are to go into a
// file that holds one; names matter for .npz only.
OTIUM_EXPORT absl::Status SaveTensors(absl::Span<const NamedTensor> tensors,
                                      absl::string_view path);

}  // namespace otium

#endif  // OTIUM_ENGINE_IO_TENSOR_FILE_H_
