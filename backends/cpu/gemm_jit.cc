// SPDX-License-Identifier: Apache-2.0

#include "backends/cpu/gemm_jit.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include "backends/cpu/gemm_driver.h"

#ifdef OTIUM_HAVE_LIBXSMM
#include "libxsmm.h"
#endif

namespace otium::cpu {
namespace {

// Multiply-adds of the whole batch that are worth generating code: 10 us or more.
constexpr double kLeastWork = 1 << 18;
// Of one product: operands larger than this want packing.
constexpr double kMostItemWork = 100 * 100 * 100;
constexpr int64_t kMostSize = 256;

#ifdef OTIUM_HAVE_LIBXSMM
// libxsmm is column-major: C^T = B^T A^T with rows as its columns.
template <class T>
auto Generate(const GemmArgs<T>& args) {
  const auto narrow = [](int64_t x) { return static_cast<libxsmm_blasint>(x); };
  const bool column_major_a = args.a.col_stride != 1;
  const libxsmm_blasint ldb = narrow(args.b.row_stride), ldc = narrow(args.c.row_stride),
                        lda = narrow(column_major_a ? args.a.col_stride : args.a.row_stride);
  const T alpha = 1, beta = args.beta;
  const int flags =
      (beta == 0 ? LIBXSMM_GEMM_FLAG_BETA_0 : 0) | (column_major_a ? LIBXSMM_GEMM_FLAG_TRANS_B : 0);
  const int prefetch = LIBXSMM_GEMM_PREFETCH_NONE;
  if constexpr (std::is_same_v<T, float>) {
    return libxsmm_smmdispatch(narrow(args.n), narrow(args.m), narrow(args.k), &ldb, &lda, &ldc,
                               &alpha, &beta, &flags, &prefetch);
  } else {
    return libxsmm_dmmdispatch(narrow(args.n), narrow(args.m), narrow(args.k), &ldb, &lda, &ldc,
                               &alpha, &beta, &flags, &prefetch);
  }
}
#endif

// Rows of `length` elements, each at its own place.
bool IsRowMajor(int64_t row_stride, int64_t col_stride, int64_t length) {
  return col_stride == 1 && row_stride >= length &&
         row_stride <= std::numeric_limits<int32_t>::max();
}

template <class T>
bool HasCode(const GemmArgs<T>& args, int64_t items) {
  const double work =
      static_cast<double>(args.m) * static_cast<double>(args.n) * static_cast<double>(args.k);
  return work <= kMostItemWork && std::max({args.m, args.n, args.k}) <= kMostSize &&
         work * static_cast<double>(items) >= kLeastWork && args.alpha == T(1) &&
         (args.beta == T(0) || args.beta == T(1)) &&
         IsRowMajor(args.b.row_stride, args.b.col_stride, args.n) &&
         IsRowMajor(args.c.row_stride, args.c.col_stride, args.n) &&
         (IsRowMajor(args.a.row_stride, args.a.col_stride, args.k) ||
          IsRowMajor(args.a.col_stride, args.a.row_stride, args.m));
}

// Into C, which the generated code adds to.
template <class T>
void CopyC0(const GemmArgs<T>& args, const T* c0, T* c) {
  if (c0 == c && args.c0.row_stride == args.c.row_stride && args.c0.col_stride == 1) return;
  for (int64_t i = 0; i < args.m; ++i) {
    for (int64_t j = 0; j < args.n; ++j) {
      c[i * args.c.row_stride + j] = c0[i * args.c0.row_stride + j * args.c0.col_stride];
    }
  }
}

}  // namespace

template <class T>
JitGemm<T>::JitGemm(const GemmArgs<T>& first, int64_t items)
    : first_(first), swapped_(first.c.col_stride != 1) {
#ifdef OTIUM_HAVE_LIBXSMM
  if (swapped_) first_ = Transposed(first_);
  if (!HasCode(first_, items)) return;
  if (libxsmm_get_target_archid() >= LIBXSMM_X86_AVX2) kernel_ = Generate(first_);
#else
  static_cast<void>(HasCode<T>);
  static_cast<void>(items);
#endif
}

template <class T>
void JitGemm<T>::operator()(int64_t a_offset, int64_t b_offset, int64_t c0_offset,
                            int64_t c_offset) const {
  if (swapped_) std::swap(a_offset, b_offset);
  T* const c = first_.c.data + c_offset;
  if (first_.beta != T(0)) CopyC0(first_, first_.c0.data + c0_offset, c);
  kernel_(first_.b.data + b_offset, first_.a.data + a_offset, c);
#ifdef OTIUM_HAVE_LIBXSMM
  // libxsmm leaves the upper halves of the registers in use, and each SSE
  // instruction from here to its next call would pay for saving them.
  asm volatile("vzeroupper");
#endif
}

template class JitGemm<float>;
template class JitGemm<double>;

}  // namespace otium::cpu
