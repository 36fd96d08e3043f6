// SPDX-License-Identifier: Apache-2.0
//
// Norms: of the absolute values of the elements, in f64.

#include <cmath>
#include <string>

#include "backends/reference/reduce.h"

namespace otium::reference {
namespace {

using Complex = std::complex<double>;

double Largest(Elements<double> x) {
  double largest = x.empty() ? 0 : x[0];
  for (double v : x) largest = v > largest || v != v ? v : largest;
  return largest;
}
double Smallest(Elements<double> x) {
  double smallest = x.empty() ? 0 : x[0];
  for (double v : x) smallest = v < smallest || v != v ? v : smallest;
  return smallest;
}

// Of absolute values. The 2-norm divides by the largest one first, so that squares
// neither overflow nor vanish.
double VectorNormOf(Elements<double> x, double order) {
  if (order == INFINITY) return Largest(x);
  if (order == -INFINITY) return Smallest(x);
  double sum = 0;
  if (order == 0) {
    for (double v : x) sum += v != 0;
    return sum;
  }
  const double largest = Largest(x);
  if (order == 2 && largest > 0 && std::isfinite(largest)) {
    for (double v : x) sum += v / largest * (v / largest);
    return largest * std::sqrt(sum);
  }
  for (double v : x) sum += std::pow(v, order);
  return std::pow(sum, 1 / order);
}

// Of absolute values of a row-major matrix; order 1, -1, inf or -inf.
double MatrixNormOf(Elements<double> x, size_t columns, double order) {
  const bool of_rows = std::isinf(order);
  const size_t rows = columns == 0 ? 0 : x.size() / columns;
  std::vector<double> sums(of_rows ? rows : columns, 0.0);
  for (size_t k = 0; k < x.size(); ++k) sums[of_rows ? k / columns : k % columns] += x[k];
  return order > 0 ? Largest(sums) : Smallest(sums);
}

// `norm` is a function of absolute values.
template <class F>
void ReduceMagnitudes(const LaunchArgs& args, const F& norm) {
  auto magnitudes = [&](auto x) {
    std::vector<double> values;
    for (const auto& v : x) values.push_back(std::abs(v));
    return norm(Elements<double>(values));
  };
  Reduce(args, Overloaded{[&](Elements<double> x) { return magnitudes(x); },
                          [&](Elements<Complex> x) { return magnitudes(x); }});
}

}  // namespace

void VectorNorm(const LaunchArgs& args) {
  const double order = static_cast<const State*>(args.state)->attributes.Get<double>("ord");
  ReduceMagnitudes(args, [=](Elements<double> x) { return VectorNormOf(x, order); });
}

void Norm(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const std::vector<int> dims = ReducedDimsOf(s);
  // "fro" and none are the 2-norm of all elements.
  const double* order = s.attributes.Find<double>("ord");
  if (order == nullptr || dims.size() == 1) {
    const double p = order == nullptr ? 2 : *order;
    ReduceMagnitudes(args, [=](Elements<double> x) { return VectorNormOf(x, p); });
    return;
  }
  // Elements arrive in the order of the tensor's dimensions; with dim = (1, 0) the
  // roles of rows and columns are exchanged.
  const bool exchanged = dims[0] > dims[1];
  const int64_t columns = s.operands[0].sizes[std::max(dims[0], dims[1])];
  const double sign = *order > 0 ? 1 : -1;
  const bool of_rows = std::isinf(*order) != exchanged;
  ReduceMagnitudes(args, [=](Elements<double> x) {
    return MatrixNormOf(x, columns, of_rows ? sign * INFINITY : sign);
  });
}

}  // namespace otium::reference
