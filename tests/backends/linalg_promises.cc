// SPDX-License-Identifier: Apache-2.0
#include "tests/backends/linalg_promises.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/linalg/ratios.h"

namespace otium {
namespace {

std::string CheckRatio(const CMatrix& difference, const CMatrix& A, DType dtype) {
  const double ratio = Ratio(Norm1(difference), Norm1(A), std::max(A.rows(), A.columns()), dtype);
  if (ratio < kMostRatio) return "";
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
  const auto matrices = Matrices(A), factors = Matrices(results[0]);
  for (size_t p = 0; p < matrices.size(); ++p) {
    CMatrix a = matrices[p];
    const int64_t m = a.rows(), n = a.columns(), k = std::min(m, n);
    const auto pivots = PivotsOf(results[1], p, k);
    for (int64_t i = 0; i < k; ++i) {
      if (pivots[i] <= i || pivots[i] > m) return absl::StrCat("pivot ", i, " is ", pivots[i]);
      a.SwapRows(i, pivots[i] - 1);
    }
    CMatrix L(m, k), U(k, n);
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
  const auto matrices = Matrices(A), factors = Matrices(results[0]);
  for (size_t p = 0; p < matrices.size(); ++p) {
    CMatrix a = matrices[p];
    const CMatrix& LD = factors[p];
    const int64_t n = a.rows();
    MirrorLower(&a, hermitian);
    const auto pivots = PivotsOf(results[1], p, n);
    CMatrix D(n, n), F = CMatrix::Identity(n);
    for (int64_t k = 0; k < n;) {
      const int64_t end = pivots[k] > 0 ? k + 1 : k + 2;
      if (end > n || pivots[end - 1] != pivots[k]) return absl::StrCat("no pivots at ", k);
      const int64_t other = std::abs(pivots[k]) - 1;
      for (int64_t r = 0; r < n; ++r) std::swap(F(r, end - 1), F(r, other));
      for (int64_t j = k; j < end; ++j) {
        for (int64_t i = j; i < end; ++i) {
          D(i, j) = LD(i, j);
          if (i != j) D(j, i) = hermitian ? std::conj(LD(i, j)) : LD(i, j);
        }
        for (int64_t i = end; i < n; ++i) {
          for (int64_t r = 0; r < n; ++r) F(r, j) += F(r, i) * LD(i, j);
        }
      }
      k = end;
    }
    const CMatrix product = F * D * (hermitian ? Adjoint(F) : Transposed(F));
    if (std::string error = CheckRatio(product - a, a, A.dtype()); !error.empty()) return error;
  }
  return CheckNoInfo(results);
}

}  // namespace

std::optional<std::string> BrokenLinalgPromise(const KernelCase& c,
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
