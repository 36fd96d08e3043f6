// SPDX-License-Identifier: Apache-2.0
//
// Products: the triple loop.

#include "backends/reference/elements.h"

namespace otium::reference {
namespace {

// result = beta * input + alpha * A @ B with B of `columns` columns; a vector is
// one column. Operand `a` is A; without input, `a` is 0.
void Product(const LaunchArgs& args, int a, bool vector) {
  const State& s = *static_cast<const State*>(args.state);
  DispatchDType(s.results[0].dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    const View& A = args.operands[a];
    const View& B = args.operands[a + 1];
    const int64_t m = s.operands[a].sizes[0], k = s.operands[a].sizes[1];
    const int64_t n = vector ? 1 : s.operands[a + 1].sizes[1];
    auto scale = [&](size_t i) {
      return s.Has(i) ? Load(*args.operands[i].as<const T>()) : Wide<T>(1);
    };
    const Wide<T> beta = a == 0 ? Wide<T>(0) : scale(3), alpha = a == 0 ? Wide<T>(1) : scale(4);
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        Wide<T> sum(0);
        for (int64_t l = 0; l < k; ++l) {
          sum += Load(A.as<const T>()[i * A.strides[0] + l * A.strides[1]]) *
                 Load(B.as<const T>()[l * B.strides[0] + (vector ? 0 : j * B.strides[1])]);
        }
        Wide<T> value = alpha * sum;
        // A beta of 0 means that input is not read, NaN or not.
        if (beta != Wide<T>(0)) {
          const int64_t index[2] = {i, j};
          const int64_t offset = BroadcastOffset(s.operands[0], args.operands[0],
                                                 absl::MakeConstSpan(index, vector ? 1 : 2));
          value += beta * Load(args.operands[0].as<const T>()[offset]);
        }
        const View& out = args.results[0];
        out.as<T>()[i * out.strides[0] + (vector ? 0 : j * out.strides[1])] = Store<T>(value);
      }
    }
  });
}

}  // namespace

void Mv(const LaunchArgs& args) { Product(args, 0, /*vector=*/true); }
void Addmv(const LaunchArgs& args) { Product(args, 1, /*vector=*/true); }
void Mm(const LaunchArgs& args) { Product(args, 0, /*vector=*/false); }
void Addmm(const LaunchArgs& args) { Product(args, 1, /*vector=*/false); }

}  // namespace otium::reference
