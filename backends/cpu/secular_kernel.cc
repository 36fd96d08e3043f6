// SPDX-License-Identifier: Apache-2.0

#include "backends/cpu/secular_kernel.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "backends/cpu/simd_dispatch.h"
#include "backends/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/secular_kernel.cc"
#include "hwy/foreach_target.h"  // Must come before highway.h.

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// The bracket is halved where interpolation fails, so far more steps than are needed.
constexpr int kMostSteps = 200;

// A part of f and of its derivative.
template <class T>
struct Sums {
  T value = 0, slope = 0;
};

// Of poles [begin, end), at `offset` from the pole `origin`.
template <class T>
HWY_INLINE Sums<T> SumsOf(const T* poles, const T* z, int64_t begin, int64_t end, T origin,
                          T offset) {
  const hn::ScalableTag<T> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto from = hn::Set(d, origin), by = hn::Set(d, offset);
  auto value = hn::Zero(d), slope = hn::Zero(d);
  for (int64_t j = begin; j < end; j += lanes) {
    const auto zs = hn::LoadU(d, z + j);
    auto terms = hn::Div(zs, hn::Sub(hn::Sub(hn::LoadU(d, poles + j), from), by));
    if (end - j < lanes) {
      terms = hn::IfThenElseZero(hn::FirstN(d, static_cast<size_t>(end - j)), terms);
    }
    value = hn::MulAdd(zs, terms, value);
    slope = hn::MulAdd(terms, terms, slope);
  }
  return {hn::GetLane(hn::SumOfLanes(d, value)), hn::GetLane(hn::SumOfLanes(d, slope))};
}

// One root between the poles `left` and `right` or, if it is the last, beyond both.
template <class T>
struct Search {
  const T* poles;
  const T* z;
  int64_t n;
  T rho;
  int64_t left, right;
  bool is_last;

  // As of `offset` from `origin`.
  int64_t origin = 0;
  T offset = 0;
  T low = 0, high = 0;    // The bracket.
  Sums<T> before, after;  // Of the poles up to `left`, and from `right` on.
  T value = 0, slope = 0;

  void Evaluate() {
    before = SumsOf(poles, z, 0, right, poles[origin], offset);
    after = SumsOf(poles, z, right, n, poles[origin], offset);
    value = T(1) / rho + before.value + after.value;
    slope = before.slope + after.slope;
  }
  void Bracket() {
    if (value < T(0)) low = std::max(low, offset);
    else high = std::min(high, offset);
  }
  // Whether |f| is within its rounding errors.
  bool IsFound() const {
    const T errors =
        8 * (std::abs(before.value) + std::abs(after.value)) + 2 / rho + std::abs(offset) * slope;
    return std::abs(value) <= std::numeric_limits<T>::epsilon() * errors;
  }
  T Distance(int64_t pole) const { return (poles[pole] - poles[origin]) - offset; }
  void MoveTo(T to) { offset = to > low && to < high ? to : low + (high - low) / 2; }

  // The middle of the gap tells which pole is nearer; the other poles' sums there stand for
  // them in a first guess.
  void Start() {
    origin = is_last ? right : left;
    const T gap = poles[right] - poles[left];
    T range = gap;
    if (is_last) {
      T norm = 0;
      for (int64_t j = 0; j < n; ++j) norm += z[j] * z[j];
      // Room for the rounding errors of the sum.
      range = rho * norm * (1 + 64 * std::numeric_limits<T>::epsilon());
    }
    high = range;
    offset = range / 2;
    Evaluate();
    Bracket();
    const T zl = z[left] * z[left], zr = z[right] * z[right];
    const T rest = value - zl / Distance(left) - zr / Distance(right);
    T a, b, guess;
    if (is_last) {
      a = zl + zr - rest * gap;
      b = zr * gap;
      const T root = std::sqrt(std::abs(a * a + 4 * b * rest));
      guess = a < T(0) ? 2 * b / (root - a) : (a + root) / (2 * rest);
    } else if (value >= T(0)) {
      a = rest * gap + zl + zr;
      b = zl * gap;
      const T root = std::sqrt(std::abs(a * a - 4 * b * rest));
      guess = a > T(0) ? 2 * b / (a + root) : (a - root) / (2 * rest);
    } else {
      origin = right;
      low -= gap;  // The middle of the gap is as far from both of its ends.
      high = T(0);
      a = rest * gap - zl - zr;
      b = zr * gap;
      const T root = std::sqrt(std::abs(a * a + 4 * b * rest));
      guess = a < T(0) ? 2 * b / (a - root) : -(a + root) / (2 * rest);
    }
    MoveTo(guess);
  }

  // The step to the root of a function with these two poles that has f's value and slope:
  // each side's own, or all of it with the nearer pole's weight fixed.
  T Step(bool weight_is_fixed) const {
    const T dl = Distance(left), dr = Distance(right);
    T c;
    if (is_last || !weight_is_fixed) {
      c = value - dl * before.slope - dr * after.slope;
    } else if (origin == left) {
      const T t = z[left] / dl;
      c = value - dr * slope - (poles[left] - poles[right]) * (t * t);
    } else {
      const T t = z[right] / dr;
      c = value - dl * slope - (poles[right] - poles[left]) * (t * t);
    }
    const T a = (dl + dr) * value - dl * dr * slope, b = dl * dr * value;
    const T root = std::sqrt(std::abs(a * a - 4 * b * c));
    T step;
    if (is_last) step = a >= T(0) ? (a + root) / (2 * c) : 2 * b / (a - root);
    else step = a <= T(0) ? (a - root) / (2 * c) : 2 * b / (a + root);
    return value * step < T(0) ? step : -value / slope;
  }

  void Run() {
    Start();
    bool weight_is_fixed = true;
    T previous = std::numeric_limits<T>::infinity();
    for (int step = 0; step < kMostSteps; ++step) {
      Evaluate();
      if (IsFound()) return;
      Bracket();
      if (std::abs(value) > std::abs(previous) / 10) weight_is_fixed = !weight_is_fixed;
      previous = value;
      const T before_step = offset;
      MoveTo(offset + Step(weight_is_fixed));
      if (offset == before_step) return;
    }
  }
};

template <class T>
void Roots(int64_t begin, int64_t end, int64_t n, const T* poles, const T* z, T rho,
           const SecularRoots<T>& roots) {
  if (n == 1) {
    roots.origin[0] = 0;
    roots.offset[0] = rho * z[0] * z[0];
    return;
  }
  for (int64_t i = begin; i < end; ++i) {
    const bool is_last = i == n - 1;
    const int64_t left = is_last ? i - 1 : i;
    Search<T> search{poles, z, n, rho, left, left + 1, is_last};
    search.Run();
    roots.origin[i] = static_cast<int32_t>(search.origin);
    roots.offset[i] = search.offset;
  }
}

// z_j^2 = product over roots x_i of (x_i - d_j), over that over other poles of (d_i - d_j).
template <class T>
void Weights(int64_t begin, int64_t end, int64_t n, const T* poles, const SecularRoots<T>& roots,
             T* out) {
  const hn::ScalableTag<T> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto one = hn::Set(d, T(1));
  for (int64_t j = begin; j < end; j += lanes) {
    const auto at = hn::LoadU(d, poles + j);
    auto product = one;
    for (int64_t i = 0; i < n; ++i) {
      const auto to_root =
          hn::Sub(hn::Sub(at, hn::Set(d, poles[roots.origin[i]])), hn::Set(d, roots.offset[i]));
      const auto to_pole = hn::Sub(at, hn::Set(d, poles[i]));
      const auto itself = hn::Eq(to_pole, hn::Zero(d));
      product = hn::Mul(product, hn::Div(to_root, hn::IfThenElse(itself, one, to_pole)));
    }
    hn::StoreU(hn::Sqrt(hn::Abs(product)), d, out + j);
  }
  for (int64_t j = std::max(begin, n); j < end; ++j) out[j] = T(0);
}

template <class T>
void Vector(int64_t n, const T* poles, const T* z, T origin, T offset, T* out) {
  const hn::ScalableTag<T> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto from = hn::Set(d, origin), by = hn::Set(d, offset);
  auto squares = hn::Zero(d);
  for (int64_t j = 0; j < n; j += lanes) {
    const auto x =
        hn::Div(hn::LoadU(d, z + j), hn::Sub(hn::Sub(hn::LoadU(d, poles + j), from), by));
    squares = hn::MulAdd(x, x, squares);
    hn::StoreU(x, d, out + j);
  }
  const auto factor = hn::Set(d, T(1) / std::sqrt(hn::GetLane(hn::SumOfLanes(d, squares))));
  for (int64_t j = 0; j < n; j += lanes) {
    hn::StoreU(hn::Mul(hn::LoadU(d, out + j), factor), d, out + j);
  }
}

template <class T>
const SecularKernels<T>* Kernels() {
  static const SecularKernels<T> kernels = {Roots<T>, Weights<T>, Vector<T>};
  return &kernels;
}

const SecularKernels<float>* F32() { return Kernels<float>(); }
const SecularKernels<double>* F64() { return Kernels<double>(); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace otium::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace otium::cpu {
OTIUM_BEST_REAL_KERNELS(SecularKernels)
}  // namespace otium::cpu
#endif  // HWY_ONCE
