// SPDX-License-Identifier: Apache-2.0
//
// Least squares by the textbook, in f64 or c128: driver gels by QR, the others by the
// singular values.

#include <cmath>
#include <limits>
#include <string>

#include "backends/reference/jacobi.h"
#include "backends/reference/matrix.h"
#include "backends/reference/qr.h"
#include "ops/failure_codes.h"

namespace otium::reference {
namespace {

constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();

template <class W>
struct Solution {
  Matrix<W> X;
  std::vector<double> residuals;  // Of each column.
  std::vector<double> singular_values;
  int64_t rank = 0;
  int64_t code = 0;  // See OpDef::failure of lstsq.
};

// R X = B, or R^H X = B, in the first rows of B, for upper square R.
template <class W>
void SolveTriangle(const Matrix<W>& R, bool adjoint, Matrix<W>* B) {
  const int64_t n = R.columns();
  for (int64_t j = 0; j < B->columns(); ++j) {
    for (int64_t step = 0; step < n; ++step) {
      const int64_t i = adjoint ? step : n - 1 - step;
      for (int64_t k = adjoint ? 0 : i + 1; k < (adjoint ? i : n); ++k) {
        (*B)(i, j) -= Multiply(adjoint ? Conj(R(k, i)) : R(i, k), (*B)(k, j));
      }
      (*B)(i, j) = Divide((*B)(i, j), adjoint ? Conj(R(i, i)) : R(i, i));
    }
  }
}

template <class W>
Matrix<W> WithRows(const Matrix<W>& m, int64_t rows) {
  Matrix<W> r(rows, m.columns());
  for (int64_t i = 0; i < std::min(rows, m.rows()); ++i) {
    for (int64_t j = 0; j < m.columns(); ++j) r(i, j) = m(i, j);
  }
  return r;
}

template <class W>
Solution<W> SolveByQr(const Matrix<W>& A, const Matrix<W>& B) {
  const bool tall = A.rows() >= A.columns();
  const Reflectors<W> f = FactorQr(tall ? A : Adjoint(A));
  const int64_t n = f.a.columns();  // The smaller size.
  Solution<W> s{Matrix<W>(A.columns(), B.columns())};
  for (int64_t k = n; k-- > 0;) {
    if (f.a(k, k) == W(0)) s.code = k + 1;
  }
  if (s.code != 0) return s;
  const Matrix<W> R = RowsOfR(f, n);
  if (tall) {
    Matrix<W> c = ApplyAdjointQ(f, B);
    for (int64_t j = 0; j < B.columns(); ++j)
      s.residuals.push_back(std::pow(ColumnNorm(c, j, n), 2));
    c = WithRows(c, n);
    SolveTriangle(R, /*adjoint=*/false, &c);
    s.X = std::move(c);
  } else {
    Matrix<W> c = B;
    SolveTriangle(R, /*adjoint=*/true, &c);
    s.X = ApplyQ(f, WithRows(c, A.columns()));
  }
  return s;
}

template <class W>
Solution<W> SolveBySvd(const Matrix<W>& A, const Matrix<W>& B, double rcond) {
  const auto svd = SvdOf(A, /*full=*/false);
  Solution<W> s{Matrix<W>(A.columns(), B.columns())};
  if (!svd.has_value()) {
    s.code = kNotConverged;
    return s;
  }
  s.singular_values = svd->S;
  for (double value : svd->S) s.rank += value > rcond * svd->S[0];
  Matrix<W> c = WithRows(Product(Adjoint(svd->U), B), s.rank);
  for (int64_t k = 0; k < s.rank; ++k) {
    for (int64_t j = 0; j < c.columns(); ++j) c(k, j) /= svd->S[k];
  }
  const Matrix<W> V = Adjoint(WithRows(svd->Vh, s.rank));
  s.X = Product(V, c);
  Matrix<W> r = Product(A, s.X);
  for (int64_t j = 0; j < B.columns(); ++j) {
    for (int64_t i = 0; i < r.rows(); ++i) r(i, j) = B(i, j) - r(i, j);
    s.residuals.push_back(s.rank < A.columns() ? kNotANumber : std::pow(ColumnNorm(r, j), 2));
  }
  return s;
}

// `tail` is 1 when B is a vector; with `has_B` false there are only A's own results.
template <class Launch>
void SetSolution(const Launch& launch, int tail, bool has_B) {
  using W = typename Launch::W;
  using Real = typename Launch::Real;
  const std::string& driver = launch.attributes().template Get<std::string>("driver");
  const double* rcond = launch.attributes().template Find<double>("rcond");
  const Matrix<W> A = launch.Operand(0);
  const Matrix<W> B = has_B ? launch.Operand(1, tail) : Matrix<W>(A.rows(), 0);
  if (!AllFinite(A) || !AllFinite(B)) return launch.Fail(kNotFinite);
  const double unit =
      std::numeric_limits<Real>::epsilon() * static_cast<double>(std::max(A.rows(), A.columns()));
  const Solution<W> s =
      driver == "gels" ? SolveByQr(A, B) : SolveBySvd(A, B, rcond != nullptr ? *rcond : unit);
  if (s.code != 0) return launch.Fail(s.code);
  if (has_B) launch.SetResult(0, s.X, tail);
  if (has_B && driver != "gelsy" && A.rows() > A.columns()) {
    if (tail == 1) launch.SetNumber(1, static_cast<Real>(s.residuals[0]));
    else launch.SetReals(1, s.residuals);
  }
  if (driver != "gels") launch.SetNumber(2, s.rank);
  if (driver == "gelsd" || driver == "gelss") launch.SetReals(3, s.singular_values);
}

}  // namespace

void Lstsq(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const absl::Span<const int64_t> of_A = s.operands[0].sizes, of_B = s.operands[1].sizes;
  const int tail = of_B.size() == 1 || of_B == of_A.first(of_A.size() - 1) ? 1 : 2;
  const auto batch = BatchOfResult(args, 0, tail);
  // Ranks and singular values are there for each A, also where there is no B.
  const bool has_B = std::find(batch.begin(), batch.end(), 0) == batch.end();
  ForEachMatrix(args, has_B ? batch : of_A.first(of_A.size() - 2),
                [&](const auto& launch) { SetSolution(launch, tail, has_B); });
}

}  // namespace otium::reference
