// SPDX-License-Identifier: Apache-2.0
//
// General products become the particular ones that have kernels and fusions:
// matmul of vectors and matrices is dot, mv, mm or bmm. A product of a batch with
// one matrix is one large product, when the batch is dense in memory. Other
// matmuls stay: their kernel broadcasts batches by strides of zero.
//
// Requires: static shapes. Guarantees: no matmul of ranks up to 2 is left.

#include "engine/optimize/pass.h"

namespace otium {
namespace {

constexpr absl::string_view kOutcomes[] = {"$a"};
constexpr Rule kMatmul = {
    .name = "matmul",
    .formula = "A @ B -> dot, mv, mm or bmm by their ranks",
    .condition = "ranks up to 2, equal ranks of 3, or a batch times one matrix",
    .error = ErrorClass::kExact,
    .outcomes = kOutcomes,
};

// The product of the new values `a` and `b`, or nothing to leave it a matmul.
std::optional<ValueId> Matmul(ValueId a, ValueId b, GraphBuilder& builder) {
  const Shape A = builder.graph().type(a).shape, B = builder.graph().type(b).shape;
  const int ra = A.rank(), rb = B.rank();
  if (ra == 1 && rb == 1) return builder.Add(Op::dot, {a, b});
  if (ra == 2 && rb == 1) return builder.Add(Op::mv, {a, b});
  if (ra == 2 && rb == 2) return builder.Add(Op::mm, {a, b});
  auto transposed = [&](ValueId v) {
    return builder.Add(Op::transpose, {v}, {{"dim0", int64_t{-2}}, {"dim1", int64_t{-1}}});
  };
  if (ra == 1 && rb == 2) return builder.Add(Op::mv, {transposed(b), a});
  if (ra == 3 && rb == 3 && A[0] == B[0]) return builder.Add(Op::bmm, {a, b});
  if (ra >= 3 && rb <= 2) {
    // The batch and the rows of A together are the rows of one product.
    Dim rows = 1;
    for (int d = 0; d + 1 < ra; ++d) rows = rows * A[d];
    const ValueId flat = builder.Add(Op::reshape, {a}, {{"shape", Dims{rows, A.back(1)}}});
    const ValueId product = builder.Add(rb == 1 ? Op::mv : Op::mm, {flat, b});
    Dims shape(A.dims().begin(), A.dims().end() - 1);
    if (rb == 2) shape.push_back(B[1]);
    return builder.Add(Op::reshape, {product}, {{"shape", std::move(shape)}});
  }
  // A vector beside a batch of matrices is a matrix of one row or column.
  if (ra == 1 || rb == 1) {
    const int dim = ra == 1 ? -2 : -1;
    const ValueId left = ra == 1 ? builder.Add(Op::unsqueeze, {a}, {{"dim", int64_t{0}}}) : a;
    const ValueId right = rb == 1 ? builder.Add(Op::unsqueeze, {b}, {{"dim", int64_t{1}}}) : b;
    return builder.Add(Op::squeeze, {builder.Add(Op::matmul, {left, right})},
                       {{"dim", Ints{dim}}});
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<GraphPtr> Decompose(const GraphPtr& graph, PassContext& context) {
  if (!AnyNode(*graph, [](Op op) { return op == Op::matmul; })) return graph;
  return RewriteNodes(graph, [&](NodeId n, absl::Span<const ValueId> operands,
                                 GraphBuilder& builder) -> std::optional<std::vector<ValueId>> {
    if (!graph->Is(n, Op::matmul)) return std::nullopt;
    const std::optional<ValueId> product = Matmul(operands[0], operands[1], builder);
    if (!product.has_value()) return std::nullopt;
    context.Note(kMatmul, 0, graph->origins(n).empty() ? 0 : graph->origins(n)[0], 0);
    return std::vector<ValueId>{*product};
  });
}

}  // namespace otium
