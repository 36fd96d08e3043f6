// SPDX-License-Identifier: Apache-2.0
//
// Softmax, cumulative sums and products: one line at a time.

#include <cmath>

#include "backends/reference/reduce.h"

namespace otium::reference {
namespace {

// exp(x - m) of a line with its largest element m, and their sum. Infinities and
// NaN in the line make NaN of inf - inf, as the definition has it.
struct ShiftedExponentials {
  std::vector<double> shifted;
  double sum = 0;

  explicit ShiftedExponentials(Elements<double> x) {
    double largest = -INFINITY;
    for (double v : x) largest = std::max(largest, v);
    for (double v : x) {
      shifted.push_back(v - largest);
      sum += std::exp(shifted.back());
    }
  }
};

template <class W, class F>
std::vector<W> Accumulate(Elements<W> x, W start, F f) {
  std::vector<W> result;
  for (const W& v : x) result.push_back(start = f(start, v));
  return result;
}

}  // namespace

void Softmax(const LaunchArgs& args) {
  Scan(args, [](Elements<double> x) {
    ShiftedExponentials e(x);
    for (double& v : e.shifted) v = std::exp(v) / e.sum;
    return e.shifted;
  });
}
void LogSoftmax(const LaunchArgs& args) {
  Scan(args, [](Elements<double> x) {
    ShiftedExponentials e(x);
    for (double& v : e.shifted) v -= std::log(e.sum);
    return e.shifted;
  });
}
void CumSum(const LaunchArgs& args) {
  Scan(args, []<class W>(Elements<W> x) {
    return Accumulate(x, W(0), [](W a, W b) { return WrappingAdd(a, b); });
  });
}
void CumProd(const LaunchArgs& args) {
  Scan(args, []<class W>(Elements<W> x) {
    return Accumulate(x, W(1), [](W a, W b) { return WrappingMul(a, b); });
  });
}

}  // namespace otium::reference
