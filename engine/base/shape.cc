// SPDX-License-Identifier: Apache-2.0
#include "engine/base/shape.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace otium {

Shape::Shape(std::initializer_list<Dim> dims)
    : Shape(absl::Span<const Dim>(dims.begin(), dims.size())) {}

Shape::Shape(absl::Span<const Dim> dims) {
  if (dims.empty()) return;
  auto rep = MakeIntrusive<Rep>();
  rep->dims.assign(dims.begin(), dims.end());
  rep_ = std::move(rep);
}

Shape::Shape(absl::Span<const int64_t> sizes) {
  if (sizes.empty()) return;
  auto rep = MakeIntrusive<Rep>();
  rep->dims.assign(sizes.begin(), sizes.end());
  rep_ = std::move(rep);
}

bool Shape::IsStatic() const {
  return std::all_of(dims().begin(), dims().end(), [](const Dim& d) { return d.IsStatic(); });
}

int64_t Shape::NumElements() const {
  int64_t n = 1;
  bool empty = false;
  for (const Dim& d : dims()) {
    if (d.value() == 0) empty = true;
    if (__builtin_mul_overflow(n, d.value(), &n)) n = std::numeric_limits<int64_t>::max();
  }
  return empty ? 0 : n;
}

Sizes Shape::sizes() const {
  Sizes sizes;
  for (const Dim& d : dims()) sizes.push_back(d.value());
  return sizes;
}

Shape Shape::Bind(const SizeBindings& bindings) const {
  if (IsStatic()) return *this;
  Dims bound;
  for (const Dim& d : dims()) bound.push_back(d.Bind(bindings));
  return Shape(absl::Span<const Dim>(bound));
}

std::string Shape::ToString() const {
  return absl::StrCat(
      "[",
      absl::StrJoin(dims(), ", ",
                    [](std::string* out, const Dim& d) { absl::StrAppend(out, d.ToString()); }),
      "]");
}

void Shape::HashInto(Hasher& hasher) const {
  hasher.Add(static_cast<uint64_t>(rank()));
  for (const Dim& d : dims()) d.HashInto(hasher);
}

absl::StatusOr<Shape> BroadcastShapes(const Shape& a, const Shape& b) {
  if (a == b || b.rank() == 0) return a;
  if (a.rank() == 0) return b;
  const int rank = std::max(a.rank(), b.rank());
  Dims dims(rank);
  bool is_a = a.rank() == rank, is_b = b.rank() == rank;
  for (int i = 1; i <= rank; ++i) {
    const Dim x = i <= a.rank() ? a.back(i) : Dim(1);
    const Dim y = i <= b.rank() ? b.back(i) : Dim(1);
    if (!(x == y) && !x.Is(1) && !y.Is(1)) {
      return absl::InvalidArgumentError(absl::StrCat("shapes ", a.ToString(), " and ", b.ToString(),
                                                     " do not broadcast: ", x.ToString(),
                                                     " is not ", y.ToString()));
    }
    const bool take_y = x.Is(1);
    dims[rank - i] = take_y ? y : x;
    is_a = is_a && (!take_y || y.Is(1));
    is_b = is_b && (take_y || x == y);
  }
  if (is_a) return a;
  if (is_b) return b;
  return Shape(absl::Span<const Dim>(dims));
}

Shape BatchShape(const Shape& shape, int drop) {
  return Shape(shape.dims().subspan(0, shape.rank() - drop));
}

Shape ConcatShapes(const Shape& batch, std::initializer_list<Dim> tail) {
  Dims dims(batch.dims().begin(), batch.dims().end());
  dims.insert(dims.end(), tail.begin(), tail.end());
  return Shape(absl::Span<const Dim>(dims));
}

Sizes ContiguousStrides(absl::Span<const int64_t> sizes) {
  Sizes strides(sizes.size());
  int64_t stride = 1;
  for (size_t i = sizes.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= std::max<int64_t>(sizes[i], 1);
  }
  return strides;
}

}  // namespace otium
