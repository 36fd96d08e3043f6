// SPDX-License-Identifier: Apache-2.0
#include "engine/io/dlpack.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/io/dlpack_abi.h"

namespace otium {
namespace {

// The major version of the structures; a larger one may lie differently.
constexpr DLPackVersion kVersion = {1, 0};

DLDataType ToDLDataType(DType dtype) {
  const auto type = [dtype](DLDataTypeCode code) {
    return DLDataType{code, static_cast<uint8_t>(8 * ItemSize(dtype)), 1};
  };
  switch (dtype) {
    case DType::kBool: return type(kDLBool);
    case DType::kI32:
    case DType::kI64: return type(kDLInt);
    case DType::kBF16: return type(kDLBfloat);
    case DType::kF16:
    case DType::kF32:
    case DType::kF64: return type(kDLFloat);
    case DType::kC64:
    case DType::kC128: return type(kDLComplex);
  }
  __builtin_unreachable();
}

std::optional<DType> FromDLDataType(const DLDataType& type) {
  for (int i = 0; i < kNumDTypes; ++i) {
    const auto dtype = static_cast<DType>(i);
    const DLDataType ours = ToDLDataType(dtype);
    if (ours.code == type.code && ours.bits == type.bits && ours.lanes == type.lanes) return dtype;
  }
  return std::nullopt;
}

std::string DescribeDLDataType(const DLDataType& type) {
  const char* name = "an unknown type";
  switch (type.code) {
    case kDLInt: name = "int"; break;
    case kDLUInt: name = "uint"; break;
    case kDLFloat: name = "float"; break;
    case kDLBfloat: name = "bfloat"; break;
    case kDLComplex: name = "complex"; break;
    case kDLBool: name = "bool"; break;
    default: break;
  }
  return absl::StrCat(name, type.bits, type.lanes == 1 ? "" : absl::StrCat("x", type.lanes));
}

// What an exported tensor keeps alive: itself, and the arrays it points to.
template <class Managed>
struct Exported {
  Managed managed = {};
  Tensor tensor;
  Sizes sizes, strides;
};

template <class Managed>
absl::StatusOr<Managed*> Export(Tensor tensor) {
  if (tensor.device() != Device{}) {
    return absl::FailedPreconditionError(absl::StrCat("to_dlpack: the tensor is on ",
                                                      DeviceToString(tensor.device()),
                                                      "; copy it to the cpu first"));
  }
  auto* exported = new Exported<Managed>;
  exported->tensor = std::move(tensor);
  const Tensor& t = exported->tensor;
  exported->sizes.assign(t.sizes().begin(), t.sizes().end());
  exported->strides.assign(t.strides().begin(), t.strides().end());
  exported->managed.manager_ctx = exported;
  exported->managed.deleter = [](Managed* self) {
    delete static_cast<Exported<Managed>*>(self->manager_ctx);
  };
  exported->managed.dl_tensor = {
      .data = exported->tensor.mutable_data(),
      .device = {kDLCPU, 0},
      .ndim = t.rank(),
      .dtype = ToDLDataType(t.dtype()),
      .shape = exported->sizes.data(),
      // Never null: DLPack 1.2 wants them, and every reader understands them.
      .strides = exported->strides.data(),
      .byte_offset = 0,
  };
  return &exported->managed;
}

absl::Status Refuse(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("from_dlpack: ", what));
}

// The sizes and strides of `t`, checked: every index stays within 63 bits of
// bytes from the first element.
absl::Status ReadShape(const DLTensor& t, int64_t item_size, Sizes* sizes, Sizes* strides) {
  if (t.ndim < 0 || t.ndim > kMaxRank) {
    return Refuse(absl::StrCat("rank ", t.ndim, " is not between 0 and ", kMaxRank));
  }
  if (t.ndim > 0 && t.shape == nullptr) return Refuse("the shape is a null pointer");
  sizes->assign(t.shape, t.shape + t.ndim);
  int64_t bytes = item_size, extent = 0;
  bool overflow = false;
  for (int i = 0; i < t.ndim; ++i) {
    const int64_t size = (*sizes)[i];
    if (size < 0) return Refuse(absl::StrCat("size ", size, " is negative"));
    overflow |= __builtin_mul_overflow(bytes, std::max<int64_t>(size, 1), &bytes);
    if (t.strides == nullptr || size <= 1) continue;
    int64_t reach = 0, stride = 0;
    overflow |= __builtin_mul_overflow(t.strides[i], item_size, &stride) ||
                stride == std::numeric_limits<int64_t>::min() ||
                __builtin_mul_overflow(std::abs(stride), size - 1, &reach) ||
                __builtin_add_overflow(extent, reach, &extent);
  }
  if (overflow) return Refuse("the size in bytes overflows 64 bits");
  if (t.strides == nullptr) {
    *strides = ContiguousStrides(*sizes);
  } else {
    strides->assign(t.strides, t.strides + t.ndim);
  }
  return absl::OkStatus();
}

template <class Managed>
absl::StatusOr<Tensor> Import(Managed* managed) {
  const DLTensor& t = managed->dl_tensor;
  if (t.device.device_type != kDLCPU && t.device.device_type != kDLCUDAHost) {
    return Refuse(absl::StrCat("the memory is on a device (DLPack device type ",
                               t.device.device_type, "); copy it to the host first"));
  }
  const std::optional<DType> dtype = FromDLDataType(t.dtype);
  if (!dtype.has_value()) {
    return Refuse(
        absl::StrCat("the dtype is ", DescribeDLDataType(t.dtype), ", which Otium has not"));
  }
  Sizes sizes, strides;
  const int64_t item_size = ItemSize(*dtype);
  OTIUM_RETURN_IF_ERROR(ReadShape(t, item_size, &sizes, &strides));
  const auto release = [managed](void*) {
    if (managed->deleter != nullptr) managed->deleter(managed);
  };
  char* data = static_cast<char*>(t.data) + t.byte_offset;
  const bool empty = std::find(sizes.begin(), sizes.end(), 0) != sizes.end();
  if (t.data == nullptr && !empty) return Refuse("the data is a null pointer");
  if (!empty && reinterpret_cast<uintptr_t>(data) % ItemSize(RealDType(*dtype)) == 0) {
    return Tensor::Borrow(data, *dtype, sizes, strides, release);
  }
  OTIUM_ASSIGN_OR_RETURN(Tensor copy, Tensor::Allocate(*dtype, sizes));
  CopyStrided(data, strides, copy.mutable_data(), copy.strides(), sizes, item_size);
  release(nullptr);
  return copy;
}

}  // namespace

absl::StatusOr<DLManagedTensor*> ToDLPack(Tensor tensor) {
  if (!tensor.IsUnique() && tensor.device() == Device{}) {
    OTIUM_ASSIGN_OR_RETURN(Tensor copy, Tensor::Allocate(tensor.dtype(), tensor.sizes()));
    CopyStrided(tensor.data(), tensor.strides(), copy.mutable_data(), copy.strides(),
                tensor.sizes(), ItemSize(tensor.dtype()));
    return Export<DLManagedTensor>(std::move(copy));
  }
  return Export<DLManagedTensor>(std::move(tensor));
}

absl::StatusOr<DLManagedTensorVersioned*> ToDLPackVersioned(Tensor tensor) {
  const bool read_only = !tensor.IsUnique();
  OTIUM_ASSIGN_OR_RETURN(DLManagedTensorVersioned * managed,
                         Export<DLManagedTensorVersioned>(std::move(tensor)));
  managed->version = kVersion;
  managed->flags = read_only ? kDLPackReadOnly : 0;
  return managed;
}

absl::StatusOr<Tensor> FromDLPack(DLManagedTensor* managed) {
  if (managed == nullptr) return Refuse("a null pointer");
  return Import(managed);
}

absl::StatusOr<Tensor> FromDLPack(DLManagedTensorVersioned* managed) {
  if (managed == nullptr) return Refuse("a null pointer");
  if (managed->version.major != kVersion.major) {
    return Refuse(absl::StrCat("version ", managed->version.major, ".", managed->version.minor,
                               " of DLPack is not known; Otium knows ", kVersion.major, ".x"));
  }
  // Borrowed memory is never written, so the read-only flag asks for nothing.
  return Import(managed);
}

}  // namespace otium
