// SPDX-License-Identifier: Apache-2.0
//
// QR and its reflectors (dense_qr.h, reflectors.h), where the results are.

#include <algorithm>
#include <memory>

#include "backends/cpu/dense_qr.h"
#include "backends/cpu/lapack.h"
#include "backends/cpu/matrix_batch.h"
#include "backends/cpu/prepare.h"
#include "backends/cpu/reflectors.h"
#include "backends/cpu/scalar.h"
#include "backends/cpu/workspace.h"

namespace otium::cpu {
namespace {

struct QrState {
  PhysicalType operands[3], results[2];
  int64_t m = 0, n = 0, k = 0;  // A is m x n, with k reflectors.
  int64_t columns = 0;          // Of Q, and rows of R.
  bool has_Q = false;           // It is asked for.
  bool left = true, transpose = false;
  // In the workspace of a task, in bytes.
  int64_t factor = 0, tau = 0, work = 0;
  MatrixBatch batch;
};

// Elements of memory that FormQ takes.
int64_t FormQMemory(int64_t m, int64_t n, int64_t k) { return m * k + ReflectorMemory(m, n, k); }

// Q [m, n], whose first k columns are at first the vectors of reflectors.
template <class T>
void FormQ(int64_t k, const T* tau, const Matrix<T>& Q, T* memory) {
  const Matrix<T> vectors = RowMajor(memory, Q.rows, k);
  Copy<T>(Q.Block(0, 0, Q.rows, k), vectors);
  FormReflectors<T>(vectors, tau, Q, memory + Q.rows * k);
}

template <class T>
void CopyConjugate(const Matrix<const T>& from, const Matrix<T>& to) {
  for (int64_t i = 0; i < to.rows; ++i) {
    for (int64_t j = 0; j < to.columns; ++j) to(i, j) = Conjugate(from(i, j));
  }
}

// Zeros below the diagonal.
template <class T>
void ClearBelow(const Matrix<T>& r) {
  for (int64_t i = 1; i < r.rows; ++i) std::fill_n(&r(i, 0), std::min(i, r.columns), T(0));
}

template <class T>
struct QrLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const QrState*>(args.state);
    RunBatch(s.batch, args, [&](Range matrices, char* memory, StepInfo*) {
      T* const tau = ArrayAt<T>(memory, s.tau);
      T* const work = ArrayAt<T>(memory, s.work);
      for (int64_t p = matrices.begin; p < matrices.end; ++p) {
        const auto R = MatrixOf<T>(s.batch, s.results[1], args.results[1], p);
        Matrix<T> Q;
        if (s.has_Q) Q = MatrixOf<T>(s.batch, s.results[0], args.results[0], p);
        // Factored where there is room for all of it.
        const bool in_R = s.columns == s.m;
        const auto a = RowMajor(in_R      ? R.data
                                : s.has_Q ? Q.data
                                          : ArrayAt<T>(memory, s.factor),
                                s.m, s.n);
        Copy(MatrixOf<const T>(s.batch, s.operands[0], args.operands[0], p), a);
        FactorQr(a, s.k, tau, work);
        if (!in_R) {
          Copy<T>(RowMajor(a.data, s.columns, s.n), R);
        } else if (s.has_Q) {
          for (int64_t i = 1; i < s.m; ++i) std::copy_n(&a(i, 0), std::min(i, s.k), &Q(i, 0));
        }
        ClearBelow(R);
        if (s.has_Q) FormQ(s.k, tau, Q, work);
      }
    });
  }
};

template <class T>
struct GeqrfLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const QrState*>(args.state);
    if (s.k == 0) return;
    RunBatch(s.batch, args, [&](Range matrices, char* memory, StepInfo*) {
      T* const work = ArrayAt<T>(memory, s.work);
      for (int64_t p = matrices.begin; p < matrices.end; ++p) {
        const auto a = MatrixOf<T>(s.batch, s.results[0], args.results[0], p);
        const auto tau = MatrixOf<T>(s.batch, s.results[1], args.results[1], p, 1);
        Copy(MatrixOf<const T>(s.batch, s.operands[0], args.operands[0], p), a);
        FactorQr(a, s.k, tau.data, work);
      }
    });
  }
};

template <class T>
struct HouseholderLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const QrState*>(args.state);
    if (s.n == 0) return;
    RunBatch(s.batch, args, [&](Range matrices, char* memory, StepInfo*) {
      T* const tau = ArrayAt<T>(memory, s.tau);
      for (int64_t p = matrices.begin; p < matrices.end; ++p) {
        const auto Q = MatrixOf<T>(s.batch, s.results[0], args.results[0], p);
        Copy(MatrixOf<const T>(s.batch, s.operands[0], args.operands[0], p), Q);
        Copy(MatrixOf<const T>(s.batch, s.operands[1], args.operands[1], p, 1),
             ColumnMajor(tau, s.k, 1));
        FormQ(s.k, tau, Q, ArrayAt<T>(memory, s.work));
      }
    });
  }
};

template <class T>
struct OrmqrLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const QrState*>(args.state);
    RunBatch(s.batch, args, [&](Range matrices, char* memory, StepInfo*) {
      T* const tau = ArrayAt<T>(memory, s.tau);
      const auto conjugates = RowMajor(ArrayAt<T>(memory, s.factor), s.m, s.k);
      const bool conjugated = kIsComplex<T> && !s.left;
      for (int64_t p = matrices.begin; p < matrices.end; ++p) {
        const auto C = MatrixOf<T>(s.batch, s.results[0], args.results[0], p);
        Copy(MatrixOf<const T>(s.batch, s.operands[2], args.operands[2], p), C);
        auto vectors = MatrixOf<const T>(s.batch, s.operands[0], args.operands[0], p);
        vectors.columns = s.k;
        const auto factors = MatrixOf<const T>(s.batch, s.operands[1], args.operands[1], p, 1);
        for (int64_t i = 0; i < s.k; ++i) {
          tau[i] = conjugated ? Conjugate(factors(i, 0)) : factors(i, 0);
        }
        if (conjugated) {
          CopyConjugate(vectors, conjugates);
          vectors = conjugates;
        }
        // C Q is D with D.T = Q.T C.T, and Q.T is the adjoint of the conjugate of Q.
        ApplyReflectors(vectors, tau, /*adjoint=*/s.left == s.transpose,
                        s.left ? C : C.Transposed(), ArrayAt<T>(memory, s.work));
      }
    });
  }
};

std::shared_ptr<QrState> NewState(const KernelCall& call) {
  auto s = std::make_shared<QrState>();
  std::copy(call.operands.begin(), call.operands.end(), s->operands);
  std::copy(call.results.begin(), call.results.end(), s->results);
  const Sizes& A = s->operands[0].sizes;
  s->m = A[A.size() - 2];
  s->n = A.back();
  return s;
}

Prepared Finish(const KernelCall& call, std::shared_ptr<QrState> s, double flops, int64_t bytes,
                LaunchFn launch) {
  const absl::Span<const int64_t> sizes = s->operands[0].sizes;
  s->batch = MatrixBatch(sizes.first(call.operands[0].rank() - 2), flops, bytes);
  const int64_t workspace = s->batch.workspace_bytes();
  return {launch, std::move(s), workspace};
}

double ReflectorFlops(int64_t m, int64_t n, int64_t k) {
  return 4 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
}

// qr and geqrf.
Prepared PrepareFactors(const KernelCall& call, LaunchFn launch) {
  auto s = NewState(call);
  s->k = std::min(s->m, s->n);
  WorkspaceLayout layout;
  if (call.op.id == Op::qr) {
    const std::string& mode = call.attributes.Get<std::string>("mode");
    s->has_Q = mode != "r";
    s->columns = mode == "complete" ? s->m : s->k;
  }
  int64_t work_size = QrMemory(s->m, s->n, s->k);
  if (s->has_Q) work_size = std::max(work_size, FormQMemory(s->m, s->columns, s->k));
  ForBlasType(s->operands[0].dtype, [&]<class T>(T) {
    if (call.op.id == Op::qr && !s->has_Q && s->columns < s->m)
      s->factor = layout.Add<T>(s->m * s->n);
    s->tau = layout.Add<T>(s->k);
    s->work = layout.Add<T>(work_size);
  });
  const double flops = ReflectorFlops(s->m, s->n, s->k);
  return Finish(call, std::move(s), flops, layout.bytes(), launch);
}

}  // namespace

Prepared PrepareQr(const KernelCall& call) {
  return PrepareFactors(call, ForBlasDType<QrLauncher>(call.operands[0].dtype));
}
Prepared PrepareGeqrf(const KernelCall& call) {
  return PrepareFactors(call, ForBlasDType<GeqrfLauncher>(call.operands[0].dtype));
}

Prepared PrepareHouseholderProduct(const KernelCall& call) {
  auto s = NewState(call);
  s->k = s->operands[1].sizes.back();
  WorkspaceLayout layout;
  ForBlasType(s->operands[0].dtype, [&]<class T>(T) {
    s->tau = layout.Add<T>(s->k);
    s->work = layout.Add<T>(FormQMemory(s->m, s->n, s->k));
  });
  const double flops = ReflectorFlops(s->m, s->n, s->k);
  return Finish(call, std::move(s), flops, layout.bytes(),
                ForBlasDType<HouseholderLauncher>(call.operands[0].dtype));
}

Prepared PrepareOrmqr(const KernelCall& call) {
  auto s = NewState(call);
  s->k = s->operands[1].sizes.back();
  s->left = call.attributes.Get<bool>("left");
  s->transpose = call.attributes.Get<bool>("transpose");
  const Sizes& C = s->results[0].sizes;
  const int64_t rows = C[C.size() - 2], columns = C.back();
  WorkspaceLayout layout;
  ForBlasType(s->operands[0].dtype, [&]<class T>(T) {
    s->factor = layout.Add<T>(kIsComplex<T> && !s->left ? s->m * s->k : 0);
    s->tau = layout.Add<T>(s->k);
    s->work = layout.Add<T>(ReflectorMemory(s->m, s->left ? columns : rows, s->k));
  });
  const double flops = ReflectorFlops(rows, columns, s->k);
  return Finish(call, std::move(s), flops, layout.bytes(),
                ForBlasDType<OrmqrLauncher>(call.operands[0].dtype));
}

}  // namespace otium::cpu
