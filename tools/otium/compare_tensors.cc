// SPDX-License-Identifier: Apache-2.0
#include "tools/otium/compare_tensors.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace otium::cli {
namespace {

inline double Magnitude(double x) { return std::abs(x); }
inline double Magnitude(const std::complex<double>& x) { return std::abs(x); }

// Elements in a type whose differences are exact enough.
template <class T>
auto Widen(const T& x) {
  if constexpr (std::is_same_v<T, std::complex<float>> || std::is_same_v<T, std::complex<double>>) {
    return std::complex<double>(x);
  } else if constexpr (std::is_same_v<T, double>) {
    return x;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<double>(x);
  } else {
    return static_cast<double>(static_cast<float>(x));
  }
}

template <class T>
bool Same(const T& a, const T& b) {
  if constexpr (std::is_integral_v<T>) {
    return a == b;
  } else {
    const auto x = Widen(a), y = Widen(b);
    if constexpr (std::is_same_v<decltype(x), const std::complex<double>>) {
      return Same(x.real(), y.real()) && Same(x.imag(), y.imag());
    } else {
      return x == y || (std::isnan(x) && std::isnan(y));
    }
  }
}

// Integers beyond 2^53 are apart when f64 cannot tell them so.
template <class T>
double Distance(const T& a, const T& b) {
  if constexpr (std::is_same_v<T, int32_t> || std::is_same_v<T, int64_t>) {
    const auto x = static_cast<uint64_t>(int64_t{a}), y = static_cast<uint64_t>(int64_t{b});
    return static_cast<double>(a > b ? x - y : y - x);
  } else {
    return Magnitude(Widen(a) - Widen(b));
  }
}

template <class T>
std::string ElementText(const T& x) {
  if constexpr (std::is_same_v<T, bool>) {
    return x ? "True" : "False";
  } else if constexpr (std::is_integral_v<T>) {
    return absl::StrCat(x);
  } else {
    const auto wide = Widen(x);
    if constexpr (std::is_same_v<decltype(wide), const std::complex<double>>) {
      return absl::StrFormat("%.9g%+.9gj", wide.real(), wide.imag());
    } else {
      return absl::StrFormat("%.9g", wide);
    }
  }
}

std::string IndexText(int64_t index, absl::Span<const int64_t> sizes) {
  std::vector<int64_t> position(sizes.size());
  for (size_t d = sizes.size(); d-- > 0;) {
    position[d] = index % sizes[d];
    index /= sizes[d];
  }
  return absl::StrCat("[", absl::StrJoin(position, ", "), "]");
}

template <class T>
void CompareElements(const Tensor& actual, const Tensor& expected, Tolerance tolerance,
                     Comparison* result) {
  const Tensor dense_a = actual.Contiguous(), dense_b = expected.Contiguous();
  const T* a = dense_a.data<T>();
  const T* b = dense_b.data<T>();
  int64_t worst = -1, largest_at = -1, relative_at = -1;
  double worst_excess = -1, worst_apart = 0, worst_allowed = 0;
  for (int64_t i = 0; i < result->elements; ++i) {
    if (Same(a[i], b[i])) continue;
    const double apart = Distance(a[i], b[i]);
    const double magnitude = Magnitude(Widen(b[i]));
    const double allowed = tolerance(i, magnitude);
    if (std::isfinite(apart) && apart > result->largest) {
      result->largest = apart;
      largest_at = i;
    }
    const double relative = apart / magnitude;
    if (std::isfinite(relative) && relative > result->largest_relative) {
      result->largest_relative = relative;
      relative_at = i;
    }
    // Where anything is allowed, so is NaN, which is apart by NaN.
    if (apart <= allowed || allowed == HUGE_VAL) continue;
    ++result->differing;
    // NaN against a number is apart by NaN: the worst there is.
    const double excess = std::isnan(apart) ? HUGE_VAL : apart / (allowed + 1e-300);
    if (excess <= worst_excess) continue;
    worst = i;
    worst_excess = excess;
    worst_apart = apart;
    worst_allowed = allowed;
  }
  if (worst < 0) return;
  result->allowed = worst_allowed;
  result->difference = absl::StrFormat(
      "%d of %d elements differ, the most at %s: %s, not %s (%.3g apart, %.3g allowed)",
      result->differing, result->elements, IndexText(worst, actual.sizes()), ElementText(a[worst]),
      ElementText(b[worst]), worst_apart, worst_allowed);
  // Neither need be where the tolerance is exceeded most.
  if (largest_at >= 0) {
    absl::StrAppendFormat(&result->difference, "; largest difference %.3g at %s", result->largest,
                          IndexText(largest_at, actual.sizes()));
  }
  if (relative_at >= 0) {
    absl::StrAppendFormat(&result->difference, ", largest relative one %.3g at %s",
                          result->largest_relative, IndexText(relative_at, actual.sizes()));
  }
}

}  // namespace

Comparison CompareTensors(const Tensor& actual, const Tensor& expected, Tolerance tolerance) {
  Comparison result;
  result.elements = actual.NumElements();
  if (actual.dtype() != expected.dtype() || actual.sizes() != expected.sizes()) {
    result.differing = result.elements;
    result.difference =
        absl::StrCat("it is ", ShortType(actual.type()), ", not ", ShortType(expected.type()));
    return result;
  }
  DispatchDType(actual.dtype(), [&]<class Tag>(Tag) {
    CompareElements<typename Tag::type>(actual, expected, tolerance, &result);
  });
  return result;
}

}  // namespace otium::cli
