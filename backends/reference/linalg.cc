// SPDX-License-Identifier: Apache-2.0
//
// Textbook factorizations in f64 or c128.

#include <cmath>
#include <vector>

#include "backends/reference/elements.h"

namespace otium::reference {
namespace {

// The offset of matrix `index` (a batch index of the result) of an operand whose
// batch dimensions broadcast; `tail` dimensions are the matrix.
int64_t BatchOffset(const PhysicalType& type, const View& view, absl::Span<const int64_t> index,
                    int tail) {
  int64_t offset = 0;
  const int batch = type.rank() - tail;
  for (int d = 0; d < batch; ++d) {
    if (type.sizes[d] != 1) offset += index[index.size() - batch + d] * view.strides[d];
  }
  return offset;
}

template <class W>
double Magnitude(const W& value) {
  return std::abs(value);
}

}  // namespace

// Code k: the leading minor of order k is not positive definite.
void Cholesky(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const bool upper = s.attributes.Get<bool>("upper");
  const PhysicalType& type = s.operands[0];
  const int r = type.rank();
  const int64_t n = type.sizes[r - 1];
  int64_t batch = 0;
  DispatchDType(type.dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    using W = std::conditional_t<std::is_integral_v<T>, double, Wide<T>>;
    const auto batches = absl::MakeConstSpan(type.sizes).first(r - 2);
    ForEachIndex(batches, [&](absl::Span<const int64_t> index) {
      const T* a = args.operands[0].as<const T>() + BatchOffset(type, args.operands[0], index, 2);
      T* out = args.results[0].as<T>() + BatchOffset(s.results[0], args.results[0], index, 2);
      const int64_t row = args.operands[0].strides[r - 2], column = args.operands[0].strides[r - 1];
      const int64_t out_row = args.results[0].strides[r - 2],
                    out_column = args.results[0].strides[r - 1];
      std::vector<W> L(n * n, W(0));
      auto conj = [](const W& w) {
        if constexpr (std::is_same_v<W, double>) return w;
        else return std::conj(w);
      };
      auto element = [&](int64_t i, int64_t j) -> W {  // Of the lower triangle.
        return upper ? conj(W(Load(a[j * row + i * column]))) : W(Load(a[i * row + j * column]));
      };
      for (int64_t j = 0; j < n; ++j) {
        double d = std::real(element(j, j));
        for (int64_t k = 0; k < j; ++k) d -= std::norm(L[j * n + k]);
        if (!(d > 0) && args.info->code == 0) {
          args.info->code = j + 1;
          args.info->batch = batch;
        }
        const double pivot = std::sqrt(d);
        L[j * n + j] = pivot;
        for (int64_t i = j + 1; i < n; ++i) {
          W sum = element(i, j);
          for (int64_t k = 0; k < j; ++k) sum -= L[i * n + k] * conj(L[j * n + k]);
          L[i * n + j] = sum / pivot;
        }
      }
      for (int64_t i = 0; i < n; ++i) {
        for (int64_t j = 0; j < n; ++j) {
          const W value = upper ? conj(L[j * n + i]) : L[i * n + j];
          if constexpr (!std::is_integral_v<T>) out[i * out_row + j * out_column] = Store<T>(value);
        }
      }
      ++batch;
    });
  });
}

// Gaussian elimination with partial pivoting. Code k: U(k, k) is zero.
void Solve(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const PhysicalType& A = s.operands[0];
  const PhysicalType& B = s.operands[1];
  const int r = A.rank();
  const int64_t n = A.sizes[r - 1];
  const bool vector =
      B.rank() == 1 || absl::MakeConstSpan(B.sizes) == absl::MakeConstSpan(A.sizes).first(r - 1);
  const int tail = vector ? 1 : 2;
  const int64_t columns = vector ? 1 : B.sizes[B.rank() - 1];
  const PhysicalType& X = s.results[0];
  int64_t batch = 0;
  DispatchDType(A.dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    if constexpr (!std::is_integral_v<T>) {
      using W = Wide<T>;
      const auto batches = absl::MakeConstSpan(X.sizes).first(X.rank() - tail);
      ForEachIndex(batches, [&](absl::Span<const int64_t> index) {
        const View& av = args.operands[0];
        const View& bv = args.operands[1];
        const View& xv = args.results[0];
        const T* a = av.as<const T>() + BatchOffset(A, av, index, 2);
        const T* b = bv.as<const T>() + BatchOffset(B, bv, index, tail);
        T* x = xv.as<T>() + BatchOffset(X, xv, index, tail);
        const int64_t b_row = bv.strides[B.rank() - tail], x_row = xv.strides[X.rank() - tail];
        const int64_t b_column = vector ? 0 : bv.strides[B.rank() - 1];
        const int64_t x_column = vector ? 0 : xv.strides[X.rank() - 1];
        const int64_t width = n + columns;
        std::vector<W> m(n * width);
        for (int64_t i = 0; i < n; ++i) {
          for (int64_t j = 0; j < n; ++j) {
            m[i * width + j] = Load(a[i * av.strides[r - 2] + j * av.strides[r - 1]]);
          }
          for (int64_t j = 0; j < columns; ++j) {
            m[i * width + n + j] = Load(b[i * b_row + j * b_column]);
          }
        }
        for (int64_t k = 0; k < n; ++k) {
          int64_t pivot = k;
          for (int64_t i = k + 1; i < n; ++i) {
            if (Magnitude(m[i * width + k]) > Magnitude(m[pivot * width + k])) pivot = i;
          }
          if (m[pivot * width + k] == W(0) && args.info->code == 0) {
            args.info->code = k + 1;
            args.info->batch = batch;
          }
          for (int64_t j = 0; j < width; ++j) std::swap(m[k * width + j], m[pivot * width + j]);
          for (int64_t i = k + 1; i < n; ++i) {
            const W factor = m[i * width + k] / m[k * width + k];
            for (int64_t j = k; j < width; ++j) m[i * width + j] -= factor * m[k * width + j];
          }
        }
        for (int64_t i = n; i-- > 0;) {
          for (int64_t j = 0; j < columns; ++j) {
            W sum = m[i * width + n + j];
            for (int64_t k = i + 1; k < n; ++k) sum -= m[i * width + k] * m[k * width + n + j];
            m[i * width + n + j] = sum / m[i * width + i];
            x[i * x_row + j * x_column] = Store<T>(m[i * width + n + j]);
          }
        }
        ++batch;
      });
    }
  });
}

}  // namespace otium::reference
