// SPDX-License-Identifier: Apache-2.0
//
// NumPy's .npz files: a zip file with one .npy file for each array. Its names
// are those of the members without ".npy"; members that are no .npy file are
// passed over.
//
//   OTIUM_ASSIGN_OR_RETURN(const NpzReader set, NpzReader::Open("set.npz"));
//   OTIUM_ASSIGN_OR_RETURN(Tensor weights, set.Read("weights"));
//
// A stored member whose numbers are aligned is used where it is mapped (WriteNpz
// aligns them, numpy.savez does not); others are copied. Checksums are always
// verified.
//
// Tested by tests/io/npz_test.cc, tests/io/numpy_test.cc, tests/fuzz/npz_fuzz.cc.

#ifndef OTIUM_ENGINE_IO_NPZ_H_
#define OTIUM_ENGINE_IO_NPZ_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/base/export.h"
#include "engine/base/tensor.h"
#include "engine/io/npy.h"
#include "engine/io/zip.h"

namespace otium {

struct NamedTensor {
  std::string name;
  Tensor tensor;
};

class OTIUM_EXPORT NpzReader {
 public:
  // Errors begin with the path and are those of ReadNpy; also kInvalidArgument
  // when two members have one name.
  static absl::StatusOr<NpzReader> Open(absl::string_view path, const NpyOptions& options = {});
  // The bytes of a whole .npz file, which must not change while the reader or a
  // tensor it gave lives; `path` is for messages.
  static absl::StatusOr<NpzReader> Open(IntrusivePtr<Buffer> bytes, absl::string_view path);

  // In the order of the file.
  std::vector<std::string> names() const;
  // kNotFound, naming what there is, when there is no array `name`.
  absl::StatusOr<Tensor> Read(absl::string_view name) const;
  absl::StatusOr<std::vector<NamedTensor>> ReadAll() const;

 private:
  NpzReader() = default;
  absl::StatusOr<Tensor> ReadMember(const ZipMember& member) const;

  IntrusivePtr<Buffer> bytes_;
  std::string path_;
  std::vector<ZipMember> members_;  // Names without ".npy".
};

enum class NpzCompression { kStored, kDeflated };

// Writes the arrays in this order: whole, or not at all. kInvalidArgument when
// two have one name, or a name is empty or holds a zero byte.
OTIUM_EXPORT absl::Status WriteNpz(absl::Span<const NamedTensor> tensors, absl::string_view path,
                                   NpzCompression compression = NpzCompression::kStored);

}  // namespace otium

#endif  // OTIUM_ENGINE_IO_NPZ_H_
