// SPDX-License-Identifier: Apache-2.0
//
// A shape: a list of Dims, immutable and shared, so that the thousand nodes of
// a pointwise chain hold one list between them. Rank 0 allocates nothing.

#ifndef OTIUM_ENGINE_BASE_SHAPE_H_
#define OTIUM_ENGINE_BASE_SHAPE_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/base/dim.h"
#include "engine/base/export.h"
#include "engine/base/intrusive_ptr.h"

namespace otium {

using Dims = absl::InlinedVector<Dim, 4>;
using Sizes = absl::InlinedVector<int64_t, 6>;

// More is refused with an error.
inline constexpr int kMaxRank = 16;

class OTIUM_EXPORT Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<Dim> dims);  // NOLINT: {m, n} is a shape.
  explicit Shape(absl::Span<const Dim> dims);
  explicit Shape(absl::Span<const int64_t> sizes);

  int rank() const { return rep_ ? static_cast<int>(rep_->dims.size()) : 0; }
  absl::Span<const Dim> dims() const {
    return rep_ ? absl::Span<const Dim>(rep_->dims) : absl::Span<const Dim>();
  }
  const Dim& operator[](int i) const { return rep_->dims[i]; }
  // Counted from the end: back(1) is the last.
  const Dim& back(int i = 1) const { return rep_->dims[rank() - i]; }

  bool IsStatic() const;
  // The element count, or the largest int64 when it is more; requires IsStatic().
  int64_t NumElements() const;
  // The sizes as integers; requires IsStatic().
  Sizes sizes() const;
  Shape Bind(const SizeBindings& bindings) const;

  friend bool operator==(const Shape& a, const Shape& b) {
    return a.rep_ == b.rep_ || a.dims() == b.dims();
  }
  // "[m, n]".
  std::string ToString() const;
  void HashInto(Hasher& hasher) const;

 private:
  struct Rep : RefCounted<Rep> {
    Dims dims;
  };
  IntrusivePtr<const Rep> rep_;
};

// NumPy's rule: sizes are aligned at the end, and 1 stretches. A symbolic size
// broadcasts with itself and with 1; two different symbols are kInvalidArgument.
OTIUM_EXPORT absl::StatusOr<Shape> BroadcastShapes(const Shape& a, const Shape& b);

// Everything but the last `drop` dimensions.
OTIUM_EXPORT Shape BatchShape(const Shape& shape, int drop = 2);
// `batch` followed by `tail`.
OTIUM_EXPORT Shape ConcatShapes(const Shape& batch, std::initializer_list<Dim> tail);

// Strides in elements of a dense row-major array.
OTIUM_EXPORT Sizes ContiguousStrides(absl::Span<const int64_t> sizes);

}  // namespace otium

#endif  // OTIUM_ENGINE_BASE_SHAPE_H_
