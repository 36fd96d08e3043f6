// SPDX-License-Identifier: Apache-2.0
#include "tests/backends/linalg_promises.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/dense_matrix.h"

namespace otium {
namespace {

std::string CheckRatio(const DenseMatrix& difference, const DenseMatrix& A, DType dtype) {
  const double ratio = Ratio(difference, A, Epsilon(dtype));
  if (ratio < kMostOfRatio) return "";
  return absl::StrCat("the factors multiplied are off by ", ratio, " n eps norm(A)");
}

// info of the _ex ops.
std::string CheckNoInfo(const std::vector<Tensor>& results) {
  if (results.size() < 3) return "";
  for (int32_t info : results[2].ToVector<int32_t>()) {
    if (info != 0) return absl::StrCat("info is ", info);
  }
  return "";
}

// The pivots of matrix p, k each.
absl::Span<const int32_t> PivotsOf(const Tensor& pivots, size_t p, int64_t k) {
  return {pivots.data<int32_t>() + p * k, static_cast<size_t>(k)};
}

// The rows of A, exchanged, are L U.
std::string CheckLu(const Tensor& A, const std::vector<Tensor>& results) {
  const auto matrices = DenseMatrix::All(A), factors = DenseMatrix::All(results[0]);
  for (size_t p = 0; p < matrices.size(); ++p) {
    DenseMatrix a = matrices[p];
    const int64_t m = a.rows(), n = a.columns(), k = std::min(m, n);
    const auto pivots = PivotsOf(results[1], p, k);
    for (int64_t i = 0; i < k; ++i) {
      if (pivots[i] <= i || pivots[i] > m) return absl::StrCat("pivot ", i, " is ", pivots[i]);
      a.SwapRows(i, pivots[i] - 1);
    }
    DenseMatrix L(m, k), U(k, n);
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) (i > j ? L : U)(i, j) = factors[p](i, j);
      if (i < k) L(i, i) = 1;
    }
    if (std::string error = CheckRatio(L * U - a, a, A.dtype()); !error.empty()) return error;
  }
  return CheckNoInfo(results);
}

// A, of which the lower triangle counts, is F D F.T, or F D F.H, with F = P1 L1 P2 L2 ...
std::string CheckLdl(const Tensor& A, bool hermitian, const std::vector<Tensor>& results) {
  const auto matrices = DenseMatrix::All(A), factors = DenseMatrix::All(results[0]);
  for (size_t p = 0; p < matrices.size(); ++p) {
    DenseMatrix a = matrices[p];
    const DenseMatrix& LD = factors[p];
    const int64_t n = a.rows();
    auto mirrored = [&](DenseMatrix::Scalar x) { return hermitian ? std::conj(x) : x; };
    for (int64_t i = 0; i < n; ++i) {
      if (hermitian) a(i, i) = a(i, i).real();
      for (int64_t j = 0; j < i; ++j) a(j, i) = mirrored(a(i, j));
    }
    const auto pivots = PivotsOf(results[1], p, n);
    DenseMatrix D(n, n), F = DenseMatrix::Identity(n);
    for (int64_t k = 0; k < n;) {
      const int64_t end = pivots[k] > 0 ? k + 1 : k + 2;
      if (end > n || pivots[end - 1] != pivots[k]) return absl::StrCat("no pivots at ", k);
      F.SwapColumns(end - 1, std::abs(pivots[k]) - 1);
      for (int64_t j = k; j < end; ++j) {
        for (int64_t i = j; i < end; ++i) {
          D(i, j) = LD(i, j);
          if (i != j) D(j, i) = mirrored(LD(i, j));
        }
        for (int64_t i = end; i < n; ++i) {
          for (int64_t r = 0; r < n; ++r) F(r, j) += F(r, i) * LD(i, j);
        }
      }
      k = end;
    }
    const DenseMatrix product = F * D * (hermitian ? F.Adjoint() : F.Transposed());
    if (std::string error = CheckRatio(product - a, a, A.dtype()); !error.empty()) return error;
  }
  return CheckNoInfo(results);
}

}  // namespace

std::optional<std::string> BrokenPromise(const KernelCase& c,
                                         const std::vector<std::optional<Tensor>>& operands,
                                         const std::vector<Tensor>& results) {
  switch (c.op->id) {
    case Op::lu_factor:
    case Op::lu_factor_ex: return CheckLu(*operands[0], results);
    case Op::ldl_factor:
    case Op::ldl_factor_ex:
      return CheckLdl(*operands[0], c.attributes.Get<bool>("hermitian"), results);
    default: return std::nullopt;
  }
}

}  // namespace otium
