// SPDX-License-Identifier: Apache-2.0
//
// Products: for each element of the result, one loop over what is summed.

#include "backends/reference/elements.h"

namespace otium::reference {
namespace {

// result[index] = beta * input + alpha * (the sum over l, in order, of
// left(l) * right(l)), where `terms(index, add)` calls add(offset in A, offset in B)
// for each l. `a` is the position of A among the operands; 1 when there is an input.
template <class Terms>
void Product(const LaunchArgs& args, int a, bool conjugate_left, Terms&& terms) {
  const State& s = *static_cast<const State*>(args.state);
  DispatchDType(s.results[0].dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    using W = Wide<T>;
    const T* A = args.operands[a].as<const T>();
    const T* B = args.operands[a + 1].as<const T>();
    auto scale = [&](size_t i) { return s.Has(i) ? Load(*args.operands[i].as<const T>()) : W(1); };
    const W beta = a == 0 ? W(0) : scale(3), alpha = a == 0 ? W(1) : scale(4);
    ForEachIndex(s.results[0].sizes, [&](absl::Span<const int64_t> index) {
      W sum(0);
      terms(index, [&](int64_t left, int64_t right) {
        W l = Load(A[left]);
        if constexpr (std::is_same_v<W, std::complex<double>>) {
          if (conjugate_left) l = std::conj(l);
        }
        sum += l * Load(B[right]);
      });
      W value = alpha * sum;
      // A beta of 0 means that input is not read, NaN or not.
      if (beta != W(0)) {
        value += beta * Load(args.operands[0].as<const T>()[BroadcastOffset(
                            s.operands[0], args.operands[0], index)]);
      }
      args.results[0].as<T>()[BroadcastOffset(s.results[0], args.results[0], index)] =
          Store<T>(value);
    });
  });
}

// A @ B for the last two dimensions, leading ones broadcast. A of rank 1 is a row,
// B of rank 1 a column.
void MatrixProduct(const LaunchArgs& args, int a) {
  const State& s = *static_cast<const State*>(args.state);
  const PhysicalType& A = s.operands[a];
  const PhysicalType& B = s.operands[a + 1];
  const int64_t* as = args.operands[a].strides;
  const int64_t* bs = args.operands[a + 1].strides;
  const int ra = A.rank(), rb = B.rank();
  const bool row = ra == 1, column = rb == 1;
  const int64_t k = A.sizes[ra - 1];
  const int tail = (row ? 0 : 1) + (column ? 0 : 1);
  auto batch_offset = [&](const PhysicalType& type, const int64_t* strides, int matrix,
                          absl::Span<const int64_t> index) {
    const int batch = type.rank() - matrix, skip = static_cast<int>(index.size()) - tail - batch;
    int64_t offset = 0;
    for (int d = 0; d < batch; ++d) {
      if (type.sizes[d] != 1) offset += index[skip + d] * strides[d];
    }
    return offset;
  };
  Product(args, a, /*conjugate_left=*/false, [&](absl::Span<const int64_t> index, auto&& add) {
    int64_t left = batch_offset(A, as, row ? 1 : 2, index);
    int64_t right = batch_offset(B, bs, column ? 1 : 2, index);
    if (!row) left += index[index.size() - tail] * as[ra - 2];
    if (!column) right += index[index.size() - 1] * bs[rb - 1];
    for (int64_t l = 0; l < k; ++l) {
      add(left + l * as[ra - 1], right + l * bs[column ? rb - 1 : rb - 2]);
    }
  });
}

void VectorProduct(const LaunchArgs& args, bool conjugate) {
  const State& s = *static_cast<const State*>(args.state);
  Product(args, 0, conjugate, [&](absl::Span<const int64_t>, auto&& add) {
    for (int64_t l = 0; l < s.operands[0].sizes[0]; ++l) {
      add(l * args.operands[0].strides[0], l * args.operands[1].strides[0]);
    }
  });
}

void OuterProduct(const LaunchArgs& args, int a) {
  Product(args, a, /*conjugate_left=*/false, [&](absl::Span<const int64_t> index, auto&& add) {
    add(index[0] * args.operands[a].strides[0], index[1] * args.operands[a + 1].strides[0]);
  });
}

}  // namespace

void Mv(const LaunchArgs& args) { MatrixProduct(args, 0); }
void Addmv(const LaunchArgs& args) { MatrixProduct(args, 1); }
void Mm(const LaunchArgs& args) { MatrixProduct(args, 0); }
void Addmm(const LaunchArgs& args) { MatrixProduct(args, 1); }
void Bmm(const LaunchArgs& args) { MatrixProduct(args, 0); }
void Baddbmm(const LaunchArgs& args) { MatrixProduct(args, 1); }
void Matmul(const LaunchArgs& args) { MatrixProduct(args, 0); }
void Dot(const LaunchArgs& args) { VectorProduct(args, /*conjugate=*/false); }
void Vdot(const LaunchArgs& args) { VectorProduct(args, /*conjugate=*/true); }
void Outer(const LaunchArgs& args) { OuterProduct(args, 0); }
void Addr(const LaunchArgs& args) { OuterProduct(args, 1); }

void Addbmm(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const int64_t batch = s.operands[1].sizes[0], k = s.operands[1].sizes[2];
  const int64_t* as = args.operands[1].strides;
  const int64_t* bs = args.operands[2].strides;
  Product(args, 1, /*conjugate_left=*/false, [&](absl::Span<const int64_t> index, auto&& add) {
    for (int64_t b = 0; b < batch; ++b) {
      for (int64_t l = 0; l < k; ++l) {
        add(b * as[0] + index[0] * as[1] + l * as[2], b * bs[0] + l * bs[1] + index[1] * bs[2]);
      }
    }
  });
}

}  // namespace otium::reference
