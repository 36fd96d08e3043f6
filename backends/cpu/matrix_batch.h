// SPDX-License-Identifier: Apache-2.0
//
// Batches of matrices, for kernels that take one matrix at a time: where each matrix
// lies, which task takes it, and whose failure is told.
//
//   prepare:  state->batch = MatrixBatch(batch sizes, flops and bytes of one matrix)
//   launch:   RunBatch(state->batch, args, [&](Range matrices, char* memory, StepInfo* info) {
//               for (int64_t p = matrices.begin; p < matrices.end; ++p) {
//                 Matrix<const T> a = MatrixOf<const T>(state->batch, type, view, p);
//                 ...
//                 Report(info, code, p);
//               }
//             });

#ifndef OTIUM_BACKENDS_CPU_MATRIX_BATCH_H_
#define OTIUM_BACKENDS_CPU_MATRIX_BATCH_H_

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "backends/backend.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/tasks.h"
#include "engine/base/tensor.h"

namespace otium::cpu {

// Element (i, j) is data[i * row_stride + j * column_stride]. A vector has one column.
template <class T>
struct Matrix {
  T* data = nullptr;
  int64_t rows = 0, columns = 1;
  int64_t row_stride = 0, column_stride = 0;

  T& operator()(int64_t i, int64_t j) const { return data[i * row_stride + j * column_stride]; }
  Matrix Transposed() const { return {data, columns, rows, column_stride, row_stride}; }
  Matrix Block(int64_t i, int64_t j, int64_t block_rows, int64_t block_columns) const {
    return {&(*this)(i, j), block_rows, block_columns, row_stride, column_stride};
  }
  operator Matrix<const T>() const requires(!std::is_const_v<T>) {
    return {data, rows, columns, row_stride, column_stride};
  }
};

template <class T>
Matrix<T> ColumnMajor(T* data, int64_t rows, int64_t columns) {
  return {data, rows, columns, 1, rows};
}

template <class T>
Matrix<T> RowMajor(T* data, int64_t rows, int64_t columns) {
  return {data, rows, columns, columns, 1};
}

// Of matrices that are not finite routines may never come back.
template <class T>
bool IsFinite(const T& x) {
  return std::isfinite(std::real(x)) && std::isfinite(std::imag(x));
}
template <class T>
bool AllFinite(const Matrix<const T>& m) {
  for (int64_t i = 0; i < m.rows; ++i) {
    for (int64_t j = 0; j < m.columns; ++j) {
      if (!IsFinite(m(i, j))) return false;
    }
  }
  return true;
}

// Rows that one task copies: some tens of microseconds.
constexpr int64_t CopiedRows(int64_t columns) {
  return std::max<int64_t>((int64_t{1} << 17) / std::max<int64_t>(columns, 1), 1);
}

// to = from, of the same sizes.
template <class T>
void Copy(const Matrix<const T>& from, const Matrix<T>& to) {
  ParallelForRanges(from.rows, CopiedRows(from.columns), [&](int64_t begin, int64_t end) {
    const int64_t sizes[] = {end - begin, from.columns},
                  from_strides[] = {from.row_stride, from.column_stride},
                  to_strides[] = {to.row_stride, to.column_stride};
    CopyStrided(&from(begin, 0), from_strides, &to(begin, 0), to_strides, sizes, sizeof(T));
  });
}

// Every element of the _ex ops' results where a matrix has none.
template <class T>
void FillNan(const Matrix<T>& m) {
  const T nan = T(std::numeric_limits<double>::quiet_NaN());
  for (int64_t i = 0; i < m.rows; ++i) {
    for (int64_t j = 0; j < m.columns; ++j) m(i, j) = nan;
  }
}

// How a launch is cut into tasks: by the shapes alone. Tasks have their own part of the
// step's workspace.
struct MatrixBatch {
  MatrixBatch() = default;
  // One matrix costs about so many flops, and a task needs so many bytes of workspace; tasks
  // take multiples of `grain` matrices.
  MatrixBatch(absl::Span<const int64_t> batch_sizes, double flops, int64_t bytes,
              int64_t grain = 1);

  int64_t workspace_bytes() const;

  Sizes sizes;
  int64_t count = 0;
  int64_t grain = 1;
  int64_t tasks = 0;
  int64_t task_bytes = 0;
};

// Writes down the failure of matrix p, unless there was one before; code 0 is none.
inline void Report(StepInfo* info, int64_t code, int64_t p) {
  if (code == 0 || info->code != 0) return;
  info->code = code;
  info->batch = p;
}

// Writes down the reciprocal condition number of matrix p if it is the least so far. Of a
// matrix that is empty or not finite it is not a number, and not told.
inline void TellRcond(StepInfo* info, double rcond, int64_t p) {
  if (!(rcond >= 0 && std::isfinite(rcond))) return;
  if (info->rcond >= 0 && info->rcond <= rcond) return;
  info->rcond = rcond;
  info->rcond_batch = p;
}

// The largest sum of magnitudes in a column.
template <class T>
double Norm1(const Matrix<T>& m) {
  double norm = 0;
  for (int64_t j = 0; j < m.columns; ++j) {
    double sum = 0;
    for (int64_t i = 0; i < m.rows; ++i) sum += static_cast<double>(std::abs(m(i, j)));
    if (std::isnan(sum)) return sum;
    norm = std::max(norm, sum);
  }
  return norm;
}

// body(matrices, workspace, info) for disjoint ranges of [0, count), in parallel; the
// failure of the first matrix is told, and the least reciprocal condition number.
void RunBatch(const MatrixBatch& batch, const LaunchArgs& args,
              absl::FunctionRef<void(Range, char*, StepInfo*)> body);

// Where matrix p of an operand begins, in elements; its last `tail` dimensions are the
// matrix, those before broadcast to the batch.
int64_t BatchOffset(const MatrixBatch& batch, const PhysicalType& type, const View& view, int tail,
                    int64_t p);

// Matrix p; with tail 1 a vector.
template <class T>
Matrix<T> MatrixOf(const MatrixBatch& batch, const PhysicalType& type, const View& view, int64_t p,
                   int tail = 2) {
  const int first = type.rank() - tail;
  Matrix<T> m;
  m.data = view.as<T>() + BatchOffset(batch, type, view, tail, p);
  m.rows = type.sizes[first];
  m.row_stride = view.strides[first];
  if (tail == 2) {
    m.columns = type.sizes[first + 1];
    m.column_stride = view.strides[first + 1];
  }
  return m;
}

// The same for many p in turn: of small matrices, what MatrixOf takes is a good part of the
// time.
template <class T>
class Matrices {
 public:
  Matrices(const MatrixBatch& batch, const PhysicalType& type, const View& view, int tail = 2)
      : batch_(batch),
        type_(type),
        view_(view),
        tail_(tail),
        is_plain_(batch.sizes.size() == 1 && type.rank() == 1 + tail),
        step_(is_plain_ && type.sizes[0] != 1 ? view.strides[0] : 0),
        first_(batch.count > 0 ? MatrixOf<T>(batch, type, view, 0, tail) : Matrix<T>()) {}

  Matrix<T> operator()(int64_t p) const {
    Matrix<T> m = first_;
    m.data += is_plain_ ? p * step_ : BatchOffset(batch_, type_, view_, tail_, p);
    return m;
  }

 private:
  const MatrixBatch& batch_;
  const PhysicalType& type_;
  const View& view_;
  const int tail_;
  const bool is_plain_;  // The batch has one dimension, and so has the operand.
  const int64_t step_;
  const Matrix<T> first_;
};

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_MATRIX_BATCH_H_
