// SPDX-License-Identifier: Apache-2.0
#include "tests/backends/structure_cases.h"

#include <algorithm>
#include <cmath>

#include "tests/backends/pick.h"

namespace otium {
namespace {

template <class T>
void MakeTrue(const Structure& facts, const Tensor& t, int64_t base) {
  T* const data = static_cast<T*>(const_cast<void*>(t.data())) + base;
  const int r = t.rank();
  const int64_t rows = t.sizes()[r - 2], columns = t.sizes()[r - 1];
  const auto at = [&](int64_t i, int64_t j) -> T& {
    return data[i * t.strides()[r - 2] + j * t.strides()[r - 1]];
  };
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      if (facts.Has(kSymmetric) && j < i) at(i, j) = at(j, i);
      const bool below = facts.lower != kFullBand && i - j > facts.lower;
      const bool above = facts.upper != kFullBand && j - i > facts.upper;
      if (facts.Has(kZero) || below || above) at(i, j) = 0;
      if (facts.Has(kUnitDiagonal) && i == j) at(i, j) = 1;
    }
  }
}

template <class T>
void Fill(const Structure& facts, const Tensor& t, std::mt19937& random) {
  const int r = t.rank();
  const int64_t batch = r == 2 ? 1 : t.sizes()[0], stride = r == 2 ? 0 : t.strides()[0];
  for (int64_t p = 0; p < batch; ++p) MakeTrue<T>(facts, t, p * stride);
  if (t.NumElements() == 0 || Pick(random, 0, 1) == 0) return;
  const T wrong[] = {T(3), T(NAN), T(INFINITY), T(-1e-30)};
  const int64_t rows = t.sizes()[r - 2], columns = t.sizes()[r - 1];
  const int64_t p = Pick(random, 0, batch - 1), i = Pick(random, 0, rows - 1);
  // On the diagonal as often as beside it.
  const int64_t j = Pick(random, 0, 1) == 0 ? std::min(i, columns - 1) : Pick(random, 0, columns - 1);
  T* const data = static_cast<T*>(const_cast<void*>(t.data())) + p * stride;
  data[i * t.strides()[r - 2] + j * t.strides()[r - 1]] = wrong[Pick(random, 0, 3)];
}

}  // namespace

std::optional<std::vector<Sizes>> StructureShapes(Op op, std::mt19937& random) {
  if (op != Op::assume) return std::nullopt;
  // Of several tiles at times.
  const int64_t n = Pick(random, 0, 2) == 0 ? Pick(random, 60, 200) : PickSize(random);
  const int64_t m = Pick(random, 0, 1) == 0 ? n : PickSize(random);
  return Batched({m, n}, Pick(random, 0, 5));
}

void AddStructureAttributes(Op op, DType dtype, const std::vector<Sizes>& shapes,
                            std::mt19937& random, std::vector<NamedAttribute>* attributes) {
  if (op != Op::assume) return;
  const Sizes& sizes = shapes[0];
  const bool is_square = sizes[sizes.size() - 2] == sizes.back();
  Structure facts;
  if (Pick(random, 0, 1) == 0) facts.lower = Pick(random, -2, 3);
  if (Pick(random, 0, 1) == 0) facts.upper = Pick(random, -2, 3);
  if (Pick(random, 0, 5) == 0) facts.flags |= kZero;
  if (Pick(random, 0, 3) == 0 && facts.lower >= 0 && facts.upper >= 0) {
    facts.flags |= kUnitDiagonal;
  }
  if (is_square && Pick(random, 0, 1) == 0) {
    facts.flags |= Pick(random, 0, 1) == 0 ? kPd : kSymmetric;
    facts.lower = facts.upper = std::max<int64_t>(facts.lower, 0);
  }
  if (facts.Has(kZero)) facts.flags = kZero;
  attributes->push_back(
      {"structure",
       NormalizeStructure(facts, dtype, Shape(absl::Span<const int64_t>(sizes)))});
}

Tensor StructureOperand(Op op, const Tensor& t, const Attributes& attributes,
                        std::mt19937& random) {
  if (op != Op::assume) return t;
  const Structure& facts = attributes.Get<Structure>("structure");
  if (t.dtype() == DType::kF32) Fill<float>(facts, t, random);
  if (t.dtype() == DType::kF64) Fill<double>(facts, t, random);
  return t;
}

}  // namespace otium
