// SPDX-License-Identifier: Apache-2.0
//
// The structures of DLPack 1.0 (https://dmlc.github.io/dlpack), which is an ABI
// and not a library: these declarations and those of any dlpack.h describe the
// same memory. Only sources of Otium include this; a program that also uses
// DLPack's own header includes engine/io/dlpack.h next to it.

#ifndef OTIUM_ENGINE_IO_DLPACK_ABI_H_
#define OTIUM_ENGINE_IO_DLPACK_ABI_H_

#include <cstdint>

enum DLDeviceType : int32_t { kDLCPU = 1, kDLCUDA = 2, kDLCUDAHost = 3 };

enum DLDataTypeCode : uint8_t {
  kDLInt = 0,
  kDLUInt = 1,
  kDLFloat = 2,
  kDLBfloat = 4,
  kDLComplex = 5,
  kDLBool = 6,
};

struct DLDevice {
  int32_t device_type;
  int32_t device_id;
};

struct DLDataType {
  uint8_t code;
  uint8_t bits;
  uint16_t lanes;  // Of vector types; 1 for ours.
};

struct DLTensor {
  void* data;
  DLDevice device;
  int32_t ndim;
  DLDataType dtype;
  int64_t* shape;
  int64_t* strides;  // In elements; null: dense row-major.
  uint64_t byte_offset;
};

struct DLManagedTensor {
  DLTensor dl_tensor;
  void* manager_ctx;
  void (*deleter)(DLManagedTensor* self);
};

struct DLPackVersion {
  uint32_t major;
  uint32_t minor;
};

inline constexpr uint64_t kDLPackReadOnly = uint64_t{1} << 0;
inline constexpr uint64_t kDLPackIsCopied = uint64_t{1} << 1;

struct DLManagedTensorVersioned {
  DLPackVersion version;
  void* manager_ctx;
  void (*deleter)(DLManagedTensorVersioned* self);
  uint64_t flags;
  DLTensor dl_tensor;
};

#endif  // OTIUM_ENGINE_IO_DLPACK_ABI_H_
