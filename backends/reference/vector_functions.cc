// SPDX-License-Identifier: Apache-2.0
//
// Functions of vectors along a dimension, by their definitions.

#include "backends/reference/map.h"
#include "ops/infer.h"

namespace otium::reference {
namespace {

using Index = absl::Span<const int64_t>;

int DimOf(const State& s, int rank) {
  return *NormalizeDim(s.attributes.Get<int64_t>("dim"), rank);
}

// Element `index` of operand `i`, which broadcasts.
template <class W>
W ElementAt(const LaunchArgs& args, size_t i, Index index) {
  const PhysicalType& type = static_cast<const State*>(args.state)->operands[i];
  return LoadAs<W>(type.dtype, args.operands[i].data,
                   BroadcastOffset(type, args.operands[i], index));
}

// Calls f(TypeTag<W>(), i, index) for element i of the result, whose index lacks `dim`
// of an operand: index has it, as 0.
template <class F>
void ForEachReduced(const LaunchArgs& args, int dim, F f) {
  const State& s = *static_cast<const State*>(args.state);
  DispatchWide(s.results[0].dtype, [&]<class Tag>(Tag tag) {
    int64_t i = 0;
    ForEachIndex(s.results[0].sizes, [&](Index reduced) {
      Sizes index(reduced.begin(), reduced.end());
      index.insert(index.begin() + dim, 0);
      f(tag, i++, index);
    });
  });
}

}  // namespace

void Cross(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const PhysicalType& result = s.results[0];
  const int dim = DimOf(s, result.rank());
  DispatchWide(result.dtype, [&]<class Tag>(Tag) {
    using W = typename Tag::type;
    int64_t i = 0;
    ForEachIndex(result.sizes, [&](Index index) {
      auto element = [&](size_t operand, int64_t after) {
        Sizes at(index.begin(), index.end());
        at[dim] = (at[dim] + after) % 3;
        return ElementAt<W>(args, operand, at);
      };
      StoreAs(result.dtype, args.results[0].data, i++,
              WrappingSub(WrappingMul(element(0, 1), element(1, 2)),
                          WrappingMul(element(0, 2), element(1, 1))));
    });
  });
}

void Vecdot(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const int rank = s.results[0].rank() + 1, dim = DimOf(s, rank);
  // The vectors' size: 1 stretches.
  auto size = [&](const PhysicalType& x) {
    const int d = dim - (rank - x.rank());
    return d < 0 ? 1 : x.sizes[d];
  };
  const int64_t of_x = size(s.operands[0]), n = of_x == 1 ? size(s.operands[1]) : of_x;
  ForEachReduced(args, dim, [&]<class Tag>(Tag, int64_t i, Sizes index) {
    using W = typename Tag::type;
    W sum(0);
    for (int64_t k = 0; k < n; ++k) {
      index[dim] = k;
      W x = ElementAt<W>(args, 0, index);
      if constexpr (kIsComplex<W>) x = std::conj(x);
      sum = MultiplyAdd(x, ElementAt<W>(args, 1, index), sum);
    }
    StoreAs(s.results[0].dtype, args.results[0].data, i, sum);
  });
}

void Vander(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const int64_t N = s.results[0].sizes.back();
  DispatchWide(s.results[0].dtype, [&]<class Tag>(Tag) {
    using W = typename Tag::type;
    int64_t i = 0;
    ForEachIndex(s.operands[0].sizes, [&](Index index) {
      const W x = ElementAt<W>(args, 0, index);
      W power(1);
      for (int64_t k = 0; k < N; ++k) {
        StoreAs(s.results[0].dtype, args.results[0].data, i++, power);
        power = Multiply(power, x);
      }
    });
  });
}

void Trapezoid(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const PhysicalType& y = s.operands[0];
  const int dim = DimOf(s, y.rank());
  const bool has_points = s.Has(1);
  ForEachReduced(args, dim, [&]<class Tag>(Tag, int64_t i, Sizes index) {
    using W = typename Tag::type;
    W integral(0);
    if constexpr (!kIsInteger<W>) {
      auto point = [&] {
        // Points that are 1-D are along dim.
        const bool one = s.operands[1].rank() < y.rank();
        return ElementAt<W>(args, 1, one ? Index(index).subspan(dim, 1) : Index(index));
      };
      for (int64_t k = 0; k + 1 < y.sizes[dim]; ++k) {
        index[dim] = k;
        const W y0 = ElementAt<W>(args, 0, index);
        const W x0 = has_points ? point() : W(0);
        index[dim] = k + 1;
        const W y1 = ElementAt<W>(args, 0, index);
        const W width = has_points ? point() - x0 : W(s.attributes.Get<double>("dx"));
        integral += Multiply(width, y0 + y1) / 2.0;
      }
    }
    StoreAs(s.results[0].dtype, args.results[0].data, i, integral);
  });
}

}  // namespace otium::reference
