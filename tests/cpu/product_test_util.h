// SPDX-License-Identifier: Apache-2.0
//
// What the tests of matrix and vector products share: random matrices in
// buffers with arbitrary strides and guard elements around, and the error bound
// of a sum of products,
//
//     |computed - exact| <= (n + 4) * eps * sum |a_i| |b_i|
//
// from Higham, "Accuracy and Stability of Numerical Algorithms", section 3.1,
// which holds for every order of summation; complex products err by at most
// 2 sqrt(2) times as much. Integer results must be equal.

#ifndef OTIUM_TESTS_CPU_PRODUCT_TEST_UTIL_H_
#define OTIUM_TESTS_CPU_PRODUCT_TEST_UTIL_H_

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#include "backends/cpu/gemm.h"
#include "backends/cpu/scalar.h"

namespace otium::cpu {

// What the obvious loops add up in.
template <class T>
using Exact = std::conditional_t<kIsComplex<T>, std::complex<long double>,
                                 std::conditional_t<std::is_integral_v<T>, T, long double>>;

template <class T>
Exact<T> ToExact(T x) {
  if constexpr (kIsComplex<T>) {
    return {x.real(), x.imag()};
  } else if constexpr (std::is_integral_v<T>) {
    return x;
  } else {
    return static_cast<long double>(static_cast<AccumulatorOf<T>>(x));
  }
}

template <class T>
long double Magnitude(const Exact<T>& x) {
  if constexpr (std::is_integral_v<T>) {
    return 0;
  } else if constexpr (kIsComplex<T>) {
    return std::sqrt(x.real() * x.real() + x.imag() * x.imag());  // abs() takes 10 times as long.
  } else {
    return std::abs(x);
  }
}

// Machine epsilon of the type that sums are kept in, and of the stored result.
template <class T>
double SumEpsilon() {
  if constexpr (kIsComplex<T>) {
    return 3 * std::numeric_limits<typename T::value_type>::epsilon();
  } else if constexpr (std::is_integral_v<T>) {
    return 0;
  } else {
    return std::numeric_limits<AccumulatorOf<T>>::epsilon();
  }
}
template <class T>
double StoreEpsilon() {
  if constexpr (std::is_same_v<T, Float16>) return 0x1p-10;
  if constexpr (std::is_same_v<T, BFloat16>) return 0x1p-7;
  return SumEpsilon<T>();
}

class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}

  int64_t Int(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(engine_);
  }
  bool Coin() { return Int(0, 1) == 1; }

  template <class T>
  T Value() {
    if constexpr (kIsComplex<T>) {
      using R = typename T::value_type;
      return T(Value<R>(), Value<R>());
    } else if constexpr (std::is_integral_v<T>) {
      // Products overflow, which must wrap.
      return static_cast<T>(engine_() * 0x9e3779b97f4a7c15u);
    } else {
      return T(static_cast<float>(Int(-1000, 1000)) / 1000);
    }
  }

  // 0, 1 or anything, as alpha and beta should be tried.
  template <class T>
  T Factor() {
    const int64_t kind = Int(0, 2);
    return kind == 2 ? Value<T>() : T(static_cast<T>(kind));
  }

 private:
  std::mt19937_64 engine_;
};

template <class T>
bool SameBits(T a, T b) {
  return std::equal(reinterpret_cast<const char*>(&a),
                    reinterpret_cast<const char*>(&a) + sizeof(T),
                    reinterpret_cast<const char*>(&b));
}

// A batch of matrices inside a larger buffer of random elements. Which of the
// strides is unit, the gaps, and whether an operand is stretched (stride zero)
// are random; a matrix that is written has distinct elements.
template <class T>
class Matrices {
 public:
  enum class Use { kRead, kWrite };

  Matrices(Random& random, int64_t batch, int64_t rows, int64_t columns, Use use)
      : batch_(batch), rows_(rows), columns_(columns) {
    const int64_t unit = random.Int(0, 3) == 0 ? random.Int(2, 3) : 1;
    const int64_t gap = random.Coin() ? random.Int(0, 5) : 0;
    if (random.Coin()) {
      col_ = unit;
      row_ = std::max<int64_t>(columns, 1) * unit + gap;
      batch_stride_ = row_ * std::max<int64_t>(rows, 1) + gap;
    } else {
      row_ = unit;
      col_ = std::max<int64_t>(rows, 1) * unit + gap;
      batch_stride_ = col_ * std::max<int64_t>(columns, 1) + gap;
    }
    offset_ = random.Int(0, 7);
    data_.resize(offset_ + batch_stride_ * batch + 8);
    for (T& x : data_) x = random.Value<T>();
    if (use == Use::kRead) {
      if (random.Int(0, 3) == 0) batch_stride_ = 0;
      if (random.Int(0, 5) == 0) row_ = 0;
      if (random.Int(0, 5) == 0) col_ = 0;
    }
  }

  int64_t Offset(int64_t b, int64_t i, int64_t j) const {
    return offset_ + b * batch_stride_ + i * row_ + j * col_;
  }
  T At(int64_t b, int64_t i, int64_t j) const { return data_[Offset(b, i, j)]; }
  int64_t row() const { return row_; }
  int64_t col() const { return col_; }
  int64_t batch_stride() const { return batch_stride_; }
  T* data() { return data_.data() + offset_; }
  MatrixIn<T> in(bool conjugate) { return {data(), row_, col_, conjugate}; }
  MatrixOut<T> out() { return {data(), row_, col_}; }
  const std::vector<T>& buffer() const { return data_; }

  void FillAll(T value) { std::fill(data_.begin(), data_.end(), value); }

  // Elements of the buffer that belong to no matrix and differ from `before`.
  int64_t ChangedOutside(const std::vector<T>& before) const {
    std::vector<bool> inside(data_.size());
    for (int64_t b = 0; b < batch_; ++b) {
      for (int64_t i = 0; i < rows_; ++i) {
        for (int64_t j = 0; j < columns_; ++j) inside[Offset(b, i, j)] = true;
      }
    }
    int64_t changed = 0;
    for (size_t at = 0; at < data_.size(); ++at) {
      if (!inside[at] && !SameBits(data_[at], before[at])) ++changed;
    }
    return changed;
  }

 private:
  int64_t batch_, rows_, columns_;
  int64_t row_, col_, batch_stride_, offset_;
  std::vector<T> data_;
};

// Whether `computed` is alpha * sum + beta * c0 within the bound; `magnitude` is
// the sum of the terms' absolute values.
template <class T, class S = AccumulatorOf<T>>
bool IsClose(T computed, S alpha, Exact<T> sum, long double magnitude, S beta, Exact<T> c0,
             int64_t terms) {
  Exact<T> exact = Multiply(ToExact(alpha), sum);
  if (beta != S(0)) exact = Add(exact, Multiply(ToExact(beta), c0));
  if constexpr (std::is_integral_v<T>) {
    return computed == exact;
  } else {
    long double bound = Magnitude<S>(ToExact(alpha)) * magnitude;
    if (beta != S(0)) bound += Magnitude<S>(ToExact(beta)) * Magnitude<T>(c0);
    bound = static_cast<long double>(terms + 4) * SumEpsilon<T>() * bound +
            StoreEpsilon<T>() * Magnitude<T>(exact);
    // Below binary16's normal numbers, rounding is absolute.
    if (std::is_same_v<T, Float16>) bound += 0x1p-24L;
    return Magnitude<T>(ToExact(computed) - exact) <= bound;
  }
}

}  // namespace otium::cpu

#endif  // OTIUM_TESTS_CPU_PRODUCT_TEST_UTIL_H_
