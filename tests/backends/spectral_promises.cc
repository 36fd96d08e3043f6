// SPDX-License-Identifier: Apache-2.0
#include "tests/backends/spectral_promises.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "backends/reference/jacobi.h"
#include "backends/reference/qr.h"
#include "tests/linalg/ratios.h"

namespace otium {
namespace {

// Collects what is broken.
class Promises {
 public:
  Promises(const KernelCase& c, const std::vector<Tensor>& operands,
           const std::vector<Tensor>& results)
      : case_(c),
        operands_(operands),
        results_(results),
        dtype_(operands.empty() ? DType::kF32 : operands[0].dtype()) {}

  void Keep(absl::string_view what, bool kept) {
    if (!kept && broken_.empty()) broken_ = std::string(what);
  }
  void Keep(absl::string_view what, double ratio) {
    if (!(ratio < kMostRatio) && broken_.empty()) broken_ = absl::StrCat(what, ": ratio ", ratio);
  }
  const std::string& broken() const { return broken_; }

  void Qr() {
    const std::string& mode = case_.attributes.Get<std::string>("mode");
    const auto A = Matrices(operands_[0]), R = Matrices(results_[1]);
    for (size_t p = 0; p < A.size(); ++p) {
      for (int64_t i = 0; i < R[p].rows(); ++i) {
        for (int64_t j = 0; j < std::min(i, R[p].columns()); ++j) {
          Keep("R is upper", R[p](i, j) == 0.0);
        }
      }
      if (mode == "r") {
        Keep("R.H R = A.H A", DifferenceRatio(Adjoint(A[p]) * A[p], Adjoint(R[p]) * R[p], dtype_));
        continue;
      }
      const CMatrix Q = Matrices(results_[0])[p];
      Keep("Q.H Q = I", OrthogonalityRatio(Q, dtype_));
      Keep("Q R = A", DifferenceRatio(A[p], Q * R[p], dtype_));
    }
  }

  void Geqrf() {
    const auto A = Matrices(operands_[0]), a = Matrices(results_[0]),
               tau = Matrices(results_[1], 1);
    for (size_t p = 0; p < A.size(); ++p) {
      reference::Reflectors<C128> f{a[p], {}};
      for (int64_t k = 0; k < tau[p].rows(); ++k) f.tau.push_back(tau[p](k, 0));
      const int64_t m = A[p].rows();
      const CMatrix Q = ColumnsOfQ(f, m);
      Keep("Q.H Q = I", OrthogonalityRatio(Q, dtype_));
      Keep("Q R = A", DifferenceRatio(A[p], Q * RowsOfR(f, m), dtype_));
      for (int64_t k = 0; k < tau[p].rows(); ++k) {
        Keep("R has a real diagonal", k + 1 == m || a[p](k, k).imag() == 0);
      }
    }
  }

  void Svd() {
    const auto A = Matrices(operands_[0]), U = Matrices(results_[0]), S = Matrices(results_[1], 1),
               Vh = Matrices(results_[2]);
    for (size_t p = 0; p < A.size(); ++p) {
      const int64_t k = S[p].rows();
      for (int64_t i = 0; i < k; ++i) {
        Keep("S descends to 0", S[p](i, 0).real() >= (i + 1 < k ? S[p](i + 1, 0).real() : 0));
      }
      Keep("U.H U = I", OrthogonalityRatio(U[p], dtype_));
      Keep("Vh Vh.H = I", OrthogonalityRatio(Adjoint(Vh[p]), dtype_));
      const CMatrix US = TimesDiagonal(FirstColumns(U[p], k), S[p]);
      Keep("U S Vh = A", DifferenceRatio(A[p], US * FirstRows(Vh[p], k), dtype_));
    }
  }

  void Eigh() {
    const bool upper = case_.attributes.Get<std::string>("UPLO") == "U";
    const auto A = Matrices(operands_[0]), w = Matrices(results_[0], 1), V = Matrices(results_[1]);
    for (size_t p = 0; p < A.size(); ++p) {
      CMatrix a = upper ? Adjoint(A[p]) : A[p];
      MirrorLower(&a, /*hermitian=*/true);
      for (int64_t i = 0; i < a.rows(); ++i) {
        Keep("values ascend", i == 0 || w[p](i - 1, 0).real() <= w[p](i, 0).real());
      }
      Keep("V.H V = I", OrthogonalityRatio(V[p], dtype_));
      Keep("V W V.H = A", DifferenceRatio(a, TimesDiagonal(V[p], w[p]) * Adjoint(V[p]), dtype_));
    }
  }

  void Eig() {
    const auto A = Matrices(operands_[0]), w = Matrices(results_[0], 1), V = Matrices(results_[1]);
    for (size_t p = 0; p < A.size(); ++p) {
      const int64_t n = A[p].rows();
      const double error = NormOf(A[p] * V[p] - TimesDiagonal(V[p], w[p]));
      Keep("A V = V W", Ratio(error, NormOf(A[p]), n, dtype_));
      for (int64_t j = 0; j < n; ++j) {
        Keep("|v| = 1", Ratio(std::abs(ColumnNorm(V[p], j) - 1), 1, n, dtype_));
      }
    }
    Eigvals();
  }

  // Each is one, and all of them are there as often as they should.
  void Eigvals() {
    const auto A = Matrices(operands_[0]), w = Matrices(results_[0], 1);
    for (size_t p = 0; p < A.size(); ++p) {
      const int64_t n = A[p].rows();
      C128 trace = 0;
      for (int64_t i = 0; i < n; ++i) {
        trace += A[p](i, i) - w[p](i, 0);
        CMatrix a = A[p];
        for (int64_t j = 0; j < n; ++j) a(j, j) -= w[p](i, 0);
        const auto svd = reference::SvdOf(a, /*full=*/false);
        Keep("A - w is singular", Ratio(svd->S.back(), NormOf(A[p]), n, dtype_));
      }
      Keep("the sum is the trace", Ratio(std::abs(trace), NormOf(A[p]), n, dtype_));
    }
  }

  // By the tolerance of the iteration.
  void Lobpcg() {
    const double tol = std::sqrt(Epsilon(dtype_));
    const auto A = Matrices(operands_[0]), w = Matrices(results_[0], 1), X = Matrices(results_[1]);
    for (size_t p = 0; p < A.size(); ++p) {
      const int64_t n = A[p].rows(), k = X[p].columns();
      const CMatrix B =
          case_.operands[1].has_value() ? Matrices(*case_.operands[1])[p] : CMatrix::Identity(n);
      const CMatrix BX = B * X[p];
      const CMatrix R = A[p] * X[p] - TimesDiagonal(BX, w[p]);
      for (int64_t j = 0; j < k; ++j) {
        Keep("A X = B X W", ColumnNorm(R, j) <= tol * NormOf(A[p]) * ColumnNorm(X[p], j));
      }
      const double condition = NormOf(B) * std::pow(NormOf(X[p]), 2);
      Keep("X.H B X = I",
           Ratio(NormOf(Adjoint(X[p]) * BX - CMatrix::Identity(k)), condition, n, dtype_));
      if (case_.operands[1].has_value()) continue;
      const auto all = reference::EigenOfHermitian(A[p])->values;
      for (int64_t j = 0; j < k; ++j) {
        const double value = case_.attributes.Get<bool>("largest") ? all[n - 1 - j] : all[j];
        Keep("the extreme values", std::abs(value - w[p](j, 0)) <= tol * NormOf(A[p]));
      }
    }
  }

  // The gradient is zero, and nothing of X is where A gives zero.
  void Lstsq() {
    const bool vector = operands_[1].rank() == 1 ||
                        operands_[1].sizes() == operands_[0].sizes().first(operands_[0].rank() - 1);
    const int tail = vector ? 1 : 2;
    const auto A = Matrices(operands_[0]), B = Matrices(operands_[1], tail),
               X = Matrices(results_[0], tail);
    const std::string& driver = case_.attributes.Get<std::string>("driver");
    for (size_t p = 0; p < X.size(); ++p) {
      // Batches of one broadcast.
      const CMatrix &a = A[A.size() == 1 ? 0 : p], &b = B[B.size() == 1 ? 0 : p];
      const int64_t m = a.rows(), n = a.columns(), size = std::max(m, n);
      const CMatrix r = b - a * X[p];
      const double scale = NormOf(a) * (NormOf(a) * NormOf(X[p]) + NormOf(b));
      Keep("A.H (B - A X) = 0", Ratio(NormOf(Adjoint(a) * r), scale, size, dtype_));
      const auto svd = reference::SvdOf(a, /*full=*/false);
      const double condition = svd->S.empty() ? 1 : svd->S[0] / svd->S.back();
      const CMatrix inside = Adjoint(svd->Vh) * (svd->Vh * X[p]);
      Keep("X is of the smallest norm",
           Ratio(NormOf(X[p] - inside), condition * NormOf(X[p]), size, dtype_));
      if (m > n && driver != "gelsy") {
        const CMatrix sums = Matrices(results_[1], tail - 1)[p];
        for (int64_t j = 0; j < r.columns(); ++j) {
          const double sum = std::pow(ColumnNorm(r, j), 2), of_B = std::pow(ColumnNorm(b, j), 2);
          Keep("residuals", Ratio(std::abs(sums(j, 0) - sum), condition * of_B, size, dtype_));
        }
      }
      const size_t of_A = A.size() == 1 ? 0 : p;
      if (driver != "gels") {
        Keep("rank", results_[2].Contiguous().data<int64_t>()[of_A] == std::min(m, n));
      }
      if (driver == "gelsd" || driver == "gelss") {
        const CMatrix values = Matrices(results_[3], 1)[of_A];
        for (int64_t i = 0; i < values.rows(); ++i) {
          Keep("singular values",
               Ratio(std::abs(values(i, 0) - svd->S[i]), svd->S[0], size, dtype_));
        }
      }
    }
  }

 private:
  const KernelCase& case_;
  const std::vector<Tensor>& operands_;
  const std::vector<Tensor>& results_;
  const DType dtype_;
  std::string broken_;
};

}  // namespace

std::optional<std::string> BrokenSpectralPromise(const KernelCase& c,
                                                 const std::vector<std::optional<Tensor>>& operands,
                                                 const std::vector<Tensor>& results) {
  std::vector<Tensor> present;
  for (const std::optional<Tensor>& t : operands) {
    if (t.has_value()) present.push_back(*t);
  }
  if (present.empty()) return std::nullopt;
  Promises promises(c, present, results);
  switch (c.op->id) {
    case Op::qr: promises.Qr(); break;
    case Op::geqrf: promises.Geqrf(); break;
    case Op::svd: promises.Svd(); break;
    case Op::eigh: promises.Eigh(); break;
    case Op::eig: promises.Eig(); break;
    case Op::eigvals: promises.Eigvals(); break;
    case Op::lobpcg: promises.Lobpcg(); break;
    case Op::lstsq: promises.Lstsq(); break;
    default: return std::nullopt;
  }
  return promises.broken();
}

}  // namespace otium
