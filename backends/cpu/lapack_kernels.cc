// SPDX-License-Identifier: Apache-2.0
//
// cholesky and solve through LAPACK. LAPACK's matrices are column-major; a
// row-major matrix is its transpose, so for triangles "lower" becomes "upper",
// for a general solve the transpose is solved with, and only right-hand sides of
// several columns are copied. Factors live in the step's workspace.

#include <algorithm>
#include <complex>
#include <cstring>
#include <limits>

// LAPACK's complex types are those of C++.
#define LAPACK_COMPLEX_CUSTOM
#define lapack_complex_float std::complex<float>
#define lapack_complex_double std::complex<double>
#include <lapacke.h>

#include "backends/cpu/prepare.h"
#include "engine/base/tensor.h"

namespace otium::cpu {
namespace {

// LAPACK by element type. Routines return their info.
template <class T>
struct Lapack;
#define OTIUM_LAPACK(T, p, sy)                                                                     \
  template <>                                                                                      \
  struct Lapack<T> {                                                                               \
    static lapack_int Potrf(char uplo, lapack_int n, T* a) {                                       \
      lapack_int info = 0;                                                                         \
      LAPACK_##p##potrf(&uplo, &n, a, &n, &info);                                                  \
      return info;                                                                                 \
    }                                                                                              \
    static void Potrs(char uplo, lapack_int n, lapack_int k, const T* a, T* b) {                   \
      lapack_int info = 0;                                                                         \
      LAPACK_##p##potrs(&uplo, &n, &k, a, &n, b, &n, &info);                                       \
    }                                                                                              \
    static lapack_int Sytrf(char uplo, lapack_int n, T* a, lapack_int* pivots, T* work,            \
                            lapack_int lwork) {                                                    \
      lapack_int info = 0;                                                                         \
      LAPACK_##p##sy##trf(&uplo, &n, a, &n, pivots, work, &lwork, &info);                          \
      return info;                                                                                 \
    }                                                                                              \
    static void Sytrs(char uplo, lapack_int n, lapack_int k, const T* a, const lapack_int* pivots, \
                      T* b) {                                                                      \
      lapack_int info = 0;                                                                         \
      LAPACK_##p##sy##trs(&uplo, &n, &k, a, &n, pivots, b, &n, &info);                             \
    }                                                                                              \
    static lapack_int Getrf(lapack_int n, T* a, lapack_int* pivots) {                              \
      lapack_int info = 0;                                                                         \
      LAPACK_##p##getrf(&n, &n, a, &n, pivots, &info);                                             \
      return info;                                                                                 \
    }                                                                                              \
    static void Getrs(char trans, lapack_int n, lapack_int k, const T* a,                          \
                      const lapack_int* pivots, T* b) {                                            \
      lapack_int info = 0;                                                                         \
      LAPACK_##p##getrs(&trans, &n, &k, a, &n, pivots, b, &n, &info);                              \
    }                                                                                              \
  };
OTIUM_LAPACK(float, s, sy)
OTIUM_LAPACK(double, d, sy)
OTIUM_LAPACK(std::complex<float>, c, sy)
OTIUM_LAPACK(std::complex<double>, z, sy)
#undef OTIUM_LAPACK

enum class Factorization { kCholesky, kSymmetric, kGeneral };

constexpr lapack_int kSytrfBlock = 64;

struct FactorState {
  absl::InlinedVector<PhysicalType, 2> operands;
  PhysicalType result;
  Factorization factorization = Factorization::kGeneral;
  bool upper = false;   // cholesky's attribute.
  bool vector = false;  // The right-hand side is a vector.
  int64_t n = 0, columns = 1;
};

// Where a matrix of the batch `index` (of the result) begins in an operand.
int64_t BatchOffset(const PhysicalType& type, const View& view, absl::Span<const int64_t> index,
                    int tail) {
  int64_t offset = 0;
  const int batch = type.rank() - tail;
  for (int d = 0; d < batch; ++d) {
    if (type.sizes[d] != 1) offset += index[index.size() - batch + d] * view.strides[d];
  }
  return offset;
}

// Steps `index` through `sizes` row-major; false at the end.
bool Next(absl::Span<const int64_t> sizes, Sizes* index) {
  for (size_t d = sizes.size(); d-- > 0;) {
    if (++(*index)[d] < sizes[d]) return true;
    (*index)[d] = 0;
  }
  return false;
}

bool IsEmpty(absl::Span<const int64_t> sizes) {
  return std::find(sizes.begin(), sizes.end(), 0) != sizes.end();
}

void Report(StepInfo* info, int64_t code, int64_t batch) {
  if (code == 0 || info->code != 0) return;
  info->code = code;
  info->batch = batch;
}

template <class T>
void LaunchCholesky(const LaunchArgs& args) {
  const auto& s = *static_cast<const FactorState*>(args.state);
  const int r = s.result.rank();
  const auto batch_sizes = absl::MakeConstSpan(s.result.sizes).first(r - 2);
  if (IsEmpty(s.result.sizes)) return;
  const View& av = args.operands[0];
  const View& out = args.results[0];
  Sizes index(r - 2, 0);
  int64_t batch = 0;
  do {
    const T* a = av.as<const T>() + BatchOffset(s.operands[0], av, index, 2);
    T* l = out.as<T>() + BatchOffset(s.result, out, index, 2);
    // The wanted triangle of A, the other zero; row-major lower is LAPACK's upper.
    for (int64_t i = 0; i < s.n; ++i) {
      for (int64_t j = 0; j < s.n; ++j) {
        const bool inside = s.upper ? j >= i : j <= i;
        l[i * s.n + j] = inside ? a[i * av.strides[r - 2] + j * av.strides[r - 1]] : T(0);
      }
    }
    // LAPACK sees the transpose, that is the conjugate of the hermitian A: its
    // factor is the conjugate of ours, transposed, which is where ours belongs.
    Report(args.info, Lapack<T>::Potrf(s.upper ? 'L' : 'U', static_cast<lapack_int>(s.n), l),
           batch);
    ++batch;
  } while (Next(batch_sizes, &index));
}

struct Workspace {
  int64_t factor, right, pivots, work, total;
};

Workspace LayOut(const FactorState& s, int64_t item_size) {
  auto aligned = [](int64_t bytes) { return (bytes + 63) / 64 * 64; };
  Workspace w;
  w.factor = 0;
  w.right = w.factor + aligned(s.n * s.n * item_size);
  w.pivots = w.right + aligned(s.n * s.columns * item_size);
  w.work = w.pivots + aligned(s.n * static_cast<int64_t>(sizeof(lapack_int)));
  w.total =
      w.work +
      (s.factorization == Factorization::kSymmetric ? aligned(s.n * kSytrfBlock * item_size) : 0);
  return w;
}

template <class T>
int64_t Factor(const FactorState& s, const Workspace& w, char* memory) {
  T* a = reinterpret_cast<T*>(memory + w.factor);
  auto* pivots = reinterpret_cast<lapack_int*>(memory + w.pivots);
  const auto n = static_cast<lapack_int>(s.n);
  switch (s.factorization) {
    case Factorization::kCholesky: return -Lapack<T>::Potrf('L', n, a);
    case Factorization::kSymmetric:
      return Lapack<T>::Sytrf('L', n, a, pivots, reinterpret_cast<T*>(memory + w.work),
                              n * kSytrfBlock);
    case Factorization::kGeneral: return Lapack<T>::Getrf(n, a, pivots);
  }
  __builtin_unreachable();
}

template <class T>
void Substitute(const FactorState& s, const Workspace& w, char* memory) {
  const T* a = reinterpret_cast<const T*>(memory + w.factor);
  T* b = reinterpret_cast<T*>(memory + w.right);
  const auto* pivots = reinterpret_cast<const lapack_int*>(memory + w.pivots);
  const auto n = static_cast<lapack_int>(s.n), k = static_cast<lapack_int>(s.columns);
  switch (s.factorization) {
    case Factorization::kCholesky: Lapack<T>::Potrs('L', n, k, a, b); return;
    case Factorization::kSymmetric: Lapack<T>::Sytrs('L', n, k, a, pivots, b); return;
    case Factorization::kGeneral: Lapack<T>::Getrs('N', n, k, a, pivots, b); return;
  }
}

template <class T>
void LaunchSolve(const LaunchArgs& args) {
  const auto& s = *static_cast<const FactorState*>(args.state);
  const int r = s.result.rank(), tail = s.vector ? 1 : 2;
  if (IsEmpty(s.result.sizes)) return;
  const auto batch_sizes = absl::MakeConstSpan(s.result.sizes).first(r - tail);
  const Workspace w = LayOut(s, sizeof(T));
  char* memory = static_cast<char*>(args.workspace);
  T* factor = reinterpret_cast<T*>(memory + w.factor);
  T* right = reinterpret_cast<T*>(memory + w.right);
  const View& av = args.operands[0];
  const View& bv = args.operands[1];
  const View& xv = args.results[0];
  const int ra = s.operands[0].rank(), rb = s.operands[1].rank();
  const int64_t n = s.n, k = s.columns;
  const int64_t b_row = bv.strides[rb - tail], b_column = s.vector ? 0 : bv.strides[rb - 1];
  const int64_t x_row = xv.strides[r - tail], x_column = s.vector ? 0 : xv.strides[r - 1];
  Sizes index(r - tail, 0);
  int64_t batch = 0;
  const T* factored = nullptr;  // The matrix whose factors are in the workspace.
  do {
    const T* a = av.as<const T>() + BatchOffset(s.operands[0], av, index, 2);
    if (a != factored) {
      // Column-major copy of A.
      const int64_t sizes[] = {n, n}, from[] = {av.strides[ra - 1], av.strides[ra - 2]},
                    to[] = {n, 1};
      CopyStrided(a, from, factor, to, sizes, sizeof(T));
      Report(args.info, Factor<T>(s, w, memory), batch);
      factored = a;
    }
    const T* b = bv.as<const T>() + BatchOffset(s.operands[1], bv, index, tail);
    for (int64_t j = 0; j < k; ++j) {
      for (int64_t i = 0; i < n; ++i) right[j * n + i] = b[i * b_row + j * b_column];
    }
    if (args.info->code == 0) Substitute<T>(s, w, memory);
    T* x = xv.as<T>() + BatchOffset(s.result, xv, index, tail);
    for (int64_t j = 0; j < k; ++j) {
      for (int64_t i = 0; i < n; ++i) x[i * x_row + j * x_column] = right[j * n + i];
    }
    ++batch;
  } while (Next(batch_sizes, &index));
}

template <template <class> class Launcher>
LaunchFn ForBlasDType(DType dtype) {
  switch (dtype) {
    case DType::kF32: return &Launcher<float>::Launch;
    case DType::kF64: return &Launcher<double>::Launch;
    case DType::kC64: return &Launcher<std::complex<float>>::Launch;
    case DType::kC128: return &Launcher<std::complex<double>>::Launch;
    case DType::kBool:
    case DType::kI32:
    case DType::kI64:
    case DType::kF16:
    case DType::kBF16: return nullptr;
  }
  __builtin_unreachable();
}
template <class T>
struct CholeskyLauncher {
  static void Launch(const LaunchArgs& args) { LaunchCholesky<T>(args); }
};
template <class T>
struct SolveLauncher {
  static void Launch(const LaunchArgs& args) { LaunchSolve<T>(args); }
};

Prepared PrepareSolve(const KernelCall& call, Factorization factorization) {
  auto s = std::make_shared<FactorState>();
  s->operands.assign(call.operands.begin(), call.operands.end());
  s->result = call.results[0];
  s->factorization = factorization;
  const PhysicalType& A = call.operands[0];
  const PhysicalType& B = call.operands[1];
  s->n = A.sizes[A.rank() - 1];
  s->vector = B.rank() == 1 ||
              absl::MakeConstSpan(B.sizes) == absl::MakeConstSpan(A.sizes).first(A.rank() - 1);
  s->columns = s->vector ? 1 : B.sizes[B.rank() - 1];
  const int64_t bytes = LayOut(*s, ItemSize(A.dtype)).total;
  return {ForBlasDType<SolveLauncher>(A.dtype), std::move(s), bytes};
}

}  // namespace

// Asking for a solve says that the matrix is nonsingular: psd is then pd.
bool IsDefinite(const KernelCall& call) { return call.operands[0].structure.Has(kPsd); }
// sytrf is for A == A.T, complex or not.
bool IsSymmetric(const KernelCall& call) { return call.operands[0].structure.Has(kSymmetric); }

Prepared PrepareCholesky(const KernelCall& call) {
  auto s = std::make_shared<FactorState>();
  s->operands.assign(call.operands.begin(), call.operands.end());
  s->result = call.results[0];
  s->upper = call.attributes.Get<bool>("upper");
  s->n = s->result.sizes[s->result.rank() - 1];
  return {ForBlasDType<CholeskyLauncher>(call.operands[0].dtype), std::move(s), 0};
}

Prepared PreparePosv(const KernelCall& call) {
  return PrepareSolve(call, Factorization::kCholesky);
}
Prepared PrepareSysv(const KernelCall& call) {
  return PrepareSolve(call, Factorization::kSymmetric);
}
Prepared PrepareGesv(const KernelCall& call) { return PrepareSolve(call, Factorization::kGeneral); }

}  // namespace otium::cpu
