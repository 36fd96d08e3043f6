// SPDX-License-Identifier: Apache-2.0
//
// Eigenvalues of real symmetric matrices that are not small, in three steps:
//
//   A = Q T Q.T     dense_tridiagonal.h
//   T = Z W Z.T     tridiagonal_eigen.h; values alone are LAPACK's sterf
//   Q Z             reflectors.h
//
// The first makes T of the rows of A from the last on, so components of Z are in reverse
// order. Of n = 1000 on one core they take 27, 13 and 24 ms in f64; values alone 27 and 11.
//
// Tested by tests/linalg/spectral_test.cc.

#include <algorithm>
#include <cmath>
#include <limits>
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
#include "backends/cpu/tridiagonal_eigen.h"
#include "backends/cpu/workspace.h"
#include "ops/failure_codes.h"

namespace otium::cpu {
namespace {

// Rows of the largest matrices that LAPACK is as fast for: of 28 and more it took 1.2 to 2
// times as long.
constexpr int64_t kMostForLapack = 24;
// Rows and columns that are copied at once where one of two matrices lies by columns.
constexpr int64_t kTile = 16;

struct SyevdState {
  PhysicalType A, values, vectors;
  bool has_vectors = false;
  bool upper = false;
  MatrixBatch batch;
};

template <class T>
struct SyevdArrays {
  SyevdArrays(Workspace& memory, int64_t n, bool has_vectors)
      : reduction(memory, n),
        diagonal(memory.Take<T>(n)),
        beside(memory.Take<T>(n)),
        tau(memory.Take<T>(n)),
        order(memory.Take<int32_t>(n)),
        matrix(memory.Take<T>(n * n)),
        join(memory, has_vectors ? n : 0),
        reflectors(memory.Take<T>(has_vectors ? ReflectorMemory(n - 1, n, n - 1) : 0)) {}

  TridiagonalArrays<T> reduction;
  T *diagonal, *beside, *tau;
  int32_t* order;
  T* matrix;  // The vectors in rows; without them what is reduced.
  TridiagonalEigenArrays<T> join;
  T* reflectors;  // For their blocks.
};

// The lower triangle of A, and its largest magnitude; false when it is not finite.
template <class T>
bool CopyLower(const Matrix<const T>& A, const Matrix<T>& to, T* largest) {
  bool finite = true;
  *largest = 0;
  for (int64_t i = 0; i < A.rows; i += kTile) {
    const int64_t i_end = std::min(i + kTile, A.rows);
    for (int64_t j = 0; j < i_end; j += kTile) {
      for (int64_t r = i; r < i_end; ++r) {
        for (int64_t c = j; c < std::min(j + kTile, r + 1); ++c) {
          const T x = A(r, c), magnitude = std::abs(x);
          finite = finite && magnitude <= std::numeric_limits<T>::max();
          *largest = std::max(*largest, magnitude);
          to(r, c) = x;
        }
      }
    }
  }
  return finite;
}

template <class T>
void ScaleLower(const Matrix<T>& A, int exponent) {
  for (int64_t i = 0; i < A.rows; ++i) {
    for (int64_t j = 0; j <= i; ++j) A(i, j) = std::scalbn(A(i, j), exponent);
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
  static int64_t Values(const SyevdArrays<T>& arrays, int64_t n, T* values) {
    const auto size = static_cast<lapack_int>(n);
    lapack_int code = 0;
    OTIUM_LAPACK_REAL(T, sterf, &size, arrays.diagonal, arrays.beside, &code);
    std::copy_n(arrays.diagonal, n, values);
    return code;
  }

  static int64_t Vectors(const SyevdArrays<T>& arrays, const Matrix<T>& A, T* values) {
    const int64_t n = A.rows;
    const Matrix<T> Z = RowMajor(arrays.matrix, n, n);
    const int64_t code =
        TridiagonalEigen(arrays.diagonal, arrays.beside, arrays.join, Z, arrays.order);
    for (int64_t i = 0; i < n; ++i) values[i] = arrays.diagonal[arrays.order[i]];
    // Reflectors leave the last row of A, that is the first component, alone.
    ApplyReflectors<T>(ReflectorsOf(A), arrays.tau, /*adjoint=*/false,
                       Z.Transposed().Block(1, 0, n - 1, n), arrays.reflectors);
    CopyVectors<T>(Z, arrays.order, A);
    return code;
  }

  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const SyevdState*>(args.state);
    const int64_t n = s.A.sizes.back();
    RunBatch(s.batch, args, [&](Range matrices, char* memory, StepInfo* info) {
      Workspace workspace(memory);
      const SyevdArrays<T> arrays(workspace, n, s.has_vectors);
      for (int64_t p = matrices.begin; p < matrices.end; ++p) {
        const auto A = MatrixOf<const T>(s.batch, s.A, args.operands[0], p);
        // Reduced where the vectors will be.
        const Matrix<T> reduced = s.has_vectors
                                      ? MatrixOf<T>(s.batch, s.vectors, args.results[1], p)
                                      : RowMajor(arrays.matrix, n, n);
        T* const values = MatrixOf<T>(s.batch, s.values, args.results[0], p, 1).data;
        T largest;
        if (!CopyLower<T>(s.upper ? A.Transposed() : A, reduced, &largest)) {
          Report(info, kNotFinite, p);
          continue;
        }
        const int scale = -ExponentToTake(largest);
        if (scale != 0) ScaleLower(reduced, scale);
        ReduceToTridiagonal(reduced, arrays.reduction, arrays.diagonal, arrays.beside, arrays.tau);
        Report(info, s.has_vectors ? Vectors(arrays, reduced, values) : Values(arrays, n, values),
               p);
        ScaleByPower(-scale, RowMajor(values, 1, n));
      }
    });
  }
};

template <class T>
Prepared Finish(std::shared_ptr<SyevdState> s) {
  const absl::Span<const int64_t> sizes = s->A.sizes;
  const double n = static_cast<double>(sizes.back()), factor = s->has_vectors ? 9 : 2;
  Workspace memory(nullptr);
  const SyevdArrays<T> arrays(memory, sizes.back(), s->has_vectors);
  s->batch = MatrixBatch(sizes.first(sizes.size() - 2), factor * n * n * n, memory.used());
  const int64_t bytes = s->batch.workspace_bytes();
  return {&SyevdLauncher<T>::Launch, std::move(s), bytes};
}

}  // namespace

bool IsLargeSymmetric(const KernelCall& call) {
  return call.operands[0].sizes.back() > kMostForLapack;
}

Prepared PrepareSyevd(const KernelCall& call) {
  auto s = std::make_shared<SyevdState>();
  s->A = call.operands[0];
  s->values = call.results[0];
  s->has_vectors = call.results.size() > 1;
  if (s->has_vectors) s->vectors = call.results[1];
  s->upper = call.attributes.Get<std::string>("UPLO") == "U";
  return s->A.dtype == DType::kF32 ? Finish<float>(std::move(s)) : Finish<double>(std::move(s));
}

}  // namespace otium::cpu
