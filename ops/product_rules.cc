// SPDX-License-Identifier: Apache-2.0
#include "ops/product_rules.h"

#include <algorithm>

#include "ops/infer.h"

namespace otium {

Structure ProductStructure(const Graph& graph, ValueId a, ValueId b) {
  const Structure& x = graph.type(a).structure;
  const Structure& y = graph.type(b).structure;
  if (x.Has(kIdentity)) return y;
  if (y.Has(kIdentity)) return x;
  Structure s;
  s.lower = AddBands(x.lower, y.lower);
  s.upper = AddBands(x.upper, y.upper);
  constexpr uint32_t kBoth =
      kNonsingular | kFullColumnRank | kOrthonormalColumns | kOrthogonal | kPermutation;
  s.flags = x.flags & y.flags & kBoth;
  if (x.Has(kZero) || y.Has(kZero)) s.flags |= kZero;
  // Unit triangular matrices of one side form a group.
  if ((x.IsLower() && y.IsLower()) || (x.IsUpper() && y.IsUpper())) {
    s.flags |= x.flags & y.flags & kUnitDiagonal;
  }
  // A A.T and A.H A: semidefinite, definite with full rank of the right side.
  if (IsTransposeOf(graph, a, b)) s.flags |= kSymmetric;
  if (IsAdjointOf(graph, a, b)) {
    s.flags |= kPsd;
    if (y.Has(kFullColumnRank)) s.flags |= kPd;
  }
  // The square of a symmetric matrix is that times its transpose.
  if (a == b && x.Has(kSymmetric)) s.flags |= kSymmetric;
  if (a == b && x.Has(kHermitian)) {
    s.flags |= kPsd;
    if (x.Has(kFullColumnRank)) s.flags |= kPd;
  }
  return s;
}

Structure ScaledStructure(const Structure& s, const TensorType* factor, DType dtype) {
  if (factor == nullptr) return s;
  uint32_t keep = kSymmetric | kZero;
  if (factor->structure.Has(kPositive)) keep |= kPd | kPsd | kNonsingular | kFullColumnRank;
  if (factor->structure.Has(kNonnegative)) keep |= kPsd;
  if (!IsComplex(dtype)) keep |= kHermitian;
  return {s.lower, s.upper, s.flags & keep};
}

Structure SumStructure(const Structure& a, const Structure& b) {
  if (a.Has(kZero)) return b;
  if (b.Has(kZero)) return a;
  Structure s = Meet(a, b);
  s.flags &= kSymmetric | kHermitian | kPsd;
  if ((a.Has(kPsd) && b.Has(kPd)) || (a.Has(kPd) && b.Has(kPsd))) s.flags |= kPd;
  return s;
}

// Element (i1 p + i2, j1 q + j2) is M(i1, j1) N(i2, j2). For square N (p = q) its
// distance from the diagonal is p (i1 - j1) + (i2 - j2).
Structure KroneckerStructure(const Structure& a, const Structure& b, const Shape& n) {
  Structure s;
  constexpr uint32_t kBoth = kSymmetric | kHermitian | kPsd | kPd | kNonsingular | kFullColumnRank |
                             kOrthonormalColumns | kOrthogonal | kPermutation | kIdentity;
  s.flags = a.flags & b.flags & kBoth;
  if (a.Has(kZero) || b.Has(kZero)) s.flags |= kZero;
  const Dim& p = n.back(2);
  if (!(p == n.back(1))) return s;
  s.flags |= a.flags & b.flags & kUnitDiagonal;
  auto band = [&p](int64_t outer, int64_t inner) {
    if (outer == 0) return inner;
    if (outer == kFullBand || !p.IsStatic() ||
        outer > kDimLimit / std::max<int64_t>(p.value(), 1)) {
      return kFullBand;
    }
    return p.value() * outer + std::min(inner, std::max<int64_t>(p.value() - 1, 0));
  };
  s.lower = band(a.lower, b.lower);
  s.upper = band(a.upper, b.upper);
  return s;
}

Structure OuterStructure(const Graph& graph, ValueId x, ValueId y) {
  Structure s;
  if (graph.type(x).structure.Has(kZero) || graph.type(y).structure.Has(kZero)) s.flags |= kZero;
  if (x == y) s.flags |= kSymmetric;
  auto is_conj_of = [&](ValueId u, ValueId v) {
    const NodeId n = graph.producer(u);
    return graph.Is(n, Op::conj) && graph.operands(n)[0] == v;
  };
  const bool adjoint =
      IsComplex(graph.type(x).dtype) ? is_conj_of(x, y) || is_conj_of(y, x) : x == y;
  if (adjoint) s.flags |= kPsd;
  return s;
}

absl::Status RequireNumbers(const OpCall& call) {
  for (int i = 0; i < call.num_operands(); ++i) {
    if (!call.Has(i) || call.operand(i).dtype != DType::kBool) continue;
    return InvalidArgument("the operands are bool, which products do not take: cast them");
  }
  return absl::OkStatus();
}

}  // namespace otium
