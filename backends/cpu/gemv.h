// SPDX-License-Identifier: Apache-2.0
//
// Products with vectors, on raw pointers and strides:
//
//     Gemv   y = alpha * op(A) op(x) + beta * y0
//     Dot    sum_i op(x_i) op(y_i)
//     Ger    C = alpha * op(x) op(y)^T + beta * C0
//
// with op the conjugate or nothing, by a flag. Row-major and column-major
// matrices, with any leading dimension, are read once and in the order in which
// they lie; any other strides work too. y0 may be y itself, another vector, or
// one element stretched by a zero stride; with beta 0 it is never read. Likewise
// C0. Types, strides, aliasing and the promise about bits are those of gemm.h.
//
// All three are bound by memory bandwidth as soon as the operands leave L2, and
// then use the threads only to get more of it.
//
// Tested by tests/cpu/gemv_test.cc; measured by tools/bench/gemm_bench.cc.

#ifndef OTIUM_BACKENDS_CPU_GEMV_H_
#define OTIUM_BACKENDS_CPU_GEMV_H_

#include <cstdint>

#include "backends/cpu/gemm.h"

namespace otium::cpu {

// Element i is data[i * stride].
template <class T>
struct VectorIn {
  const T* data = nullptr;
  int64_t stride = 0;
  bool conjugate = false;
};

template <class T>
struct VectorOut {
  T* data = nullptr;
  int64_t stride = 0;
};

template <class T>
struct GemvArgs {
  using Scalar = AccumulatorOf<T>;
  int64_t m = 0, n = 0;
  MatrixIn<T> a;   // m x n
  VectorIn<T> x;   // n
  VectorIn<T> y0;  // m; conjugate is ignored.
  VectorOut<T> y;  // m
  Scalar alpha = Scalar(1);
  Scalar beta = Scalar(0);
};

template <class T>
void Gemv(const GemvArgs<T>& args);

// 0 when n is 0. torch.dot has no conjugate, torch.vdot conjugates x. The sum is
// returned as it was added up, before it is rounded to a 16-bit type.
template <class T>
AccumulatorOf<T> Dot(int64_t n, const VectorIn<T>& x, const VectorIn<T>& y);

template <class T>
struct GerArgs {
  using Scalar = AccumulatorOf<T>;
  int64_t m = 0, n = 0;
  VectorIn<T> x;   // m
  VectorIn<T> y;   // n
  MatrixIn<T> c0;  // m x n; conjugate is ignored.
  MatrixOut<T> c;  // m x n
  Scalar alpha = Scalar(1);
  Scalar beta = Scalar(0);
};

template <class T>
void Ger(const GerArgs<T>& args);

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_GEMV_H_
