// SPDX-License-Identifier: Apache-2.0
//
// TensorType: the logical facts about a value. No strides, no device, no
// address: those belong to a Tensor (data) or to a plan's operand (place).

#ifndef OTIUM_ENGINE_BASE_TENSOR_TYPE_H_
#define OTIUM_ENGINE_BASE_TENSOR_TYPE_H_

#include <cstdint>
#include <limits>
#include <string>

#include "engine/base/dtype.h"
#include "engine/base/export.h"
#include "engine/base/hash.h"
#include "engine/base/shape.h"
#include "engine/base/structure.h"

namespace otium {

// How the elements lie: strided, or one of the sparse formats.
enum class LayoutKind : uint8_t { kStrided, kCoo, kCsr, kCsc, kBsr };

struct OTIUM_EXPORT Layout {
  LayoutKind kind = LayoutKind::kStrided;
  // Of kBsr, else 0.
  int32_t block_rows = 0;
  int32_t block_columns = 0;

  friend bool operator==(const Layout&, const Layout&) = default;
};

struct OTIUM_EXPORT TensorType {
  DType dtype = DType::kF32;
  // A literal, a size, an undtyped creation, or arithmetic of only those. Held
  // in i64, f64 or c128 and takes the dtype of what it meets; alone it becomes
  // i64, f32 or c64. See engine/graph/schema.h.
  bool weak = false;
  Layout layout;
  Shape shape;
  Structure structure;

  TensorType() = default;
  TensorType(DType d, Shape s) : dtype(d), shape(std::move(s)) {}

  int rank() const { return shape.rank(); }
  // Bytes of the elements of a strided tensor, or the largest int64 when they are
  // more; requires shape.IsStatic().
  int64_t NumBytes() const {
    int64_t bytes = 0;
    return __builtin_mul_overflow(shape.NumElements(), ItemSize(dtype), &bytes)
               ? std::numeric_limits<int64_t>::max()
               : bytes;
  }

  friend bool operator==(const TensorType&, const TensorType&) = default;

  // "f64[m, n] spd csr", as graph files write it; weak is not written.
  std::string ToString() const;
  void HashInto(Hasher& hasher) const;
};

// "f64[m, n]": what error messages show.
OTIUM_EXPORT std::string ShortType(const TensorType& type);

}  // namespace otium

#endif  // OTIUM_ENGINE_BASE_TENSOR_TYPE_H_
