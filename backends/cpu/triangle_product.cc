// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/triangle_product.h"

#include <algorithm>
#include <complex>

#include "backends/cpu/parallel.h"

namespace otium::cpu {
namespace {

constexpr int64_t kTile = 192;
// Blocks on the diagonal of which a half is not needed.
constexpr int64_t kDiagonalBlock = 64;

template <class T>
Operand<T> Columns(const Operand<T>& Y, int64_t begin, int64_t count) {
  return {Y.matrix.Block(0, begin, Y.matrix.rows, count), Y.conjugate};
}

// By halves, of which the diagonal ones go on.
template <class T>
void SubtractDiagonalTile(const Matrix<const T>& X, const Operand<T>& Y, const Matrix<T>& C) {
  const int64_t n = C.rows;
  if (n <= kDiagonalBlock) return SubtractProduct<T>(X, Y, C);
  const int64_t first = Half(n, kDiagonalBlock), rest = n - first;
  const auto upper = X.Block(0, 0, first, X.columns), lower = X.Block(first, 0, rest, X.columns);
  const Operand<T> left = Columns(Y, 0, first);
  SubtractDiagonalTile(upper, left, C.Block(0, 0, first, first));
  SubtractProduct<T>(lower, left, C.Block(first, 0, rest, first));
  SubtractDiagonalTile(lower, Columns(Y, first, rest), C.Block(first, first, rest, rest));
}

}  // namespace

template <class T>
void SubtractLowerProduct(const Matrix<const T>& X, const Operand<T>& Y, const Matrix<T>& C) {
  const int64_t n = C.rows, tiles = CeilDiv(n, kTile);
  ParallelFor(tiles * (tiles + 1) / 2, [&](int64_t task) {
    int64_t i = tiles - 1;  // The last row of tiles has the most.
    for (; task > i; --i) task -= i + 1;
    const int64_t row = i * kTile, column = task * kTile;
    const int64_t rows = std::min(kTile, n - row), columns = std::min(kTile, n - column);
    const auto left = X.Block(row, 0, rows, X.columns);
    const Operand<T> right = Columns(Y, column, columns);
    const Matrix<T> tile = C.Block(row, column, rows, columns);
    if (task == i) SubtractDiagonalTile(left, right, tile);
    else SubtractProduct<T>(left, right, tile);
  });
}

#define OTIUM_INSTANTIATE(T) \
  template void SubtractLowerProduct(const Matrix<const T>&, const Operand<T>&, const Matrix<T>&);
OTIUM_INSTANTIATE(float)
OTIUM_INSTANTIATE(double)
OTIUM_INSTANTIATE(std::complex<float>)
OTIUM_INSTANTIATE(std::complex<double>)
#undef OTIUM_INSTANTIATE

}  // namespace otium::cpu
