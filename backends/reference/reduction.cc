// SPDX-License-Identifier: Apache-2.0
//
// Reductions: each element of the result from the list of those that it is made of.

#include <cmath>

#include "backends/reference/reduce.h"

namespace otium::reference {

using Complex = std::complex<double>;

namespace {

template <class W>
W SumOf(Elements<W> x) {
  W sum(0);
  for (const W& v : x) sum = WrappingAdd(sum, v);
  return sum;
}
template <class W>
W MeanOf(Elements<W> x) {
  return SumOf(x) / static_cast<double>(x.size());
}
// Two passes: the mean first, so that nothing cancels.
template <class W>
double VarOf(Elements<W> x, double correction) {
  const W mean = MeanOf(x);
  double squares = 0;
  for (const W& v : x) squares += std::norm(v - mean);
  return squares / std::max(static_cast<double>(x.size()) - correction, 0.0);
}

double CorrectionOf(const LaunchArgs& args) {
  return static_cast<const State*>(args.state)->attributes.Get<double>("correction");
}

// The index of the first element that no other comes before, NaN before all.
template <class W, class Before>
size_t FirstOf(Elements<W> x, Before before) {
  size_t best = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    if (x[i] != x[i]) return i;
    if (before(x[i], x[best])) best = i;
  }
  return best;
}
template <class W>
size_t LargestOf(Elements<W> x) {
  return FirstOf(x, [](W a, W b) { return a > b; });
}
template <class W>
size_t SmallestOf(Elements<W> x) {
  return FirstOf(x, [](W a, W b) { return a < b; });
}

template <class W>
int64_t CountOf(Elements<W> x) {
  return std::count_if(x.begin(), x.end(), [](const W& v) { return v != W(0); });
}

}  // namespace

void Sum(const LaunchArgs& args) {
  Reduce(args, []<class W>(Elements<W> x) { return SumOf(x); });
}
void Prod(const LaunchArgs& args) {
  Reduce(args, []<class W>(Elements<W> x) {
    W product(1);
    for (const W& v : x) product = WrappingMul(product, v);
    return product;
  });
}

// Of floating and complex numbers.
void Mean(const LaunchArgs& args) {
  Reduce(args, Overloaded{[](Elements<double> x) { return MeanOf(x); },
                          [](Elements<Complex> x) { return MeanOf(x); }});
}
void Var(const LaunchArgs& args) {
  const double c = CorrectionOf(args);
  Reduce(args, Overloaded{[c](Elements<double> x) { return VarOf(x, c); },
                          [c](Elements<Complex> x) { return VarOf(x, c); }});
}
void Std(const LaunchArgs& args) {
  const double c = CorrectionOf(args);
  Reduce(args, Overloaded{[c](Elements<double> x) { return std::sqrt(VarOf(x, c)); },
                          [c](Elements<Complex> x) { return std::sqrt(VarOf(x, c)); }});
}
void VarMean(const LaunchArgs& args) {
  const double c = CorrectionOf(args);
  Reduce(args,
         Overloaded{[c](Elements<double> x) { return VarOf(x, c); },
                    [c](Elements<Complex> x) { return VarOf(x, c); }},
         Overloaded{[](Elements<double> x) { return MeanOf(x); },
                    [](Elements<Complex> x) { return MeanOf(x); }});
}

// Of real numbers; never of nothing.
void AMax(const LaunchArgs& args) {
  Reduce(args, Overloaded{[](Elements<int64_t> x) { return x[LargestOf(x)]; },
                          [](Elements<double> x) { return x[LargestOf(x)]; }});
}
void AMin(const LaunchArgs& args) {
  Reduce(args, Overloaded{[](Elements<int64_t> x) { return x[SmallestOf(x)]; },
                          [](Elements<double> x) { return x[SmallestOf(x)]; }});
}
void ArgMax(const LaunchArgs& args) {
  Reduce(args, Overloaded{[](Elements<int64_t> x) -> int64_t { return LargestOf(x); },
                          [](Elements<double> x) -> int64_t { return LargestOf(x); }});
}
void ArgMin(const LaunchArgs& args) {
  Reduce(args, Overloaded{[](Elements<int64_t> x) -> int64_t { return SmallestOf(x); },
                          [](Elements<double> x) -> int64_t { return SmallestOf(x); }});
}

void All(const LaunchArgs& args) {
  Reduce(args, []<class W>(Elements<W> x) { return CountOf(x) == static_cast<int64_t>(x.size()); });
}
void Any(const LaunchArgs& args) {
  Reduce(args, []<class W>(Elements<W> x) { return CountOf(x) > 0; });
}
void CountNonzero(const LaunchArgs& args) {
  Reduce(args, []<class W>(Elements<W> x) { return CountOf(x); });
}

// log(sum(exp(x - m))) + m with the largest (real part) m, which keeps exp from
// overflowing; an infinite m is not subtracted from itself.
void LogSumExp(const LaunchArgs& args) {
  auto log_sum = []<class W>(Elements<W> x, double m) {
    const double shift = std::isfinite(m) ? m : 0.0;
    W sum(0);
    for (const W& v : x) sum += std::exp(v - shift);
    return std::log(sum) + shift;
  };
  auto of_reals = [&](Elements<double> x) { return log_sum(x, x.empty() ? 0.0 : x[LargestOf(x)]); };
  Reduce(args, Overloaded{[&](Elements<int64_t> x) {
                            return of_reals(std::vector<double>(x.begin(), x.end()));
                          },
                          of_reals,
                          [&](Elements<Complex> x) {
                            double m = x.empty() ? 0.0 : x[0].real();
                            for (const Complex& v : x) m = std::max(m, v.real());
                            return log_sum(x, m);
                          }});
}

void Trace(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const PhysicalType& A = s.operands[0];
  const int dims[] = {A.rank() - 2, A.rank() - 1};
  const int64_t rows = A.sizes[dims[0]], columns = A.sizes[dims[1]];
  DispatchWide(A.dtype, [&]<class Tag>(Tag) {
    using W = typename Tag::type;
    ForEachSlice(A, args.operands[0], dims, [&](int64_t i, absl::Span<const int64_t> offsets) {
      W sum(0);
      for (int64_t k = 0; k < std::min(rows, columns); ++k) {
        sum = WrappingAdd(sum, LoadAs<W>(A.dtype, args.operands[0].data, offsets[k * columns + k]));
      }
      StoreAs(s.results[0].dtype, args.results[0].data, i, sum);
    });
  });
}

}  // namespace otium::reference
