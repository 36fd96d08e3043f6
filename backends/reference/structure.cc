// SPDX-License-Identifier: Apache-2.0
//
// The step that checks declared structure on data. Zeros and ones exactly,
// symmetry to 100 eps max|a| (what well-made inverses are off by), orthogonality
// by a probe, rank of columns by the shape. Definiteness and nonsingularity are left
// to the factorization that relies on them.

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "backends/philox.h"
#include "backends/reference/elements.h"
#include "backends/reference/structure.h"
#include "ops/failure_codes.h"

namespace otium::reference {
namespace {

int64_t FlagCode(uint32_t flag) { return std::countr_zero(flag) + 1; }

// One matrix, read through `at(i, j)` as wide values.
template <class W, class At>
class Checker {
 public:
  Checker(const Structure& s, int64_t rows, int64_t columns, double epsilon, At at)
      : s_(s), rows_(rows), columns_(columns), epsilon_(epsilon), at_(at) {}

  // Whether all facts hold; else code() and index() say which does not.
  bool Run() {
    if ((s_.Has(kFullColumnRank) || s_.Has(kOrthonormalColumns)) && rows_ < columns_) {
      Fail(FlagCode(s_.Has(kOrthonormalColumns) ? kOrthonormalColumns : kFullColumnRank), 0, 0);
    }
    CheckZeros();
    if (s_.Has(kUnitDiagonal)) CheckUnitDiagonal();
    if (s_.Has(kSymmetric)) CheckSymmetry(kSymmetric, [](const W& w) { return w; });
    if (s_.Has(kHermitian) && std::is_same_v<W, std::complex<double>>) {
      CheckSymmetry(kHermitian, [](const W& w) -> W {
        if constexpr (std::is_same_v<W, std::complex<double>>) return std::conj(w);
        else return w;
      });
    }
    if (s_.Has(kPermutation)) CheckPermutation();
    else if (s_.Has(kOrthonormalColumns)) CheckOrthonormal();
    return code_ == 0;
  }
  int64_t code() const { return code_; }
  int64_t index() const { return index_; }

 private:
  void Fail(int64_t code, int64_t i, int64_t j) {
    if (code_ != 0) return;
    code_ = code;
    index_ = i * columns_ + j;
  }

  void CheckZeros() {
    if (s_.lower == kFullBand && s_.upper == kFullBand) return;
    for (int64_t i = 0; i < rows_; ++i) {
      for (int64_t j = 0; j < columns_; ++j) {
        const bool below = s_.lower != kFullBand && i - j > s_.lower;
        const bool above = s_.upper != kFullBand && j - i > s_.upper;
        const bool zero_matrix = s_.Has(kZero);
        if ((below || above || zero_matrix) && at_(i, j) != W(0)) {
          Fail(zero_matrix ? FlagCode(kZero) : below ? kLowerBandCode : kUpperBandCode, i, j);
        }
      }
    }
  }

  void CheckUnitDiagonal() {
    for (int64_t i = 0; i < std::min(rows_, columns_); ++i) {
      if (at_(i, i) != W(1)) Fail(FlagCode(kUnitDiagonal), i, i);
    }
  }

  template <class Conj>
  void CheckSymmetry(uint32_t flag, Conj conj) {
    double largest = 0;
    for (int64_t i = 0; i < rows_; ++i) {
      for (int64_t j = 0; j < columns_; ++j) {
        const double magnitude = std::abs(at_(i, j));
        if (std::isfinite(magnitude)) largest = std::max(largest, magnitude);
      }
    }
    const double allowed = kSymmetryFactor * epsilon_ * largest;
    for (int64_t i = 0; i < rows_; ++i) {
      for (int64_t j = 0; j < i; ++j) {
        const W a = at_(i, j), b = conj(at_(j, i));
        // NaN and infinity are data; they are symmetric when both sides have them.
        if (!std::isfinite(std::abs(a)) && !std::isfinite(std::abs(b))) continue;
        if (!(std::abs(W(a - b)) <= allowed)) Fail(FlagCode(flag), i, j);
      }
    }
  }

  void CheckPermutation() {
    std::vector<int> in_row(rows_, 0), in_column(columns_, 0);
    for (int64_t i = 0; i < rows_; ++i) {
      for (int64_t j = 0; j < columns_; ++j) {
        const W a = at_(i, j);
        if (a == W(0)) continue;
        if (a != W(1) || ++in_row[i] > 1 || ++in_column[j] > 1) Fail(FlagCode(kPermutation), i, j);
      }
    }
    for (int64_t i = 0; i < rows_; ++i) {
      if (in_row[i] == 0) Fail(FlagCode(kPermutation), i, 0);
    }
  }

  // A.H (A x) is x for a pseudorandom x when the columns are orthonormal.
  void CheckOrthonormal() {
    std::vector<double> x(columns_);
    for (int64_t j = 0; j < columns_; ++j) {
      x[j] = UniformDoubleAt(/*seed=*/0, /*stream=*/0, j) - 0.5;
    }
    std::vector<W> y(rows_, W(0));
    for (int64_t i = 0; i < rows_; ++i) {
      for (int64_t j = 0; j < columns_; ++j) y[i] += at_(i, j) * x[j];
    }
    for (int64_t j = 0; j < columns_; ++j) {
      W z(0);
      for (int64_t i = 0; i < rows_; ++i) {
        if constexpr (std::is_same_v<W, std::complex<double>>) z += std::conj(at_(i, j)) * y[i];
        else z += at_(i, j) * y[i];
      }
      const double allowed =
          kSymmetryFactor * epsilon_ * std::sqrt(static_cast<double>(columns_) + 1);
      if (!(std::abs(W(z - x[j])) <= allowed)) Fail(FlagCode(kOrthonormalColumns), j, j);
    }
  }

  const Structure& s_;
  const int64_t rows_, columns_;
  const double epsilon_;
  At at_;
  int64_t code_ = 0, index_ = 0;
};

}  // namespace

void CheckStructure(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const PhysicalType& x = s.operands[0];
  const Structure& facts = s.attributes.Get<Structure>("structure");
  const int r = x.rank();
  DispatchDType(x.dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    using W = std::conditional_t<std::is_same_v<Wide<T>, int64_t>, double, Wide<T>>;
    const T* data = args.operands[0].as<const T>();
    const int64_t* strides = args.operands[0].strides;
    if (r < 2) {
      if constexpr (!std::is_same_v<W, std::complex<double>>) {
        const bool scalar = r == 0;
        if (scalar && facts.Has(kPositive) && !(W(Load(*data)) > 0)) {
          args.info->code = FlagCode(kPositive);
        }
        if (scalar && args.info->code == 0 && facts.Has(kNonnegative) && !(W(Load(*data)) >= 0)) {
          args.info->code = FlagCode(kNonnegative);
        }
      }
      return;
    }
    int64_t batch = 0;
    ForEachIndex(absl::MakeConstSpan(x.sizes).first(r - 2), [&](absl::Span<const int64_t> index) {
      int64_t base = 0;
      for (int d = 0; d < r - 2; ++d) base += index[d] * strides[d];
      auto at = [&](int64_t i, int64_t j) {
        return W(Load(data[base + i * strides[r - 2] + j * strides[r - 1]]));
      };
      Checker<W, decltype(at)> checker(facts, x.sizes[r - 2], x.sizes[r - 1], Epsilon(x.dtype), at);
      if (args.info->code == 0 && !checker.Run()) {
        args.info->code = checker.code();
        args.info->index = checker.index();
        args.info->batch = batch;
      }
      ++batch;
    });
  });
}

}  // namespace otium::reference
