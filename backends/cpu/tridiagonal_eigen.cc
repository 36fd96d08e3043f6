// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/tridiagonal_eigen.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "backends/cpu/dense_block.h"
#include "backends/cpu/lapack.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/secular_kernel.h"

namespace otium::cpu {
namespace {

// Rows of a part that is not halved; 16 is as fast, 32 took 1.1 to 1.5 times as long. In
// larger ones twice as many numbers have room for whole vectors and one more, which is what
// a slice of the arrays has.
constexpr int64_t kLeaf = 24;
// Rows of the new vectors that are made at once.
constexpr int64_t kMostChunk = 128;
// Terms of sums over the poles, or numbers to copy, that are worth a task.
constexpr int64_t kTaskTerms = 1 << 15;

// Where a row, before the product, is not zero: in the columns of the first half, in those
// of the second, in both. The values are bits.
enum Span : int32_t { kFirst = 1, kSecond = 2, kBoth = 3 };

// Halves [0, cut) and [cut, size) of a part that begins at `begin`.
template <class T>
struct Join {
  Join(const TridiagonalEigenArrays<T>& all, int64_t begin, int64_t part_size, const Matrix<T>& A,
       T* part_values)
      : size(part_size), cut(part_size / 2), Z(A), values(part_values), arrays(all) {
    arrays.spare += begin * A.row_stride;
    arrays.factors += arrays.chunk * 2 * begin;
    for (T** array : {&arrays.poles, &arrays.z, &arrays.weights, &arrays.offset, &arrays.work}) {
      *array += 2 * begin;
    }
    for (int32_t** array :
         {&arrays.order, &arrays.span, &arrays.kept, &arrays.group, &arrays.origin}) {
      *array += 2 * begin;
    }
  }

  int64_t size, cut;
  Matrix<T> Z;
  T* values;
  TridiagonalEigenArrays<T> arrays;  // From the slice of this part on.
};

// Both halves of a row are set from now on.
template <class T>
void Widen(const Join<T>& join, int64_t row) {
  int32_t& span = join.arrays.span[row];
  if (span == kFirst) std::fill_n(&join.Z(row, join.cut), join.size - join.cut, T(0));
  if (span == kSecond) std::fill_n(&join.Z(row, 0), join.cut, T(0));
  span = kBoth;
}

// Rows a and b of the vectors become c a + s b and c b - s a.
template <class T>
void Rotate(const Join<T>& join, int64_t a, int64_t b, T c, T s) {
  if (join.arrays.span[a] != join.arrays.span[b]) {
    Widen(join, a);
    Widen(join, b);
  }
  const int32_t span = join.arrays.span[a];
  T *const x = &join.Z(a, 0), *const y = &join.Z(b, 0);
  const int64_t end = span == kFirst ? join.cut : join.size;
  for (int64_t i = span == kSecond ? join.cut : 0; i < end; ++i) {
    const T xi = x[i], yi = y[i];
    x[i] = c * xi + s * yi;
    y[i] = c * yi - s * xi;
  }
}

// The rows by ascending values.
template <class T>
void SortRows(const T* values, int64_t n, int32_t* order) {
  for (int64_t i = 0; i < n; ++i) order[i] = static_cast<int32_t>(i);
  std::sort(order, order + n, [values](int32_t i, int32_t j) {
    return values[i] != values[j] ? values[i] < values[j] : i < j;
  });
}

// Which rows take part: `kept`, by ascending values, the others follow. Gives how many.
// Others have a z that is next to nothing; or one that becomes so when the vectors of two
// values that are next to equal are rotated.
template <class T>
int64_t Deflate(const Join<T>& join, T rho) {
  const TridiagonalEigenArrays<T>& a = join.arrays;
  T* const d = join.values;
  T largest = 0, largest_z = 0;
  for (int64_t i = 0; i < join.size; ++i) {
    largest = std::max(largest, std::abs(d[i]));
    largest_z = std::max(largest_z, std::abs(a.z[i]));
  }
  SortRows(d, join.size, a.order);
  const T tolerance = 8 * std::numeric_limits<T>::epsilon() * std::max(largest, largest_z);
  int64_t kept = 0, left = join.size;
  int32_t before = -1;  // Takes part unless the next one is next to equal.
  for (int64_t i = 0; i < join.size; ++i) {
    const int32_t row = a.order[i];
    if (rho * std::abs(a.z[row]) <= tolerance) {
      a.kept[--left] = row;
      continue;
    }
    if (before >= 0) {
      const T norm = std::hypot(a.z[row], a.z[before]);
      const T c = a.z[row] / norm, s = -a.z[before] / norm;
      if (std::abs((d[row] - d[before]) * c * s) <= tolerance) {
        a.z[row] = norm;
        Rotate(join, before, row, c, s);
        const T low = d[before], high = d[row];
        d[before] = low * c * c + high * s * s;
        d[row] = low * s * s + high * c * c;
        a.kept[--left] = before;
      } else {
        a.kept[kept++] = before;
      }
    }
    before = row;
  }
  if (before >= 0) a.kept[kept++] = before;
  return kept;
}

// The rows that take part, by span: how many there are of each.
struct Groups {
  int64_t first = 0, both = 0, second = 0;
};

// Copies the rows out of Z: first halves, then second ones, then those that take no part.
template <class T>
struct Spare {
  Spare(const Join<T>& join, const Groups& groups) {
    const int64_t tops = groups.first + groups.both, bottoms = groups.both + groups.second;
    const int64_t rest = join.size - join.cut;
    top = RowMajor(join.arrays.spare, tops, join.cut);
    bottom = RowMajor(top.data + tops * join.cut, bottoms, rest);
    others = RowMajor(bottom.data + bottoms * rest, join.size - tops - groups.second, join.size);
  }
  Matrix<T> top, bottom, others;
};

template <class T>
Groups Group(const Join<T>& join, int64_t kept) {
  const TridiagonalEigenArrays<T>& a = join.arrays;
  Groups groups;
  for (int64_t i = 0; i < kept; ++i) {
    const int32_t span = a.span[a.kept[i]];
    ++(span == kFirst ? groups.first : span == kBoth ? groups.both : groups.second);
  }
  int64_t first = 0, both = groups.first, second = groups.first + groups.both;
  for (int64_t i = 0; i < kept; ++i) {
    const int32_t span = a.span[a.kept[i]];
    int64_t& at = span == kFirst ? first : span == kBoth ? both : second;
    a.group[at++] = static_cast<int32_t>(i);
  }
  return groups;
}

int64_t GrainOf(int64_t terms) { return CeilDiv(kTaskTerms, terms); }

template <class T>
void CopyOut(const Join<T>& join, int64_t kept, const Groups& groups, const Spare<T>& spare) {
  const TridiagonalEigenArrays<T>& a = join.arrays;
  ParallelForRanges(join.size, GrainOf(join.size), [&](int64_t begin, int64_t end) {
    for (int64_t g = begin; g < std::min(end, kept); ++g) {
      const int64_t row = a.kept[a.group[g]];
      if (g < spare.top.rows) std::copy_n(&join.Z(row, 0), join.cut, &spare.top(g, 0));
      if (g < groups.first) continue;
      std::copy_n(&join.Z(row, join.cut), join.size - join.cut, &spare.bottom(g - groups.first, 0));
    }
    for (int64_t i = std::max(begin, kept); i < end; ++i) {
      const int64_t row = a.kept[i];
      Widen(join, row);
      std::copy_n(&join.Z(row, 0), join.size, &spare.others(i - kept, 0));
    }
  });
}

// The rows of Z of the roots, from what was copied out of it.
template <class T>
void Replace(const Join<T>& join, int64_t kept, const Groups& groups, const Spare<T>& spare,
             const SecularRoots<T>& roots) {
  const TridiagonalEigenArrays<T>& a = join.arrays;
  const SecularKernels<T>& secular = BestSecularKernels<T>();
  // The poles of the roots are still wanted in their order, the weights are not.
  T *const poles = a.z, *const weights = a.work;
  const int64_t padded = RoundUp(kept, kSecularPad);
  for (int64_t g = 0; g < padded; ++g) {
    poles[g] = g < kept ? a.poles[a.group[g]] : std::numeric_limits<T>::infinity();
    weights[g] = g < kept ? a.weights[a.group[g]] : T(0);
  }
  for (int64_t begin = 0; begin < kept; begin += a.chunk) {
    const int64_t rows = std::min(a.chunk, kept - begin);
    const Matrix<T> S{a.factors, rows, kept, padded, 1};
    ParallelForRanges(rows, GrainOf(kept), [&](int64_t from, int64_t to) {
      for (int64_t i = from; i < to; ++i) {
        const int64_t root = begin + i;
        secular.vector(kept, poles, weights, a.poles[roots.origin[root]], roots.offset[root],
                       &S(i, 0));
      }
    });
    Multiply<T>(T(1), S.Block(0, 0, rows, spare.top.rows), spare.top, T(0),
                join.Z.Block(begin, 0, rows, join.cut));
    Multiply<T>(T(1), S.Block(0, groups.first, rows, spare.bottom.rows), spare.bottom, T(0),
                join.Z.Block(begin, join.cut, rows, join.size - join.cut));
  }
}

// The vectors of the part from those of its halves, which were cut at `beside`.
template <class T>
void JoinHalves(const Join<T>& join, T beside) {
  const TridiagonalEigenArrays<T>& a = join.arrays;
  // diag(values) + rho z z.T, |z| = 1.
  const T rho = 2 * std::abs(beside), half = std::sqrt(T(0.5));
  for (int64_t i = 0; i < join.size; ++i) {
    const bool first = i < join.cut;
    a.span[i] = first ? kFirst : kSecond;
    a.z[i] =
        first ? half * join.Z(i, join.cut - 1) : std::copysign(half, beside) * join.Z(i, join.cut);
  }
  const int64_t kept = Deflate(join, rho);
  for (int64_t i = 0; i < kept; ++i) {
    a.poles[i] = join.values[a.kept[i]];
    a.work[i] = a.z[a.kept[i]];
  }
  for (int64_t i = kept; i < RoundUp(kept, kSecularPad); ++i) {
    a.poles[i] = std::numeric_limits<T>::infinity();
    a.work[i] = T(0);
  }
  const Groups groups = Group(join, kept);
  const Spare<T> spare(join, groups);
  CopyOut(join, kept, groups, spare);

  const SecularKernels<T>& secular = BestSecularKernels<T>();
  const SecularRoots<T> roots{a.origin, a.offset};
  if (kept > 0) {
    // Each takes some steps.
    ParallelForRanges(kept, GrainOf(8 * kept), [&](int64_t begin, int64_t end) {
      secular.roots(begin, end, kept, a.poles, a.work, rho, roots);
    });
    ParallelForRanges(RoundUp(kept, kSecularPad), RoundUp(GrainOf(kept), kSecularPad),
                      [&](int64_t begin, int64_t end) {
                        secular.weights(begin, end, kept, a.poles, roots, a.weights);
                      });
    for (int64_t i = 0; i < kept; ++i) a.weights[i] = std::copysign(a.weights[i], a.work[i]);
    Replace(join, kept, groups, spare, roots);
  }
  // Values are moved as their rows are.
  for (int64_t i = kept; i < join.size; ++i) a.work[i] = join.values[a.kept[i]];
  for (int64_t i = 0; i < kept; ++i) a.work[i] = a.poles[a.origin[i]] + a.offset[i];
  std::copy_n(a.work, join.size, join.values);
  ParallelForRanges(join.size - kept, GrainOf(join.size), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      std::copy_n(&spare.others(i, 0), join.size, &join.Z(kept + i, 0));
    }
  });
}

template <class T>
int64_t SolveLeaf(T* diagonal, T* beside, T* work, const Matrix<T>& Z) {
  const auto n = static_cast<lapack_int>(Z.rows), ld = static_cast<lapack_int>(Z.row_stride);
  const char identity = 'I';
  lapack_int code = 0;
  OTIUM_LAPACK_REAL(T, steqr, &identity, &n, diagonal, beside, Z.data, &ld, work, &code);
  return code;
}

template <class T>
int64_t Solve(T* diagonal, T* beside, const TridiagonalEigenArrays<T>& arrays, int64_t begin,
              const Matrix<T>& Z) {
  const int64_t size = Z.rows;
  if (size <= kLeaf) return SolveLeaf(diagonal, beside, arrays.work + 2 * begin, Z);
  const Join<T> join(arrays, begin, size, Z, diagonal);
  const int64_t cut = join.cut;
  const T between = beside[cut - 1];
  diagonal[cut - 1] -= std::abs(between);
  diagonal[cut] -= std::abs(between);
  int64_t codes[2];
  ParallelFor(2, [&](int64_t half) {
    const int64_t from = half == 0 ? 0 : cut, rows = half == 0 ? cut : size - cut;
    codes[half] = Solve(diagonal + from, beside + from, arrays, begin + from,
                        Z.Block(from, from, rows, rows));
  });
  if (codes[0] != 0 || codes[1] != 0) return codes[0] + codes[1];
  JoinHalves(join, between);
  return 0;
}

}  // namespace

template <class T>
TridiagonalEigenArrays<T>::TridiagonalEigenArrays(Workspace& memory, int64_t n)
    : chunk(std::min(kMostChunk, n)),
      spare(memory.Take<T>(n * n)),
      factors(memory.Take<T>(chunk * 2 * n)),
      poles(memory.Take<T>(2 * n)),
      z(memory.Take<T>(2 * n)),
      weights(memory.Take<T>(2 * n)),
      offset(memory.Take<T>(2 * n)),
      work(memory.Take<T>(2 * n)),
      order(memory.Take<int32_t>(2 * n)),
      span(memory.Take<int32_t>(2 * n)),
      kept(memory.Take<int32_t>(2 * n)),
      group(memory.Take<int32_t>(2 * n)),
      origin(memory.Take<int32_t>(2 * n)) {}

template <class T>
int64_t TridiagonalEigen(T* diagonal, T* beside, const TridiagonalEigenArrays<T>& arrays,
                         const Matrix<T>& Z, int32_t* order) {
  const int64_t n = Z.rows;
  T largest = 0;
  for (int64_t i = 0; i < n; ++i) largest = std::max(largest, std::abs(diagonal[i]));
  for (int64_t i = 0; i + 1 < n; ++i) largest = std::max(largest, std::abs(beside[i]));
  // A power of 2 brings it to about 1, so that squares stay in the range.
  const int exponent = largest == T(0) ? 0 : std::ilogb(largest);
  for (int64_t i = 0; i < n; ++i) diagonal[i] = std::scalbn(diagonal[i], -exponent);
  for (int64_t i = 0; i + 1 < n; ++i) beside[i] = std::scalbn(beside[i], -exponent);
  const int64_t code = Solve(diagonal, beside, arrays, 0, Z);
  SortRows(diagonal, n, order);
  for (int64_t i = 0; i < n; ++i) diagonal[i] = std::scalbn(diagonal[i], exponent);
  return code;
}

#define OTIUM_INSTANTIATE(T)                                                                    \
  template struct TridiagonalEigenArrays<T>;                                                    \
  template int64_t TridiagonalEigen(T*, T*, const TridiagonalEigenArrays<T>&, const Matrix<T>&, \
                                    int32_t*);
OTIUM_INSTANTIATE(float)
OTIUM_INSTANTIATE(double)
#undef OTIUM_INSTANTIATE

}  // namespace otium::cpu
