// SPDX-License-Identifier: Apache-2.0
//
// Spectra by Jacobi's rotations: slow, and as exact as can be. What is not finite gives
// NaN everywhere.

#ifndef OTIUM_BACKENDS_REFERENCE_JACOBI_H_
#define OTIUM_BACKENDS_REFERENCE_JACOBI_H_

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "backends/reference/matrix.h"

namespace otium::reference {

// More than any matrix was ever seen to need.
inline constexpr int kMostSweeps = 60;

// The unitary matrix of two columns that makes [[a, c], [conj(c), b]] diagonal.
template <class W>
struct Rotation {
  Rotation(double a, double b, W c) : phase(c / std::abs(c)) {
    const double zeta = (b - a) / (2 * std::abs(c));
    const double t = (zeta < 0 ? -1 : 1) / (std::abs(zeta) + std::hypot(1, zeta));
    cosine = 1 / std::hypot(1, t);
    sine = cosine * t;
  }
  // x and y are elements of columns p and q.
  void OfColumns(W& x, W& y) const {
    const W turned = Multiply(y, Conj(phase)), p = cosine * x - sine * turned;
    y = sine * x + cosine * turned;
    x = p;
  }
  // The adjoint, of rows.
  void OfRows(W& x, W& y) const {
    const W turned = Multiply(y, phase), p = cosine * x - sine * turned;
    y = sine * x + cosine * turned;
    x = p;
  }
  W phase;
  double cosine, sine;
};

template <class W>
double LargestMagnitude(const Matrix<W>& a) {
  double largest = 0;
  for (int64_t i = 0; i < a.rows(); ++i) {
    for (int64_t j = 0; j < a.columns(); ++j) {
      const double size = std::abs(a(i, j));
      if (!(size <= largest)) largest = size;
      if (!std::isfinite(size)) return size;
    }
  }
  return largest;
}

// Column j of `a` becomes column order[j].
template <class W>
Matrix<W> Reordered(const Matrix<W>& a, const std::vector<int64_t>& order) {
  Matrix<W> r(a.rows(), a.columns());
  for (int64_t i = 0; i < a.rows(); ++i) {
    for (int64_t j = 0; j < a.columns(); ++j) r(i, j) = a(i, order[j]);
  }
  return r;
}

// A = vectors @ diag(values) @ vectors.H, ascending.
template <class W>
struct HermitianSpectrum {
  std::vector<double> values;
  Matrix<W> vectors;
};

// Of a hermitian matrix of which the lower triangle is read.
template <class W>
HermitianSpectrum<W> HermitianByJacobi(const Matrix<W>& lower) {
  const int64_t n = lower.rows();
  Matrix<W> a(n, n);
  for (int64_t i = 0; i < n; ++i) {
    a(i, i) = std::real(lower(i, i));
    for (int64_t j = 0; j < i; ++j) a(j, i) = Conj(a(i, j) = lower(i, j));
  }
  const double scale = LargestMagnitude(a);
  HermitianSpectrum<W> s{std::vector<double>(n, 0), Matrix<W>::Identity(n)};
  if (!std::isfinite(scale)) {
    s.values.assign(n, NAN);
    s.vectors.Fill(kNan<W>);
    return s;
  }
  if (scale == 0) return s;
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) a(i, j) /= scale;
  }
  bool rotated = true;
  for (int sweep = 0; sweep < kMostSweeps && rotated; ++sweep) {
    rotated = false;
    for (int64_t p = 0; p < n; ++p) {
      for (int64_t q = p + 1; q < n; ++q) {
        if (std::abs(a(p, q)) <= 1e-18) continue;
        rotated = true;
        const Rotation<W> r(std::real(a(p, p)), std::real(a(q, q)), a(p, q));
        for (int64_t i = 0; i < n; ++i) r.OfColumns(a(i, p), a(i, q));
        for (int64_t i = 0; i < n; ++i) r.OfRows(a(p, i), a(q, i));
        for (int64_t i = 0; i < n; ++i) r.OfColumns(s.vectors(i, p), s.vectors(i, q));
        a(p, q) = a(q, p) = 0;
      }
    }
  }
  std::vector<int64_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t i, int64_t j) { return std::real(a(i, i)) < std::real(a(j, j)); });
  for (int64_t j = 0; j < n; ++j) s.values[j] = scale * std::real(a(order[j], order[j]));
  s.vectors = Reordered(s.vectors, order);
  return s;
}

// A = US @ V.H of [m, n] with the smaller number of columns k: column j of US has the
// length S[j], descending.
template <class W>
struct SingularSpectrum {
  std::vector<double> S;
  Matrix<W> US, V;
};

// One-sided: columns of A are rotated until they are orthogonal.
template <class W>
SingularSpectrum<W> SingularByJacobi(Matrix<W> a) {
  if (a.rows() < a.columns()) {
    // A.H = US @ V.H is A = V @ US.H: lengths change sides.
    SingularSpectrum<W> s = SingularByJacobi(Adjoint(a));
    for (int64_t j = 0; j < s.US.columns(); ++j) {
      for (int64_t i = 0; i < s.V.rows(); ++i) s.V(i, j) *= s.S[j];
      for (int64_t i = 0; i < s.US.rows(); ++i) s.US(i, j) /= s.S[j] == 0 ? 1 : s.S[j];
    }
    std::swap(s.US, s.V);
    return s;
  }
  const int64_t m = a.rows(), n = a.columns();
  SingularSpectrum<W> s{std::vector<double>(n, 0), a, Matrix<W>::Identity(n)};
  const double scale = LargestMagnitude(a);
  if (!std::isfinite(scale)) {
    s.S.assign(n, NAN);
    s.US.Fill(kNan<W>);
    s.V.Fill(kNan<W>);
    return s;
  }
  if (scale == 0) return s;
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) a(i, j) /= scale;
  }
  auto inner = [&](int64_t p, int64_t q) {
    W sum(0);
    for (int64_t i = 0; i < m; ++i) sum += Multiply(Conj(a(i, p)), a(i, q));
    return sum;
  };
  bool rotated = true;
  for (int sweep = 0; sweep < kMostSweeps && rotated; ++sweep) {
    rotated = false;
    for (int64_t p = 0; p < n; ++p) {
      for (int64_t q = p + 1; q < n; ++q) {
        const double x = std::real(inner(p, p)), y = std::real(inner(q, q));
        const W c = inner(p, q);
        if (std::abs(c) <= 1e-16 * std::sqrt(x) * std::sqrt(y) || std::abs(c) < 1e-300) continue;
        rotated = true;
        const Rotation<W> r(x, y, c);
        for (int64_t i = 0; i < m; ++i) r.OfColumns(a(i, p), a(i, q));
        for (int64_t i = 0; i < n; ++i) r.OfColumns(s.V(i, p), s.V(i, q));
      }
    }
  }
  for (int64_t j = 0; j < n; ++j) s.S[j] = std::sqrt(std::real(inner(j, j)));
  std::vector<int64_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t i, int64_t j) { return s.S[i] > s.S[j]; });
  std::sort(s.S.begin(), s.S.end(), std::greater<>());
  for (double& value : s.S) value *= scale;
  s.V = Reordered(s.V, order);
  s.US = Reordered(a, order);
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) s.US(i, j) *= scale;
  }
  return s;
}

}  // namespace otium::reference

#endif  // OTIUM_BACKENDS_REFERENCE_JACOBI_H_
