// SPDX-License-Identifier: Apache-2.0
//
// Eigenvalues of Hermitian matrices, in three steps:
//
//   A = Q T Q.H     dense_tridiagonal.h
//   T = Z W Z.T     tridiagonal_eigen.h; values alone are LAPACK's sterf
//   Q Z             reflectors.h
//
// T and Z are real. The first makes T of the columns of A from the last on, so components of
// Z are in reverse order. Of n = 1000 on one core they take 27, 13 and 24 ms in f64; values
// alone 27 and 11.
//
// Tested by tests/linalg/spectral_test.cc.

#include <algorithm>
#include <cmath>
#include <complex>
#include <memory>
#include <string>
#include <utility>

#include "backends/cpu/dense_tridiagonal.h"
#include "backends/cpu/lapack.h"
#include "backends/cpu/matrix_batch.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/power_scale.h"
#include "backends/cpu/prepare.h"
#include "backends/cpu/reflectors.h"
#include "backends/cpu/scalar.h"
#include "backends/cpu/symmetric_kernel.h"
#include "backends/cpu/tridiagonal_eigen.h"
#include "backends/cpu/workspace.h"
#include "ops/failure_codes.h"

namespace otium::cpu {
namespace {

// Rows and columns that are copied at once where one of two matrices lies by columns.
constexpr int64_t kTile = 16;

struct SyevdState {
  PhysicalType A, values, vectors;
  bool has_vectors = false;
  bool upper = false;
  MatrixBatch batch;
};

// Whether a matrix is reduced where its vectors will be; else in the workspace, for there
// columns are not as far apart as the reduction wants them, or there are no vectors.
bool IsReducedInPlace(int64_t n, bool has_vectors) { return has_vectors && n >= kSymmetricSquare; }
constexpr int64_t ColumnStride(int64_t n) { return std::max(n, kSymmetricSquare); }

template <class T>
struct SyevdArrays {
  SyevdArrays(Workspace& memory, int64_t n, bool has_vectors)
      : reduction(memory, n),
        diagonal(memory.Take<Real<T>>(n)),
        beside(memory.Take<Real<T>>(n)),
        tau(memory.Take<T>(n)),
        order(memory.Take<int32_t>(n)),
        reduced(memory.Take<T>(IsReducedInPlace(n, has_vectors) ? 0 : n * ColumnStride(n))),
        rows(memory.Take<T>(has_vectors ? n * n : 0)),
        tridiagonal(kIsComplex<T> ? memory.Take<Real<T>>(has_vectors ? n * n : 0)
                                  : reinterpret_cast<Real<T>*>(rows)),
        join(memory, has_vectors ? n : 0),
        reflectors(memory.Take<T>(has_vectors ? ReflectorMemory(n - 1, n, n - 1) : 0)) {}

  TridiagonalArrays<T> reduction;
  Real<T>*diagonal, *beside;
  T* tau;
  int32_t* order;
  T* reduced;
  T* rows;               // The vectors.
  Real<T>* tridiagonal;  // Those of T, in rows too: real ones become the vectors in place.
  TridiagonalEigenArrays<Real<T>> join;
  T* reflectors;  // For their blocks.
};

// The upper triangle of A, or of conj(A), and its largest part; false when it is not finite.
template <class T>
bool CopyUpper(const Matrix<const T>& A, bool conjugate, const Matrix<T>& to, Real<T>* largest) {
  bool finite = true;
  *largest = 0;
  for (int64_t j = 0; j < A.columns; j += kTile) {
    const int64_t j_end = std::min(j + kTile, A.columns);
    for (int64_t i = 0; i < j_end; i += kTile) {
      for (int64_t c = j; c < j_end; ++c) {
        for (int64_t r = i; r < std::min(i + kTile, c + 1); ++r) {
          // What is imaginary on the diagonal is not read.
          const T x = r == c ? T(std::real(A(r, c))) : conjugate ? Conjugate(A(r, c)) : A(r, c);
          finite = finite && IsFinite(x);
          *largest = std::max(*largest, LargestPart(x));
          to(r, c) = x;
        }
      }
    }
  }
  return finite;
}

template <class T>
void ScaleUpper(const Matrix<T>& A, int exponent) {
  for (int64_t j = 0; j < A.columns; ++j) {
    for (int64_t i = 0; i <= j; ++i) A(i, j) = TimesPower(A(i, j), exponent);
  }
}

// Rows of Z, from the last component to the first, in columns of V.
template <class T>
void CopyVectors(const Matrix<const T>& Z, const int32_t* order, const Matrix<T>& V) {
  const int64_t n = V.rows;
  ParallelForRanges(n, kTile, [&](int64_t begin, int64_t end) {
    for (int64_t k = 0; k < n; k += kTile) {
      for (int64_t c = k; c < std::min(k + kTile, n); ++c) {
        const T* const row = &Z(order[c], 0);
        for (int64_t i = begin; i < end; ++i) V(i, c) = row[n - 1 - i];
      }
    }
  });
}

template <class T>
struct SyevdLauncher {
  static int64_t Values(const SyevdArrays<T>& arrays, int64_t n, Real<T>* values) {
    const auto size = static_cast<lapack_int>(n);
    lapack_int code = 0;
    OTIUM_LAPACK_REAL(Real<T>, sterf, &size, arrays.diagonal, arrays.beside, &code);
    std::copy_n(arrays.diagonal, n, values);
    return code;
  }

  static int64_t Vectors(const SyevdArrays<T>& arrays, const Matrix<T>& reduced, const Matrix<T>& V,
                         Real<T>* values) {
    const int64_t n = V.rows;
    const Matrix<T> rows = RowMajor(arrays.rows, n, n);
    const int64_t code = TridiagonalEigen(arrays.diagonal, arrays.beside, arrays.join,
                                          RowMajor(arrays.tridiagonal, n, n), arrays.order);
    for (int64_t i = 0; i < n; ++i) values[i] = arrays.diagonal[arrays.order[i]];
    if constexpr (kIsComplex<T>) {
      ParallelForRanges(n, CopiedRows(n), [&](int64_t begin, int64_t end) {
        std::copy(arrays.tridiagonal + begin * n, arrays.tridiagonal + end * n, &rows(begin, 0));
      });
    }
    // Reflectors leave the last column of A, that is the first component, alone.
    if (n > 1) {
      ApplyReflectors<T>(ReflectorsOf(reduced), arrays.tau, /*adjoint=*/false,
                         rows.Transposed().Block(1, 0, n - 1, n), arrays.reflectors);
    }
    CopyVectors<T>(rows, arrays.order, V);
    return code;
  }

  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const SyevdState*>(args.state);
    const int64_t n = s.A.sizes.back();
    if (n == 0) return;
    RunBatch(s.batch, args, [&](Range matrices, char* memory, StepInfo* info) {
      Workspace workspace(memory);
      const SyevdArrays<T> arrays(workspace, n, s.has_vectors);
      for (int64_t p = matrices.begin; p < matrices.end; ++p) {
        const auto A = MatrixOf<const T>(s.batch, s.A, args.operands[0], p);
        Matrix<T> V;
        if (s.has_vectors) V = MatrixOf<T>(s.batch, s.vectors, args.results[1], p);
        const Matrix<T> reduced = IsReducedInPlace(n, s.has_vectors)
                                      ? V.Transposed()
                                      : Matrix<T>{arrays.reduced, n, n, 1, ColumnStride(n)};
        Real<T>* const values = MatrixOf<Real<T>>(s.batch, s.values, args.results[0], p, 1).data;
        Real<T> largest;
        if (!CopyUpper<T>(s.upper ? A : A.Transposed(), /*conjugate=*/!s.upper, reduced,
                          &largest)) {
          Report(info, kNotFinite, p);
          continue;
        }
        const int scale = -ExponentToTake(largest);
        if (scale != 0) ScaleUpper(reduced, scale);
        ReduceToTridiagonal(reduced, arrays.reduction, arrays.diagonal, arrays.beside, arrays.tau);
        Report(info,
               s.has_vectors ? Vectors(arrays, reduced, V, values) : Values(arrays, n, values), p);
        ScaleByPower(-scale, RowMajor(values, 1, n));
      }
    });
  }
};

}  // namespace

Prepared PrepareSyevd(const KernelCall& call) {
  auto s = std::make_shared<SyevdState>();
  s->A = call.operands[0];
  s->values = call.results[0];
  s->has_vectors = call.results.size() > 1;
  if (s->has_vectors) s->vectors = call.results[1];
  s->upper = call.attributes.Get<std::string>("UPLO") == "U";
  const DType dtype = s->A.dtype;
  const absl::Span<const int64_t> sizes = s->A.sizes;
  const double n = static_cast<double>(sizes.back()), factor = s->has_vectors ? 9 : 2;
  s->batch = MatrixBatch(sizes.first(sizes.size() - 2), factor * n * n * n,
                         WorkspaceOf<SyevdArrays>(dtype, sizes.back(), s->has_vectors));
  const int64_t bytes = s->batch.workspace_bytes();
  return {ForBlasDType<SyevdLauncher>(dtype), std::move(s), bytes};
}

}  // namespace otium::cpu
