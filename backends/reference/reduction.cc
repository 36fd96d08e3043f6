// SPDX-License-Identifier: Apache-2.0
//
// Reductions: one pass over the operand for each element of the result.

#include <algorithm>
#include <vector>

#include "backends/reference/elements.h"
#include "ops/infer.h"

namespace otium::reference {
namespace {

// Calls f(result index, g) for each element of the result, where g(h) calls
// h(offset) for each operand element that is reduced into it.
template <class F>
void ForEachReduced(const State& s, const View& x, F&& f) {
  const PhysicalType& type = s.operands[0];
  const std::vector<int> dims = *NormalizeDims(s.attributes.Find<Ints>("dim"), type.rank());
  Sizes kept, kept_strides, reduced, reduced_strides;
  for (int d = 0; d < type.rank(); ++d) {
    const bool is_reduced = std::find(dims.begin(), dims.end(), d) != dims.end();
    (is_reduced ? reduced : kept).push_back(type.sizes[d]);
    (is_reduced ? reduced_strides : kept_strides).push_back(x.strides[d]);
  }
  int64_t result = 0;
  ForEachIndex(kept, [&](absl::Span<const int64_t> index) {
    int64_t base = 0;
    for (size_t d = 0; d < index.size(); ++d) base += index[d] * kept_strides[d];
    f(result++, [&](auto&& h) {
      ForEachIndex(reduced, [&](absl::Span<const int64_t> inner) {
        int64_t offset = base;
        for (size_t d = 0; d < inner.size(); ++d) offset += inner[d] * reduced_strides[d];
        h(offset);
      });
    });
  });
}

}  // namespace

// Results are dense row-major: element `i` of the walk over the kept dimensions.

void Sum(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  DispatchDType(s.operands[0].dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    const T* x = args.operands[0].as<const T>();
    ForEachReduced(s, args.operands[0], [&](int64_t i, auto&& elements) {
      Wide<T> sum(0);
      elements([&](int64_t offset) { sum += Load(x[offset]); });
      if constexpr (std::is_integral_v<T>) args.results[0].as<int64_t>()[i] = sum;
      else args.results[0].as<T>()[i] = Store<T>(sum);
    });
  });
}

void VarMean(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const double correction = s.attributes.Get<double>("correction");
  DispatchDType(s.operands[0].dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    const T* x = args.operands[0].as<const T>();
    ForEachReduced(s, args.operands[0], [&](int64_t i, auto&& elements) {
      if constexpr (!std::is_integral_v<T>) {
        Wide<T> sum(0);
        double n = 0;
        elements([&](int64_t offset) {
          sum += Load(x[offset]);
          n += 1;
        });
        const Wide<T> mean = sum / n;
        double squares = 0;
        elements([&](int64_t offset) { squares += std::norm(Load(x[offset]) - mean); });
        DispatchDType(s.results[0].dtype, [&]<class Real>(Real) {
          using R = typename Real::type;
          args.results[0].as<R>()[i] =
              Store<R>(static_cast<Wide<R>>(squares / std::max(n - correction, 0.0)));
        });
        args.results[1].as<T>()[i] = Store<T>(mean);
      }
    });
  });
}

}  // namespace otium::reference
