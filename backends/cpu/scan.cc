// SPDX-License-Identifier: Apache-2.0
//
// cumsum and cumprod. Sums are carried wide (f64, c128, i64), as the reference
// does, so each element is rounded once. Lines along other than the last
// dimension go several at a time, side by side as they lie in memory.

#include <algorithm>
#include <complex>
#include <type_traits>

#include "backends/complex_math.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/prepare.h"
#include "backends/cpu/tasks.h"
#include "engine/base/half.h"
#include "ops/infer.h"

namespace otium::cpu {
namespace {

struct ScanState {
  int dim = 0;
  bool is_product = false;
  DType dtype = DType::kF32;
  Sizes sizes;
};

template <class T>
using Carried = std::conditional_t<std::is_integral_v<T>, uint64_t,
                                   std::conditional_t<std::is_same_v<T, std::complex<float>> ||
                                                          std::is_same_v<T, std::complex<double>>,
                                                      std::complex<double>, double>>;

template <class T>
Carried<T> Load(const T& x) {
  if constexpr (std::is_integral_v<T>) return static_cast<uint64_t>(static_cast<int64_t>(x));
  else if constexpr (sizeof(T) == 2) return static_cast<double>(static_cast<float>(x));
  else return Carried<T>(x);
}
template <class R>
R Store(const Carried<R>& x) {
  if constexpr (sizeof(R) == 2) return R(static_cast<float>(x));
  else return static_cast<R>(x);
}

template <class C>
C Product(const C& a, const C& b) {
  if constexpr (std::is_same_v<C, std::complex<double>>) return ComplexProduct(a, b);
  else return a * b;
}

// Lines that go together: side by side along the last dimension; or a few, in registers,
// that lie one after the other, so that each does not wait for its last element (vander of
// 100,000 x 16 took three times as long) and no more of them than caches have ways.
constexpr int64_t kWidth = 64, kFew = 4;

// `lines` lines, at most kMost, of n elements; neighbours in a line are `step` apart, lines
// `next`.
template <int64_t kMost, bool kProduct, class T, class R>
void ScanLines(const T* x, int64_t x_step, int64_t x_next, R* y, int64_t y_step, int64_t y_next,
               int64_t n, int64_t lines) {
  Carried<T> carried[kMost];
  std::fill_n(carried, lines, Carried<T>(kProduct ? 1 : 0));
  for (int64_t i = 0; i < n; ++i, x += x_step, y += y_step) {
    for (int64_t l = 0; l < lines; ++l) {
      if constexpr (kProduct) carried[l] = Product(carried[l], Load(x[l * x_next]));
      else carried[l] += Load(x[l * x_next]);
      y[l * y_next] = Store<R>(carried[l]);
    }
  }
}

template <class T, bool kProduct>
void Scan(const ScanState& s, const View& x, const View& y) {
  using R = std::conditional_t<std::is_integral_v<T>, int64_t, T>;
  const int rank = static_cast<int>(s.sizes.size());
  const int64_t n = rank == 0 ? 1 : s.sizes[s.dim];
  // Lines along the last dimension, or the one before where that is the one.
  const int along = rank < 2 ? -1 : s.dim != rank - 1 ? rank - 1 : rank - 2;
  const int64_t lines = along < 0 ? 1 : s.sizes[along];
  int64_t groups = 1;
  for (int d = 0; d < rank; ++d) {
    if (d != s.dim && d != along) groups *= s.sizes[d];
  }
  if (n == 0 || lines == 0) return;
  constexpr int64_t kGrain = 16384;
  const int64_t width = along == rank - 1 ? kWidth : kFew, bundles = CeilDiv(lines, width);
  const int64_t grain = std::max<int64_t>(kGrain / (n * std::min(lines, width)), 1);
  ParallelForRanges(groups * bundles, grain, [&](int64_t begin, int64_t end) {
    for (int64_t bundle = begin; bundle < end; ++bundle) {
      const int64_t first = bundle % bundles * width;
      const int64_t x_next = along < 0 ? 0 : x.strides[along];
      const int64_t y_next = along < 0 ? 0 : y.strides[along];
      int64_t x_offset = first * x_next, y_offset = first * y_next;
      int64_t rest = bundle / bundles;
      for (int d = rank - 1; d >= 0; --d) {
        if (d == s.dim || d == along) continue;
        x_offset += rest % s.sizes[d] * x.strides[d];
        y_offset += rest % s.sizes[d] * y.strides[d];
        rest /= s.sizes[d];
      }
      const int64_t x_step = rank == 0 ? 0 : x.strides[s.dim];
      const int64_t y_step = rank == 0 ? 0 : y.strides[s.dim];
      const T* const from = x.as<const T>() + x_offset;
      R* const to = y.as<R>() + y_offset;
      const int64_t count = std::min(width, lines - first);
      if (count == kFew) {  // Known to the compiler.
        ScanLines<kFew, kProduct>(from, x_step, x_next, to, y_step, y_next, n, kFew);
      } else {
        ScanLines<kWidth, kProduct>(from, x_step, x_next, to, y_step, y_next, n, count);
      }
    }
  });
}

void LaunchScan(const LaunchArgs& args) {
  const auto& s = *static_cast<const ScanState*>(args.state);
  DispatchDType(s.dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    if (s.is_product) Scan<T, true>(s, args.operands[0], args.results[0]);
    else Scan<T, false>(s, args.operands[0], args.results[0]);
  });
}

}  // namespace

Prepared PrepareScan(const KernelCall& call) {
  auto state = std::make_shared<ScanState>();
  const PhysicalType& x = call.operands[0];
  state->dim = *NormalizeDim(call.attributes.Get<int64_t>("dim"), x.rank());
  state->is_product = call.op.id == Op::cumprod;
  state->dtype = x.dtype;
  state->sizes = x.sizes;
  return {LaunchScan, std::move(state), 0};
}

}  // namespace otium::cpu
