// SPDX-License-Identifier: Apache-2.0
//
// Eigenvalues of general matrices. To LAPACK a row-major A is its transpose, whose left
// eigenvectors are the conjugates of the right ones of A. LAPACK gives vectors in columns of
// a column-major matrix, so vectors, and they alone, are transposed once.

#include <algorithm>
#include <memory>
#include <utility>

#include "backends/cpu/lapack.h"
#include "backends/cpu/matrix_batch.h"
#include "backends/cpu/prepare.h"
#include "backends/cpu/workspace.h"
#include "ops/failure_codes.h"

namespace otium::cpu {
namespace {

struct EigenState {
  PhysicalType A, values, vectors;
  bool has_vectors = false;
  lapack_int n = 0;
  // In the workspace of a task, in bytes.
  int64_t matrix = 0, left = 0, parts = 0, work = 0, real_work = 0;
  lapack_int work_size = 1;
  MatrixBatch batch;
};

// Vectors in rows become conjugate ones in columns.
template <class T>
void ConjugateTranspose(T* m, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < i; ++j) std::swap(m[i * n + j], m[j * n + i]);
  }
  if constexpr (kIsComplex<T>) {
    for (int64_t i = 0; i < n * n; ++i) m[i] = std::conj(m[i]);
  }
}

// Left eigenvectors of column-major a, when asked for. Of real matrices `parts` are the
// real parts of the eigenvalues, then the imaginary ones; of complex ones the values.
template <class T>
lapack_int Geev(const EigenState& s, T* a, T* parts, T* left, T* work, lapack_int lwork,
                Real<T>* real_work) {
  const char job = s.has_vectors ? 'V' : 'N', none = 'N';
  const lapack_int one = 1, n = s.n;
  T* const no_right = nullptr;
  lapack_int info = 0;
  if constexpr (kIsComplex<T>) {
    OTIUM_LAPACK_COMPLEX(T, geev, &job, &none, &n, a, &n, parts, left, &n, no_right, &one, work,
                         &lwork, real_work, &info);
  } else {
    T* const imaginary = parts == nullptr ? nullptr : parts + n;  // A query has none.
    OTIUM_LAPACK_REAL(T, geev, &job, &none, &n, a, &n, parts, imaginary, left, &n, no_right, &one,
                      work, &lwork, &info);
  }
  return info;
}

// Complex values and vectors from LAPACK's pairs: of values re +- i im the vectors are
// column j +- i column j + 1.
template <class R>
void UnpackPairs(lapack_int n, const R* parts, const R* left, std::complex<R>* values,
                 std::complex<R>* vectors) {
  for (lapack_int j = 0; j < n; ++j) values[j] = {parts[j], parts[n + j]};
  if (vectors == nullptr) return;
  for (lapack_int j = 0; j < n; ++j) {
    // The second of a pair has the first's columns, and the other sign.
    const bool second = values[j].imag() < 0;
    const R* const real = left + int64_t{n} * (second ? j - 1 : j);
    // Conjugates, because they are left vectors.
    const R sign = values[j].imag() == 0 ? R(0) : second ? R(1) : R(-1);
    for (lapack_int i = 0; i < n; ++i) {
      vectors[int64_t{i} * n + j] = {real[i], sign == 0 ? R(0) : sign * real[n + i]};
    }
  }
}

template <class T>
struct EigLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const EigenState*>(args.state);
    if (s.n == 0) return;
    using C = std::complex<Real<T>>;
    RunBatch(s.batch, args, [&](Range matrices, char* memory, StepInfo* info) {
      T* const a = ArrayAt<T>(memory, s.matrix);
      for (int64_t p = matrices.begin; p < matrices.end; ++p) {
        const auto A = MatrixOf<const T>(s.batch, s.A, args.operands[0], p);
        if (!AllFinite(A)) {
          Report(info, kNotFinite, p);
          continue;
        }
        Copy(A, RowMajor(a, s.n, s.n));
        C* const values = MatrixOf<C>(s.batch, s.values, args.results[0], p, 1).data;
        C* const vectors =
            s.has_vectors ? MatrixOf<C>(s.batch, s.vectors, args.results[1], p).data : nullptr;
        T* const work = ArrayAt<T>(memory, s.work);
        Real<T>* const real_work = ArrayAt<Real<T>>(memory, s.real_work);
        if constexpr (kIsComplex<T>) {
          Report(info, Geev(s, a, values, vectors, work, s.work_size, real_work), p);
          if (s.has_vectors) ConjugateTranspose(vectors, s.n);
        } else {
          T* const parts = ArrayAt<T>(memory, s.parts);
          T* const left = ArrayAt<T>(memory, s.left);
          Report(info, Geev(s, a, parts, left, work, s.work_size, real_work), p);
          UnpackPairs(s.n, parts, left, values, vectors);
        }
      }
    });
  }
};

}  // namespace

Prepared PrepareEig(const KernelCall& call) {
  auto s = std::make_shared<EigenState>();
  s->A = call.operands[0];
  s->values = call.results[0];
  s->has_vectors = call.results.size() > 1;
  if (s->has_vectors) s->vectors = call.results[1];
  s->n = static_cast<lapack_int>(s->A.sizes.back());
  const int64_t n = s->n;
  WorkspaceLayout layout;
  ForBlasType(s->A.dtype, [&]<class T>(T) {
    T told = T(1);
    Real<T> told_real = 1;  // It is told, too.
    if (n > 0) Geev<T>(*s, nullptr, nullptr, nullptr, &told, -1, &told_real);
    s->work_size = WorkSize(told);
    s->matrix = layout.Add<T>(n * n);
    s->work = layout.Add<T>(s->work_size);
    if (kIsComplex<T>) {
      s->real_work = layout.Add<Real<T>>(2 * n);
      return;
    }
    s->parts = layout.Add<T>(2 * n);
    if (s->has_vectors) s->left = layout.Add<T>(n * n);
  });
  const absl::Span<const int64_t> sizes = s->A.sizes;
  const double rows = s->n, flops = (s->has_vectors ? 25 : 10) * rows * rows * rows;
  s->batch = MatrixBatch(sizes.first(sizes.size() - 2), flops, layout.bytes());
  const int64_t bytes = s->batch.workspace_bytes();
  return {ForBlasDType<EigLauncher>(call.operands[0].dtype), std::move(s), bytes};
}

}  // namespace otium::cpu
