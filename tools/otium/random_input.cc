// SPDX-License-Identifier: Apache-2.0
#include "tools/otium/random_input.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numeric>
#include <vector>

#include "backends/philox.h"
#include "engine/base/hash.h"
#include "engine/base/status.h"

namespace otium::cli {
namespace {

template <class T>
constexpr bool kIsComplex =
    std::is_same_v<T, std::complex<float>> || std::is_same_v<T, std::complex<double>>;

// What elements are made in before they are rounded to their dtype.
template <class T>
using Wide = std::conditional_t<kIsComplex<T>, std::complex<double>, double>;

template <class T>
T Narrow(Wide<T> value) {
  if constexpr (kIsComplex<T>) {
    return T(value);
  } else if constexpr (std::is_same_v<T, bool>) {
    return value >= 0;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(std::llround(value));
  } else if constexpr (std::is_same_v<T, double>) {
    return value;
  } else {
    return T(static_cast<float>(value));
  }
}

// What of bool matrices only the identity is sure to be.
constexpr uint32_t kOfFewBools =
    kPsd | kPd | kNonsingular | kFullColumnRank | kOrthogonal | kOrthonormalColumns;

// Element i of the sequence of one input.
struct Sequence {
  uint64_t seed;
  uint64_t stream;

  double Uniform(int64_t i) const { return UniformDoubleAt(seed, stream, i); }  // [0, 1)
  template <class W>
  W Signed(int64_t i) const {  // [-1, 1), each part.
    if constexpr (std::is_same_v<W, double>) {
      return 2 * Uniform(i) - 1;
    } else {
      return W(2 * Uniform(2 * i) - 1, 2 * Uniform(2 * i + 1) - 1);
    }
  }
};

inline double Conj(double x) { return x; }
inline std::complex<double> Conj(std::complex<double> x) { return std::conj(x); }

// One matrix of a batch, dense and row-major.
template <class W>
struct Matrix {
  int64_t rows, columns;
  std::vector<W> elements;
  W& operator()(int64_t i, int64_t j) { return elements[i * columns + j]; }
};

template <class W>
void FillDiagonal(Matrix<W>& a, W value) {
  for (int64_t i = 0; i < std::min(a.rows, a.columns); ++i) a(i, i) = value;
}

template <class W>
void FillPermutation(Matrix<W>& a, const Sequence& numbers, int64_t first) {
  std::vector<int64_t> column(a.rows);
  std::iota(column.begin(), column.end(), int64_t{0});
  for (int64_t i = a.rows - 1; i > 0; --i) {
    const auto j = static_cast<int64_t>(numbers.Uniform(first + i) * static_cast<double>(i + 1));
    std::swap(column[i], column[std::min(i, j)]);
  }
  for (int64_t i = 0; i < a.rows; ++i) a(i, column[i]) = 1;
}

// The first columns of a product of reflections I - 2 v v.H, |v| = 1: dense, and
// orthonormal to a few roundings. One reflection alone is hermitian, too, and
// symmetric when v is real.
enum class Mirror : uint8_t { kNone, kHermitian, kSymmetric };

template <class W>
void FillOrthonormal(Matrix<W>& a, const Sequence& numbers, int64_t first, Mirror mirror) {
  const int reflections = mirror == Mirror::kNone ? 3 : 1;
  FillDiagonal(a, W(1));
  for (int r = 0; r < reflections; ++r) {
    std::vector<W> v(a.rows);
    double square = 0;
    for (int64_t i = 0; i < a.rows; ++i) {
      v[i] = numbers.Signed<W>(first + r * a.rows + i);
      if (mirror == Mirror::kSymmetric) v[i] = W(std::real(v[i]));
      square += std::norm(v[i]);
    }
    if (square == 0) continue;
    std::vector<W> product(a.columns, W(0));  // v.H a
    for (int64_t i = 0; i < a.rows; ++i) {
      for (int64_t j = 0; j < a.columns; ++j) product[j] += Conj(v[i]) * a(i, j);
    }
    for (int64_t i = 0; i < a.rows; ++i) {
      for (int64_t j = 0; j < a.columns; ++j) a(i, j) -= 2 / square * v[i] * product[j];
    }
  }
  if (mirror == Mirror::kNone) return;
  // Roundings are not mirrored.
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t j = 0; j <= i; ++j) {
      if (mirror == Mirror::kSymmetric) a(j, i) = a(i, j);
      else a(j, i) = i == j ? W(std::real(a(i, i))) : Conj(a(i, j));
    }
  }
}

// Everything else: a band, mirrored when symmetric, diagonally dominant when it
// must have full rank.
template <class W>
void FillBand(Matrix<W>& a, const Structure& s, bool integers, const Sequence& numbers,
              int64_t first) {
  const bool hermitian = s.Has(kHermitian), mirrored = hermitian || s.Has(kSymmetric);
  const bool definite = s.Has(kPd) || s.Has(kPsd);
  const bool dominant = definite || s.Has(kNonsingular) || s.Has(kFullColumnRank) ||
                        (s.IsTriangular() && a.rows == a.columns);
  // No row and no column has more than this many elements off the diagonal.
  const int64_t longest = std::max<int64_t>(1, std::max(a.rows, a.columns) - 1);
  const int64_t band = s.lower > longest || s.upper > longest ? longest : s.lower + s.upper;
  const auto width = static_cast<double>(std::clamp<int64_t>(band, 1, longest));
  const double scale = integers ? (dominant ? 1 : 10) : dominant ? 1 / (1.5 * width) : 1;
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t j = 0; j < a.columns; ++j) {
      const bool in_band = (i - j <= s.lower || s.lower == kFullBand) &&
                           (j - i <= s.upper || s.upper == kFullBand);
      if (!in_band || (mirrored && j > i)) continue;
      W x = numbers.Signed<W>(first + i * a.columns + j);
      if (i != j) {
        x *= scale;
        // Also the integer that this becomes must be mirrored.
        a(i, j) = x;
        if (mirrored) a(j, i) = hermitian ? Conj(x) : x;
      } else if (s.Has(kUnitDiagonal)) {
        a(i, i) = 1;
      } else if (dominant) {
        const double magnitude = integers ? width + 1 : 1 + std::abs(std::real(x));
        a(i, i) = !definite && std::real(x) < 0 ? -magnitude : magnitude;
      } else {
        a(i, i) = hermitian ? W(std::real(x) * scale) : x * scale;
      }
    }
  }
}

template <class W>
absl::Status FillMatrix(Matrix<W>& a, const Structure& s, bool integers, const Sequence& numbers,
                        int64_t first) {
  const bool banded = s.lower != kFullBand || s.upper != kFullBand;
  const bool symmetric = s.Has(kSymmetric) || s.Has(kHermitian);
  const Mirror mirror = !symmetric            ? Mirror::kNone
                        : s.Has(kHermitian) ? Mirror::kHermitian
                                            : Mirror::kSymmetric;
  if (s.Has(kZero)) return absl::OkStatus();
  if (s.Has(kIdentity)) {
    FillDiagonal(a, W(1));
  } else if (s.Has(kPermutation)) {
    // Symmetric or banded: the identity is the one permutation that always is.
    if (symmetric || banded || s.Has(kUnitDiagonal)) FillDiagonal(a, W(1));
    else FillPermutation(a, numbers, first);
  } else if (s.Has(kOrthogonal) || s.Has(kOrthonormalColumns)) {
    if (a.rows < a.columns) {
      return absl::InvalidArgumentError("its columns cannot be orthonormal: they are too many");
    }
    if (banded || integers || s.Has(kPsd) || s.Has(kUnitDiagonal)) FillDiagonal(a, W(1));
    else FillOrthonormal(a, numbers, first, mirror);
  } else {
    if (s.Has(kFullColumnRank) && a.rows < a.columns) {
      return absl::InvalidArgumentError("it cannot have full column rank: it is too wide");
    }
    FillBand(a, s, integers, numbers, first);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Tensor> RandomTensor(const TensorType& type, uint64_t seed,
                                    absl::string_view name) {
  const Sizes sizes = type.shape.sizes();
  OTIUM_ASSIGN_OR_RETURN(Tensor tensor, Tensor::Allocate(type.dtype, sizes));
  const Structure s = NormalizeStructure(type.structure, type.dtype, type.shape);
  const Sequence numbers{seed, Hasher().Add(name).Finish().low};
  const int64_t count = tensor.NumElements();
  const absl::Status status = DispatchDType(type.dtype, [&]<class Tag>(Tag) -> absl::Status {
    using T = typename Tag::type;
    using W = Wide<T>;
    constexpr bool kIntegers = std::is_integral_v<T> && !std::is_same_v<T, bool>;
    T* out = tensor.mutable_data<T>();
    if (type.rank() < 2 || s.IsGeneral()) {
      for (int64_t i = 0; i < count; ++i) {
        W x = numbers.Signed<W>(i);
        if (kIntegers) x *= 10;
        if (s.Has(kZero)) x = 0;
        if (s.Has(kNonnegative)) x = std::abs(x);
        if (s.Has(kPositive)) x += kIntegers ? 1 : 0.5;
        out[i] = Narrow<T>(x);
      }
      return absl::OkStatus();
    }
    Matrix<W> a{sizes[sizes.size() - 2], sizes.back(), {}};
    const int64_t area = a.rows * a.columns;
    for (int64_t first = 0; first < count; first += area) {
      a.elements.assign(area, W(0));
      if (std::is_same_v<T, bool> && (s.flags & kOfFewBools) != 0) {
        FillDiagonal(a, W(1));
      } else {
        OTIUM_RETURN_IF_ERROR(FillMatrix(a, s, kIntegers, numbers, first));
      }
      for (int64_t i = 0; i < area; ++i) {
        // A bool matrix is true where its structure lets an element be.
        out[first + i] = std::is_same_v<T, bool> && a.elements[i] == W(0)
                             ? T(Wide<T>(0) != Wide<T>(0))
                             : Narrow<T>(a.elements[i]);
      }
    }
    return absl::OkStatus();
  });
  OTIUM_RETURN_IF_ERROR(status);
  return tensor;
}

absl::StatusOr<Tensor> FilledTensor(const TensorType& type, Fill fill) {
  const Sizes sizes = type.shape.sizes();
  if (fill == Fill::kEye && type.rank() < 2) {
    return absl::InvalidArgumentError("eye has at least two dimensions");
  }
  OTIUM_ASSIGN_OR_RETURN(Tensor tensor, Tensor::Allocate(type.dtype, sizes));
  const int64_t count = tensor.NumElements();
  DispatchDType(type.dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    T* out = tensor.mutable_data<T>();
    if (fill != Fill::kEye) {
      std::fill(out, out + count, fill == Fill::kOnes ? T(1.0f) : T(0.0f));
      return;
    }
    const int64_t columns = sizes.back(), area = columns * sizes[sizes.size() - 2];
    for (int64_t i = 0; i < count; ++i) {
      const int64_t at = i % area;
      out[i] = at / columns == at % columns ? T(1.0f) : T(0.0f);
    }
  });
  return tensor;
}

}  // namespace otium::cli
