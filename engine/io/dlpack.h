// SPDX-License-Identifier: Apache-2.0
//
// Tensors to and from other libraries in the same process (NumPy, PyTorch, JAX)
// without a copy, through DLPack. Both forms exist: the versioned one of DLPack
// 1.0, and the older one that most libraries still speak.
//
//   OTIUM_ASSIGN_OR_RETURN(DLManagedTensorVersioned* out, ToDLPackVersioned(std::move(z)));
//   OTIUM_ASSIGN_OR_RETURN(Tensor a, FromDLPack(managed));
//
// Tensors are immutable and DLPack's are not. A tensor that is handed over
// (moved, and IsUnique()) may be written by who gets it. One that is shared goes
// out marked read-only, and since the old form cannot say so, as a copy there.
//
// The structures are defined by any dlpack.h, or by engine/io/dlpack_abi.h.
//
// Tested by tests/io/dlpack_test.cc.

#ifndef OTIUM_ENGINE_IO_DLPACK_H_
#define OTIUM_ENGINE_IO_DLPACK_H_

#include "absl/status/statusor.h"
#include "engine/base/export.h"
#include "engine/base/tensor.h"

struct DLManagedTensor;
struct DLManagedTensorVersioned;

namespace otium {

// The receiver must call the result's deleter once. kFailedPrecondition for a
// tensor that is not in host memory; kResourceExhausted.
OTIUM_EXPORT absl::StatusOr<DLManagedTensor*> ToDLPack(Tensor tensor);
OTIUM_EXPORT absl::StatusOr<DLManagedTensorVersioned*> ToDLPackVersioned(Tensor tensor);

// Takes `managed` over: its deleter runs when the last tensor that shares its
// memory goes. On error it is still the caller's. kInvalidArgument for a dtype,
// rank, shape or version that Otium has not, or memory that is not the host's.
// Elements that are not aligned are copied. The bytes of bools must be 0 or 1.
OTIUM_EXPORT absl::StatusOr<Tensor> FromDLPack(DLManagedTensor* managed);
OTIUM_EXPORT absl::StatusOr<Tensor> FromDLPack(DLManagedTensorVersioned* managed);

}  // namespace otium

#endif  // OTIUM_ENGINE_IO_DLPACK_H_
