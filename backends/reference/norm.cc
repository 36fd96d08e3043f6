// SPDX-License-Identifier: Apache-2.0
//
// Norms: of the absolute values of the elements, in f64.

#include <cmath>
#include <string>

#include "backends/reference/jacobi.h"
#include "backends/reference/reduce.h"
#include "ops/linalg_rules.h"

namespace otium::reference {
namespace {

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

// The smallest or largest sum of the magnitudes of a row, or of a column.
template <class W>
double MatrixNormOf(const Matrix<W>& x, double order) {
  const bool of_rows = std::isinf(order);
  std::vector<double> sums(of_rows ? x.rows() : x.columns(), 0.0);
  for (int64_t i = 0; i < x.rows(); ++i) {
    for (int64_t j = 0; j < x.columns(); ++j) sums[of_rows ? i : j] += std::abs(x(i, j));
  }
  return order > 0 ? Largest(sums) : Smallest(sums);
}

// 2, -2 or, without a number, the sum of the singular values. NaN of what is not finite.
template <class W>
double SpectralNormOf(const Matrix<W>& x, const double* order) {
  const auto svd = AllFinite(x) ? SvdOf(x, /*full=*/false) : std::nullopt;
  if (!svd.has_value()) return NAN;
  if (order == nullptr) return std::accumulate(svd->S.begin(), svd->S.end(), 0.0);
  return *order > 0 ? Largest(svd->S) : Smallest(svd->S);
}

// `norm` is a function of the absolute values along `dims`.
template <class F>
void ReduceMagnitudes(const LaunchArgs& args, absl::Span<const int> dims, const F& norm) {
  const State& s = *static_cast<const State*>(args.state);
  DispatchWide(s.operands[0].dtype, [&]<class Tag>(Tag) {
    std::vector<typename Tag::type> elements;
    std::vector<double> values;
    ForEachSlice(s.operands[0], args.operands[0], dims, [&](int64_t i, Elements<int64_t> offsets) {
      Gather(s.operands[0], args.operands[0], offsets, &elements);
      values.clear();
      for (const auto& v : elements) values.push_back(static_cast<double>(std::abs(v)));
      StoreAs(s.results[0].dtype, args.results[0].data, i, norm(Elements<double>(values)));
    });
  });
}

}  // namespace

void VectorNorm(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const double order = s.attributes.Get<double>("ord");
  ReduceMagnitudes(args, ReducedDimsOf(s),
                   [=](Elements<double> x) { return VectorNormOf(x, order); });
}

namespace {

// Of the matrices in the dimensions `dims`.
void NormOfMatrices(const LaunchArgs& args, const std::vector<int>& dims) {
  const State& s = *static_cast<const State*>(args.state);
  const AttributeValue& ord = s.attributes["ord"];
  const double* order = std::get_if<double>(&ord);
  const PhysicalType& x = s.operands[0];
  DispatchWide(x.dtype, [&]<class Tag>(Tag) {
    using W = typename Tag::type;
    if constexpr (!kIsInteger<W>) {
      std::vector<W> elements;
      ForEachSlice(x, args.operands[0], dims, [&](int64_t i, Elements<int64_t> offsets) {
        Gather(x, args.operands[0], offsets, &elements);
        // They arrive in the order of the tensor's dimensions.
        Matrix<W> matrix(x.sizes[dims[0]], x.sizes[dims[1]]);
        for (size_t k = 0; k < elements.size(); ++k) {
          const auto outer = static_cast<int64_t>(k) / x.sizes[std::max(dims[0], dims[1])];
          const auto inner = static_cast<int64_t>(k) % x.sizes[std::max(dims[0], dims[1])];
          (dims[0] < dims[1] ? matrix(outer, inner) : matrix(inner, outer)) = elements[k];
        }
        StoreAs(
            s.results[0].dtype, args.results[0].data, i,
            IsSpectralOrder(ord) ? SpectralNormOf(matrix, order) : MatrixNormOf(matrix, *order));
      });
    }
  });
}

// "fro" and none are the 2-norm of all elements.
bool IsFrobenius(const AttributeValue& ord) {
  const auto* name = std::get_if<std::string>(&ord);
  return std::holds_alternative<std::monostate>(ord) || (name != nullptr && *name == "fro");
}

}  // namespace

void Norm(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const std::vector<int> dims = ReducedDimsOf(s);
  const AttributeValue& ord = s.attributes["ord"];
  if (dims.size() == 2 && !IsFrobenius(ord)) return NormOfMatrices(args, dims);
  const double p = IsFrobenius(ord) ? 2 : std::get<double>(ord);
  ReduceMagnitudes(args, dims, [=](Elements<double> x) { return VectorNormOf(x, p); });
}

void MatrixNorm(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const std::vector<int> dims = *MatrixNormDims(s.attributes, s.operands[0].rank());
  if (!IsFrobenius(s.attributes["ord"])) return NormOfMatrices(args, dims);
  ReduceMagnitudes(args, dims, [=](Elements<double> x) { return VectorNormOf(x, 2); });
}

}  // namespace otium::reference
