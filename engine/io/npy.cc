// SPDX-License-Identifier: Apache-2.0
#include "engine/io/npy.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/io/atomic_file.h"
#include "engine/io/file.h"
#include "engine/io/npy_header.h"

namespace otium {
namespace {

bool IsAligned(const void* data, DType dtype) {
  const uintptr_t alignment = ItemSize(RealDType(dtype));
  return reinterpret_cast<uintptr_t>(data) % alignment == 0;
}

bool AreBools(const char* bytes, int64_t count) {
  return std::all_of(bytes, bytes + count, [](char c) { return (c & ~1) == 0; });
}

absl::StatusOr<Tensor> CopyElements(const char* data, const NpyHeader& header) {
  IntrusivePtr<Buffer> buffer = Buffer::Allocate(header.data_bytes);
  if (!buffer) {
    return absl::ResourceExhaustedError(
        absl::StrCat("no memory for ", header.data_bytes, " bytes"));
  }
  std::memcpy(buffer->data(), data, header.data_bytes);
  if (header.dtype == DType::kBool) NormalizeBools(buffer->data(), header.data_bytes);
  return Tensor(std::move(buffer), 0, header.dtype, header.sizes, header.Strides());
}

// A tensor whose elements lie in Fortran order is the transpose of a dense one.
bool IsFortranContiguous(const Tensor& tensor) {
  const Sizes sizes(tensor.sizes().rbegin(), tensor.sizes().rend());
  const Sizes strides(tensor.strides().rbegin(), tensor.strides().rend());
  return Tensor(tensor.buffer(), tensor.byte_offset(), tensor.dtype(), sizes, strides)
      .IsContiguous();
}

}  // namespace

void NormalizeBools(void* bytes, int64_t count) {
  auto* p = static_cast<uint8_t*>(bytes);
  for (int64_t i = 0; i < count; ++i) p[i] = p[i] != 0 ? 1 : 0;
}

absl::StatusOr<Tensor> ViewNpy(const IntrusivePtr<Buffer>& buffer, int64_t offset, int64_t size) {
  const char* bytes = static_cast<const char*>(buffer->data()) + offset;
  OTIUM_ASSIGN_OR_RETURN(const NpyHeader header, ParseNpyHeader(absl::string_view(bytes, size)));
  OTIUM_RETURN_IF_ERROR(CheckNpyLength(header, size));
  const char* data = bytes + header.data_offset;
  if (!IsAligned(data, header.dtype) ||
      (header.dtype == DType::kBool && !AreBools(data, header.data_bytes))) {
    return CopyElements(data, header);
  }
  return Tensor(buffer, offset + header.data_offset, header.dtype, header.sizes, header.Strides());
}

absl::StatusOr<Tensor> ReadNpy(absl::string_view path, const NpyOptions& options) {
  OTIUM_ASSIGN_OR_RETURN(const IntrusivePtr<Buffer> buffer,
                         ReadFileBytes(path, options.mmap ? FileAccess::kMap : FileAccess::kRead));
  absl::StatusOr<Tensor> tensor = ViewNpy(buffer, 0, buffer->bytes());
  if (!tensor.ok()) return WithFileName(tensor.status(), path);
  return tensor;
}

absl::StatusOr<Tensor> ParseNpy(absl::string_view bytes) {
  OTIUM_ASSIGN_OR_RETURN(const NpyHeader header, ParseNpyHeader(bytes));
  OTIUM_RETURN_IF_ERROR(CheckNpyLength(header, static_cast<int64_t>(bytes.size())));
  return CopyElements(bytes.data() + header.data_offset, header);
}

absl::StatusOr<NpyParts> SplitNpy(const Tensor& tensor) {
  if (tensor.device() != Device{}) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the tensor is on ", DeviceToString(tensor.device()), "; copy it to the cpu first"));
  }
  NpyParts parts;
  const bool fortran = !tensor.IsContiguous() && IsFortranContiguous(tensor);
  parts.dense = tensor;
  if (!fortran && !tensor.IsContiguous()) {
    OTIUM_ASSIGN_OR_RETURN(parts.dense, Tensor::Allocate(tensor.dtype(), tensor.sizes()));
    CopyStrided(tensor.data(), tensor.strides(), parts.dense.mutable_data(), parts.dense.strides(),
                tensor.sizes(), ItemSize(tensor.dtype()));
  }
  parts.header = NpyHeaderText(tensor.dtype(), fortran, tensor.sizes());
  parts.data =
      absl::string_view(parts.dense.data<char>(), tensor.NumElements() * ItemSize(tensor.dtype()));
  return parts;
}

absl::Status WriteNpy(const Tensor& tensor, absl::string_view path) {
  absl::StatusOr<NpyParts> parts = SplitNpy(tensor);
  if (!parts.ok()) return WithFileName(parts.status(), path);
  OTIUM_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  OTIUM_RETURN_IF_ERROR(file.Append(parts->header));
  OTIUM_RETURN_IF_ERROR(file.Append(parts->data));
  return file.Commit();
}

absl::StatusOr<std::string> NpyToString(const Tensor& tensor) {
  OTIUM_ASSIGN_OR_RETURN(const NpyParts parts, SplitNpy(tensor));
  return absl::StrCat(parts.header, parts.data);
}

}  // namespace otium
