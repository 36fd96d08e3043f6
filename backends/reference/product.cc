// SPDX-License-Identifier: Apache-2.0
//
// Products of vectors and matrices: the triple loop.

#include "backends/reference/elements.h"

namespace otium::reference {
namespace {

// An operand read as a batch of matrices: element (b, i, j).
struct Matrices {
  const void* data;
  int64_t batch_stride, row_stride, column_stride;

  template <class T>
  Wide<T> At(int64_t b, int64_t i, int64_t j) const {
    return Load(static_cast<const T*>(data)[b * batch_stride + i * row_stride + j * column_stride]);
  }
};

struct Sizes3 {
  int64_t batch = 1, rows = 1, columns = 1, terms = 1;
  bool sums_batch = false;  // The terms of all of the batch are one sum.
};

// result[b, i, j] = beta * input + alpha * sum over l of A[b, i, l] * B[b, l, j].
// `a` is the position of A among the operands: 1 when there is an input, else 0.
// The last dimensions of the result are rows and columns as far as it has them.
template <bool kConjugateA = false>
void Product(const LaunchArgs& args, int a, const Matrices& A, const Matrices& B,
             const Sizes3& sizes) {
  const State& s = *static_cast<const State*>(args.state);
  const int rank = s.results[0].rank();
  DispatchDType(s.results[0].dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    auto scale = [&](size_t i) {
      return s.Has(i) ? Load(*args.operands[i].as<const T>()) : Wide<T>(1);
    };
    const Wide<T> beta = a == 0 ? Wide<T>(0) : scale(3), alpha = a == 0 ? Wide<T>(1) : scale(4);
    const int64_t outer = sizes.sums_batch ? 1 : sizes.batch;
    const int64_t summed = sizes.sums_batch ? sizes.batch : 1;
    for (int64_t b = 0; b < outer; ++b) {
      for (int64_t i = 0; i < sizes.rows; ++i) {
        for (int64_t j = 0; j < sizes.columns; ++j) {
          Wide<T> sum(0);
          for (int64_t c = b; c < b + summed; ++c) {
            for (int64_t l = 0; l < sizes.terms; ++l) {
              Wide<T> left = A.At<T>(c, i, l);
              if constexpr (kConjugateA && std::is_same_v<Wide<T>, std::complex<double>>) {
                left = std::conj(left);
              }
              sum = MultiplyAdd(left, B.At<T>(c, l, j), sum);
            }
          }
          Wide<T> value = Multiply(alpha, sum);
          const int64_t whole[3] = {b, i, j};
          const absl::Span<const int64_t> index = rank == 3 ? absl::MakeConstSpan(whole)
                                                  : rank == 2
                                                      ? absl::MakeConstSpan(whole).subspan(1)
                                                      : absl::MakeConstSpan(whole).subspan(1, rank);
          // A beta of 0 means that input is not read, NaN or not.
          if (beta != Wide<T>(0)) {
            const int64_t offset = BroadcastOffset(s.operands[0], args.operands[0], index);
            value = MultiplyAdd(beta, Load(args.operands[0].as<const T>()[offset]), value);
          }
          args.results[0].as<T>()[BroadcastOffset(s.results[0], args.results[0], index)] =
              Store<T>(value);
        }
      }
    }
  });
}

const int64_t* SizesOf(const LaunchArgs& args, int i) {
  return static_cast<const State*>(args.state)->operands[i].sizes.data();
}

void MatrixVector(const LaunchArgs& args, int a) {
  const View& A = args.operands[a];
  const View& x = args.operands[a + 1];
  const int64_t* n = SizesOf(args, a);
  Product(args, a, {A.data, 0, A.strides[0], A.strides[1]}, {x.data, 0, x.strides[0], 0},
          {.rows = n[0], .terms = n[1]});
}

void MatrixMatrix(const LaunchArgs& args, int a) {
  const View& A = args.operands[a];
  const View& B = args.operands[a + 1];
  const int64_t* n = SizesOf(args, a);
  Product(args, a, {A.data, 0, A.strides[0], A.strides[1]}, {B.data, 0, B.strides[0], B.strides[1]},
          {.rows = n[0], .columns = SizesOf(args, a + 1)[1], .terms = n[1]});
}

void BatchedMatrices(const LaunchArgs& args, int a, bool sums_batch) {
  const View& A = args.operands[a];
  const View& B = args.operands[a + 1];
  const int64_t* n = SizesOf(args, a);
  Product(args, a, {A.data, A.strides[0], A.strides[1], A.strides[2]},
          {B.data, B.strides[0], B.strides[1], B.strides[2]},
          {n[0], n[1], SizesOf(args, a + 1)[2], n[2], sums_batch});
}

}  // namespace

void Dot(const LaunchArgs& args) {
  const View& x = args.operands[0];
  const View& y = args.operands[1];
  Product(args, 0, {x.data, 0, 0, x.strides[0]}, {y.data, 0, y.strides[0], 0},
          {.terms = SizesOf(args, 0)[0]});
}
void Vdot(const LaunchArgs& args) {
  const View& x = args.operands[0];
  const View& y = args.operands[1];
  Product</*kConjugateA=*/true>(args, 0, {x.data, 0, 0, x.strides[0]}, {y.data, 0, y.strides[0], 0},
                                {.terms = SizesOf(args, 0)[0]});
}
void Mv(const LaunchArgs& args) { MatrixVector(args, 0); }
void Addmv(const LaunchArgs& args) { MatrixVector(args, 1); }
void Mm(const LaunchArgs& args) { MatrixMatrix(args, 0); }
void Addmm(const LaunchArgs& args) { MatrixMatrix(args, 1); }
void Bmm(const LaunchArgs& args) { BatchedMatrices(args, 0, /*sums_batch=*/false); }
void Baddbmm(const LaunchArgs& args) { BatchedMatrices(args, 1, /*sums_batch=*/false); }
void Addbmm(const LaunchArgs& args) { BatchedMatrices(args, 1, /*sums_batch=*/true); }
void Addr(const LaunchArgs& args) {
  const View& x = args.operands[1];
  const View& y = args.operands[2];
  Product(args, 1, {x.data, 0, x.strides[0], 0}, {y.data, 0, 0, y.strides[0]},
          {.rows = SizesOf(args, 1)[0], .columns = SizesOf(args, 2)[0]});
}

}  // namespace otium::reference
