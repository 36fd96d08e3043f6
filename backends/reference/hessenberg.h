// SPDX-License-Identifier: Apache-2.0
//
// Eigenvalues of general matrices: to Hessenberg form by reflectors, to Schur's
// triangular form by QR steps with Wilkinson's shift, vectors by back substitution. See
// G. H. Golub, C. F. Van Loan, "Matrix Computations", sections 7.4 to 7.6.

#ifndef OTIUM_BACKENDS_REFERENCE_HESSENBERG_H_
#define OTIUM_BACKENDS_REFERENCE_HESSENBERG_H_

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>

#include "backends/reference/matrix.h"
#include "backends/reference/qr.h"

namespace otium::reference {

using ComplexMatrix = Matrix<std::complex<double>>;

// A = Z T Z^H with upper T.
struct Schur {
  ComplexMatrix T, Z;
  int64_t code = 0;  // How many eigenvalues are not found.
};

// T of Hessenberg form.
inline Schur ToHessenberg(ComplexMatrix a) {
  const int64_t n = a.rows();
  ComplexMatrix Z = ComplexMatrix::Identity(n);
  for (int64_t k = 0; k + 2 < n; ++k) {
    // The reflector of what is below the diagonal in column k.
    ComplexMatrix x(n, k + 2);
    for (int64_t i = k + 1; i < n; ++i) x(i, k + 1) = a(i, k);
    const std::complex<double> tau = MakeReflector(&x, k + 1);
    ApplyReflector(x, k + 1, std::conj(tau), &a);
    for (ComplexMatrix* m : {&a, &Z}) {  // m = m H = (H^H m^H)^H
      *m = Adjoint(*m);
      ApplyReflector(x, k + 1, std::conj(tau), m);
      *m = Adjoint(*m);
    }
    for (int64_t i = k + 2; i < n; ++i) a(i, k) = 0;
  }
  return {std::move(a), std::move(Z)};
}

// The eigenvalue of the 2 x 2 block that ends in (last, last) which is nearer to that.
inline std::complex<double> WilkinsonShift(const ComplexMatrix& T, int64_t last) {
  const std::complex<double> a = T(last - 1, last - 1), b = T(last - 1, last),
                             c = T(last, last - 1), d = T(last, last);
  const std::complex<double> half = (a - d) / 2.0, root = std::sqrt(half * half + b * c);
  const std::complex<double> sum = half + root, difference = half - root;
  const std::complex<double> larger = std::abs(sum) > std::abs(difference) ? sum : difference;
  return larger == 0.0 ? d : d - b * c / larger;
}

// One QR step on rows and columns [first, last]: T - shift = Q R becomes R Q + shift.
inline void QrStep(Schur* s, int64_t first, int64_t last, std::complex<double> shift) {
  ComplexMatrix& T = s->T;
  const int64_t n = T.rows();
  std::vector<std::complex<double>> c(n), r(n);  // Rotations [c, -conj(r); r, conj(c)].
  for (int64_t i = first; i <= last; ++i) T(i, i) -= shift;
  for (int64_t k = first; k < last; ++k) {
    const double norm = std::hypot(std::abs(T(k, k)), std::abs(T(k + 1, k)));
    c[k] = norm == 0 ? 1 : T(k, k) / norm;
    r[k] = norm == 0 ? 0 : T(k + 1, k) / norm;
    for (int64_t j = k; j < n; ++j) {
      const std::complex<double> x = T(k, j), y = T(k + 1, j);
      T(k, j) = std::conj(c[k]) * x + std::conj(r[k]) * y;
      T(k + 1, j) = c[k] * y - r[k] * x;
    }
    T(k + 1, k) = 0;
  }
  auto rotate = [&](ComplexMatrix* m, int64_t rows, int64_t k) {
    for (int64_t i = 0; i < rows; ++i) {
      const std::complex<double> x = (*m)(i, k), y = (*m)(i, k + 1);
      (*m)(i, k) = x * c[k] + y * r[k];
      (*m)(i, k + 1) = y * std::conj(c[k]) - x * std::conj(r[k]);
    }
  };
  for (int64_t k = first; k < last; ++k) {
    rotate(&T, k + 2, k);
    rotate(&s->Z, n, k);
  }
  for (int64_t i = first; i <= last; ++i) T(i, i) += shift;
}

// Of a finite a with elements about 1.
inline Schur SchurOf(ComplexMatrix a) {
  constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
  constexpr int kMostSteps = 100;  // For one eigenvalue; three are usual.
  Schur s = ToHessenberg(std::move(a));
  ComplexMatrix& T = s.T;
  int steps = 0;
  for (int64_t last = T.rows() - 1; last > 0;) {
    int64_t first = last;
    for (; first > 0; --first) {
      const double beside = std::abs(T(first, first)) + std::abs(T(first - 1, first - 1));
      if (std::abs(T(first, first - 1)) <= kEpsilon * (beside + kEpsilon)) break;
    }
    if (first > 0) T(first, first - 1) = 0;
    if (first == last) {
      --last;
      steps = 0;
      continue;
    }
    if (++steps > kMostSteps) {
      s.code = last + 1;
      return s;
    }
    // Another shift now and then, for matrices that the usual one leaves as they are.
    const bool usual = steps % 10 != 0;
    QrStep(&s, first, last,
           usual ? WilkinsonShift(T, last) : T(last, last) + std::abs(T(last, last - 1)));
  }
  return s;
}

// The eigenvector of T(k, k), of norm 1.
inline ComplexMatrix EigenvectorOf(const Schur& s, int64_t k) {
  constexpr double kSmallest = std::numeric_limits<double>::epsilon() / 2;
  const int64_t n = s.T.rows();
  ComplexMatrix x(n, 1);
  x(k, 0) = 1;
  for (int64_t i = k; i-- > 0;) {
    std::complex<double> sum = 0;
    for (int64_t j = i + 1; j <= k; ++j) sum -= s.T(i, j) * x(j, 0);
    std::complex<double> difference = s.T(i, i) - s.T(k, k);
    if (std::abs(difference) < kSmallest) difference = kSmallest;  // A double eigenvalue.
    x(i, 0) = ComplexQuotient(sum, difference);
    const double size = std::abs(x(i, 0));
    if (size < 1e100) continue;
    for (int64_t j = i; j <= k; ++j) x(j, 0) /= size;
  }
  x = Product(s.Z, x);
  const double norm = ColumnNorm(x, 0);
  for (int64_t i = 0; i < n; ++i) x(i, 0) /= norm;
  return x;
}

}  // namespace otium::reference

#endif  // OTIUM_BACKENDS_REFERENCE_HESSENBERG_H_
