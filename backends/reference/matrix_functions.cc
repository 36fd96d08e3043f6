// SPDX-License-Identifier: Apache-2.0
//
// Functions of matrices by the textbook.

#include <cmath>
#include <numeric>

#include "backends/reference/jacobi.h"
#include "backends/reference/lu.h"
#include "backends/reference/map.h"
#include "backends/reference/matrix.h"
#include "ops/linalg_rules.h"

namespace otium::reference {
namespace {

const State& StateOf(const LaunchArgs& args) { return *static_cast<const State*>(args.state); }

// ---- of any numbers

// Operand `i`, of rank 2, or 1: a row or a column.
template <class W>
Matrix<W> MatrixOperand(const LaunchArgs& args, size_t i, bool row = false) {
  const PhysicalType& type = StateOf(args).operands[i];
  const View& view = args.operands[i];
  const bool vector = type.rank() == 1;
  const int64_t rows = vector && row ? 1 : type.sizes[0];
  const int64_t columns = !vector ? type.sizes[1] : row ? type.sizes[0] : 1;
  Matrix<W> m(rows, columns);
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) {
      const int64_t offset =
          vector ? (r + c) * view.strides[0] : r * view.strides[0] + c * view.strides[1];
      m(r, c) = LoadAs<W>(type.dtype, view.data, offset);
    }
  }
  return m;
}

// n > 0.
template <class W>
Matrix<W> Power(const Matrix<W>& a, uint64_t n) {
  if (n == 1) return a;
  const Matrix<W> half = Power(a, n / 2), even = Product(half, half);
  return n % 2 == 0 ? even : Product(even, a);
}

// ---- the exponential

template <class W>
double OneNorm(const Matrix<W>& a) {
  double largest = 0;
  for (int64_t j = 0; j < a.columns(); ++j) {
    double sum = 0;
    for (int64_t i = 0; i < a.rows(); ++i) sum += std::abs(a(i, j));
    if (!(sum <= largest)) largest = sum;
  }
  return largest;
}

// The power series of A / 2^s of norm below 1/2, squared s times.
template <class W>
Matrix<W> Exponential(Matrix<W> a) {
  constexpr int kTerms = 20;  // 1 / (2^20 20!) is far below eps.
  const int64_t n = a.rows();
  const double norm = OneNorm(a);
  if (!std::isfinite(norm)) {
    a.Fill(kNan<W>);
    return a;
  }
  const int squarings = norm > 0.5 ? std::ilogb(norm) + 2 : 0;
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) a(i, j) *= std::ldexp(1.0, -squarings);
  }
  Matrix<W> sum = Matrix<W>::Identity(n), term = sum;
  for (int k = 1; k <= kTerms; ++k) {
    term = Product(term, a);
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = 0; j < n; ++j) sum(i, j) += term(i, j) /= k;
    }
  }
  for (int s = 0; s < squarings; ++s) sum = Product(sum, sum);
  return sum;
}

// ---- by the spectrum

// What does not count as more than 0, of values whose largest magnitude is that.
double Cutoff(const State& s, double largest) {
  const PhysicalType& A = s.operands[0];
  const double* atol = s.attributes.Find<double>("atol");
  const double* rtol = s.attributes.Find<double>("rtol");
  const double absolute = atol == nullptr ? 0 : *atol;
  const int64_t size = std::max(A.sizes[A.rank() - 1], A.sizes[A.rank() - 2]);
  const double usual = absolute > 0 ? 0 : Epsilon(A.dtype) * static_cast<double>(size);
  return std::max(absolute, (rtol == nullptr ? usual : *rtol) * largest);
}

double LargestMagnitude(const std::vector<double>& values) {
  double largest = 0;
  for (double v : values) largest = std::max(largest, std::abs(v));
  return largest;
}

// The singular values, or the eigenvalues of a hermitian matrix of which the lower
// triangle is read: A = left @ diag(values) @ right.H.
template <class W>
struct Spectrum {
  Matrix<W> left;
  std::vector<double> values;
  Matrix<W> right;
};

// Code -1 when an element is not finite.
template <class Launch, class W = typename Launch::W>
std::optional<Spectrum<W>> SpectrumOf(const Launch& launch) {
  Matrix<W> A = launch.Operand(0);
  const bool hermitian = launch.attributes().template Get<bool>("hermitian");
  for (int64_t i = 0; hermitian && i < A.rows(); ++i) {
    A(i, i) = std::real(A(i, i));
    for (int64_t j = 0; j < i; ++j) A(j, i) = Conj(A(i, j));
  }
  if (!AllFinite(A)) {
    launch.Fail(-1);
    return std::nullopt;
  }
  if (hermitian) {
    auto eigen = EigenOfHermitian(A);
    return Spectrum<W>{eigen->vectors, eigen->values, eigen->vectors};
  }
  auto svd = SvdOf(A, /*full=*/false);
  return Spectrum<W>{svd->U, svd->S, Adjoint(svd->Vh)};
}

// The norms that cond knows.
template <class W>
double NormOf(const Matrix<W>& a, const AttributeValue& p) {
  if (const auto* name = std::get_if<std::string>(&p)) {
    const std::vector<double> S = SvdOf(a, /*full=*/false)->S;
    double sum = 0;
    for (double s : S) sum += *name == "nuc" ? s : s * s;
    return *name == "nuc" ? sum : std::sqrt(sum);
  }
  const double order = std::get<double>(p);
  const Matrix<W> by_columns = std::isinf(order) ? Adjoint(a) : a;
  if (order > 0) return OneNorm(by_columns);
  double smallest = INFINITY;
  for (int64_t j = 0; j < by_columns.columns(); ++j) {
    double sum = 0;
    for (int64_t i = 0; i < by_columns.rows(); ++i) sum += std::abs(by_columns(i, j));
    smallest = std::min(smallest, sum);
  }
  return smallest;
}

template <class W>
double ConditionOf(const Matrix<W>& a, const AttributeValue& p) {
  const auto* number = std::get_if<double>(&p);
  if (std::min(a.rows(), a.columns()) == 0) return 0;
  if (std::holds_alternative<std::monostate>(p) || (number != nullptr && std::abs(*number) == 2)) {
    const std::vector<double> S = SvdOf(a, /*full=*/false)->S;
    if (S[0] == 0) return INFINITY;
    return number != nullptr && *number < 0 ? S.back() / S[0] : S[0] / S.back();
  }
  const LuFactors<W> factors = FactorLu(a);
  if (factors.code != 0) return INFINITY;
  return NormOf(a, p) * NormOf(SolveByLu(factors, Matrix<W>::Identity(a.rows())), p);
}

// A with the sizes of a matrix; dense results keep their elements' order.
template <class F>
void AsMatrix(const LaunchArgs& args, absl::Span<const int> order, int64_t rows, F f) {
  const State& s = StateOf(args);
  const PhysicalType& A = s.operands[0];
  DispatchWide(A.dtype, [&]<class Tag>(Tag) {
    using W = typename Tag::type;
    if constexpr (!kIsInteger<W>) {
      Sizes sizes;
      for (int d : order) sizes.push_back(A.sizes[d]);
      Matrix<W> a(rows, rows);
      int64_t k = 0;
      ForEachIndex(sizes, [&](absl::Span<const int64_t> index) {
        int64_t offset = 0;
        for (size_t d = 0; d < order.size(); ++d) {
          offset += index[d] * args.operands[0].strides[order[d]];
        }
        a(k / rows, k % rows) = LoadAs<W>(A.dtype, args.operands[0].data, offset);
        ++k;
      });
      const LuFactors<W> factors = FactorLu(a);
      args.info->code = factors.code;
      const Matrix<W> x = f(factors);
      for (int64_t i = 0; i < x.rows() * x.columns(); ++i) {
        StoreAs(A.dtype, args.results[0].data, i, x(i / x.columns(), i % x.columns()));
      }
    }
  });
}

int64_t Count(absl::Span<const int64_t> sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), int64_t{1}, std::multiplies<>());
}

}  // namespace

void Pinv(const LaunchArgs& args) {
  const State& s = StateOf(args);
  ForEachMatrix(args, BatchOfResult(args), [&](const auto& launch) {
    auto spectrum = SpectrumOf(launch);
    if (!spectrum.has_value()) return;
    // right @ diag(1 / values) @ left.H of the values that are more than the cutoff.
    auto& [left, values, right] = *spectrum;
    const double cutoff = Cutoff(s, LargestMagnitude(values));
    for (int64_t j = 0; j < right.columns(); ++j) {
      const double factor = std::abs(values[j]) > cutoff ? 1 / values[j] : 0;
      for (int64_t i = 0; i < right.rows(); ++i) right(i, j) *= factor;
    }
    launch.SetResult(0, Product(right, Adjoint(left)));
  });
}

void MatrixRank(const LaunchArgs& args) {
  const State& s = StateOf(args);
  ForEachMatrix(args, BatchOfResult(args, 0, 0), [&](const auto& launch) {
    const auto spectrum = SpectrumOf(launch);
    if (!spectrum.has_value()) return;
    const double cutoff = Cutoff(s, LargestMagnitude(spectrum->values));
    launch.SetNumber(
        0, static_cast<int64_t>(std::count_if(spectrum->values.begin(), spectrum->values.end(),
                                              [&](double v) { return std::abs(v) > cutoff; })));
  });
}

// Code -1: an element is not finite.
void Cond(const LaunchArgs& args) {
  ForEachMatrix(args, BatchOfResult(args, 0, 0), [&]<class T>(const MatrixLaunch<T>& launch) {
    const auto A = launch.Operand(0);
    if (!AllFinite(A)) return launch.Fail(-1);
    const double value = ConditionOf(A, launch.attributes()["p"]);
    launch.SetNumber(0, static_cast<typename MatrixLaunch<T>::Real>(value));
  });
}

void MatrixExp(const LaunchArgs& args) {
  ForEachMatrix(args, BatchOfResult(args),
                [](const auto& launch) { launch.SetResult(0, Exponential(launch.Operand(0))); });
}

// Code k: U(k, k) is zero.
void Tensorinv(const LaunchArgs& args) {
  const State& s = StateOf(args);
  std::vector<int> order(s.operands[0].rank());
  std::iota(order.begin(), order.end(), 0);
  const auto ind = static_cast<size_t>(s.attributes.Get<int64_t>("ind"));
  const int64_t rows = Count(absl::MakeConstSpan(s.operands[0].sizes).first(ind));
  AsMatrix(args, order, rows, [&]<class W>(const LuFactors<W>& factors) {
    return SolveByLu(factors, Matrix<W>::Identity(rows));
  });
}

void Tensorsolve(const LaunchArgs& args) {
  const State& s = StateOf(args);
  const std::vector<int> order = *TensorsolveOrder(s.attributes, s.operands[0].rank());
  const PhysicalType& B = s.operands[1];
  AsMatrix(args, order, Count(B.sizes), [&]<class W>(const LuFactors<W>& factors) {
    Matrix<W> b(Count(B.sizes), 1);
    int64_t k = 0;
    ForEachIndex(B.sizes, [&](absl::Span<const int64_t> index) {
      b(k++, 0) =
          LoadAs<W>(B.dtype, args.operands[1].data, BroadcastOffset(B, args.operands[1], index));
    });
    return SolveByLu(factors, b);
  });
}

void MatrixPower(const LaunchArgs& args) {
  const State& s = StateOf(args);
  const PhysicalType& A = s.operands[0];
  const int64_t n = s.attributes.Get<int64_t>("n");
  const int64_t size = A.sizes.back();
  DispatchWide(A.dtype, [&]<class Tag>(Tag) {
    using W = typename Tag::type;
    int64_t matrix = 0;
    const auto batch = absl::MakeConstSpan(A.sizes).first(A.sizes.size() - 2);
    ForEachIndex(batch, [&](absl::Span<const int64_t> index) {
      int64_t offset = 0;
      for (size_t d = 0; d < index.size(); ++d) offset += index[d] * args.operands[0].strides[d];
      const int64_t row = args.operands[0].strides[batch.size()];
      const int64_t column = args.operands[0].strides[batch.size() + 1];
      Matrix<W> a(size, size);
      for (int64_t i = 0; i < size; ++i) {
        for (int64_t j = 0; j < size; ++j) {
          a(i, j) = LoadAs<W>(A.dtype, args.operands[0].data, offset + i * row + j * column);
        }
      }
      if constexpr (!kIsInteger<W>) {
        if (n < 0) {
          const LuFactors<W> factors = FactorLu(a);
          if (factors.code != 0 && args.info->code == 0) {
            args.info->code = factors.code;
            args.info->batch = matrix;
          }
          a = SolveByLu(factors, Matrix<W>::Identity(size));
        }
      }
      const uint64_t times = n < 0 ? -static_cast<uint64_t>(n) : static_cast<uint64_t>(n);
      const Matrix<W> power = times == 0 ? Matrix<W>::Identity(size) : Power(a, times);
      for (int64_t i = 0; i < size * size; ++i) {
        StoreAs(A.dtype, args.results[0].data, matrix * size * size + i, power(i / size, i % size));
      }
      ++matrix;
    });
  });
}

void MultiDot(const LaunchArgs& args) {
  const State& s = StateOf(args);
  DispatchWide(s.results[0].dtype, [&]<class Tag>(Tag) {
    using W = typename Tag::type;
    Matrix<W> product = MatrixOperand<W>(args, 0, /*row=*/true);
    for (size_t i = 1; i < s.operands.size(); ++i) {
      product = Product(product, MatrixOperand<W>(args, i));
    }
    for (int64_t i = 0; i < product.rows() * product.columns(); ++i) {
      StoreAs(s.results[0].dtype, args.results[0].data, i,
              product(i / product.columns(), i % product.columns()));
    }
  });
}

}  // namespace otium::reference
