// SPDX-License-Identifier: Apache-2.0
#include "ops/infer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/base/status.h"
#include "engine/graph/graph.h"
#include "engine/graph/schema.h"

namespace otium {

absl::StatusOr<int> NormalizeDim(int64_t dim, int rank) {
  const int64_t range = std::max(rank, 1);
  if (dim < -range || dim >= range) {
    return InvalidArgument("dimension ", dim, " is out of range [", -range, ", ", range - 1, "]");
  }
  return static_cast<int>(dim < 0 ? dim + range : dim);
}

absl::StatusOr<std::vector<int>> NormalizeDims(const Ints* dims, int rank) {
  std::vector<int> result;
  if (dims == nullptr) {
    result.resize(rank);
    std::iota(result.begin(), result.end(), 0);
    return result;
  }
  for (int64_t d : *dims) {
    OTIUM_ASSIGN_OR_RETURN(const int dim, NormalizeDim(d, rank));
    if (std::find(result.begin(), result.end(), dim) != result.end()) {
      return InvalidArgument("dimension ", d, " appears twice");
    }
    result.push_back(dim);
  }
  return result;
}

absl::StatusOr<std::vector<int>> ReducedDims(const OpDef& op, const Attributes& attributes,
                                             int rank) {
  const Ints* dims = attributes.Find<Ints>("dim");
  const bool empty_is_all = op.id != Op::all && op.id != Op::any;
  if (dims != nullptr && dims->empty() && empty_is_all) dims = nullptr;
  return NormalizeDims(dims, rank);
}

absl::StatusOr<Shape> ReducedShape(const OpCall& call) {
  const Shape& x = call.operand(0).shape;
  OTIUM_ASSIGN_OR_RETURN(const std::vector<int> dims,
                         ReducedDims(call.op, call.attributes, x.rank()));
  const bool keepdim = call.attributes.Get<bool>("keepdim");
  Dims shape;
  for (int d = 0; d < x.rank(); ++d) {
    const bool reduced = std::find(dims.begin(), dims.end(), d) != dims.end();
    if (!reduced) shape.push_back(x[d]);
    if (reduced && keepdim) shape.push_back(1);
  }
  return Shape(absl::Span<const Dim>(shape));
}

absl::Status RequireNonemptyReduction(const OpCall& call) {
  const TensorType& x = call.operand(0);
  OTIUM_ASSIGN_OR_RETURN(const std::vector<int> dims,
                         ReducedDims(call.op, call.attributes, x.rank()));
  for (int d : dims) {
    if (d < x.rank() && x.shape[d].Is(0)) {
      return InvalidArgument(Describe("x", x), ", dimension ", d,
                             " is empty, and of nothing it is not defined");
    }
  }
  return absl::OkStatus();
}

namespace {
std::string Name(const OpCall& call, int i) { return OperandName(call.op, i); }
}  // namespace

absl::Status RequireRank(const OpCall& call, int i, int rank) {
  if (call.operand(i).rank() == rank) return absl::OkStatus();
  return InvalidArgument(Describe(Name(call, i), call.operand(i)), ", it must have ", rank,
                         rank == 1 ? " dimension" : " dimensions");
}

absl::Status RequireRankAtLeast(const OpCall& call, int i, int rank) {
  if (call.operand(i).rank() >= rank) return absl::OkStatus();
  return InvalidArgument(Describe(Name(call, i), call.operand(i)), ", it must have at least ", rank,
                         rank == 1 ? " dimension" : " dimensions");
}

absl::Status RequireSquare(const OpCall& call, int i) {
  OTIUM_RETURN_IF_ERROR(RequireRankAtLeast(call, i, 2));
  const Shape& s = call.operand(i).shape;
  if (s.back(1) == s.back(2)) return absl::OkStatus();
  return InvalidArgument(Describe(Name(call, i), call.operand(i)), ", its matrices must be square");
}

absl::Status RequireCategory(const OpCall& call, int i, uint32_t categories) {
  const TensorType& type = call.operand(i);
  if ((categories & CategoryBit(Category(type.dtype))) != 0) return absl::OkStatus();
  constexpr absl::string_view kNames[] = {"bool", "integer", "floating", "complex"};
  std::string names;
  for (int c = 0; c < 4; ++c) {
    if ((categories >> c & 1) == 0) continue;
    const bool last = (categories >> (c + 1)) == 0;
    absl::StrAppend(&names, names.empty() ? "" : last ? " or " : ", ", kNames[c]);
  }
  const absl::string_view article = names[0] == 'i' ? "an " : "a ";
  return InvalidArgument(Describe(Name(call, i), type), ", it must be of ", article, names,
                         " dtype");
}

absl::Status RequireSameSize(const OpCall& call, int i, const Dim& of_i, int j, const Dim& of_j) {
  if (of_i == of_j) return absl::OkStatus();
  return InvalidArgument(Describe(Name(call, i), call.operand(i)), " and ",
                         Describe(Name(call, j), call.operand(j)), ": ", of_i.ToString(),
                         " is not ", of_j.ToString());
}

absl::StatusOr<Shape> BroadcastOperands(const OpCall& call) {
  Shape shape;
  for (int i = 0; i < call.num_operands(); ++i) {
    if (!call.Has(i)) continue;
    OTIUM_ASSIGN_OR_RETURN(shape, BroadcastShapes(shape, call.operand(i).shape));
  }
  return shape;
}

Definition DefinitionOf(const StructureCall& call, int i) {
  const NodeId n = call.graph.producer(call.values[i]);
  return {&call.graph.op(n), call.graph.operands(n), &call.graph.attributes(n)};
}

std::optional<double> ScalarConstant(const Graph& graph, ValueId value) {
  NodeId n = graph.producer(value);
  const bool cast = graph.Is(n, Op::cast) && IsFloat(graph.type(value).dtype);
  if (cast) n = graph.producer(graph.operands(n)[0]);
  if (!graph.Is(n, Op::constant)) return std::nullopt;
  const Tensor& tensor = graph.attributes(n).Get<Tensor>("value");
  if (tensor.rank() != 0) return std::nullopt;
  const auto number = DispatchDType(tensor.dtype(), [&]<class Tag>(Tag) -> std::optional<double> {
    using T = typename Tag::type;
    if constexpr (std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>) {
      return static_cast<float>(*tensor.data<T>());
    } else if constexpr (std::is_arithmetic_v<T>) {
      return static_cast<double>(*tensor.data<T>());
    } else {
      return std::nullopt;
    }
  });
  if (!cast || !number.has_value() || *number == 0) return number;
  const double magnitude = std::abs(*number);  // Within binary16, the narrowest.
  return magnitude > 1e-4 && magnitude < 6e4 ? number : std::nullopt;
}

bool SwapsLastTwo(const Attributes& attributes, int rank) {
  int64_t a = attributes.Get<int64_t>("dim0"), b = attributes.Get<int64_t>("dim1");
  if (a < 0) a += rank;
  if (b < 0) b += rank;
  return rank >= 2 && std::min(a, b) == rank - 2 && std::max(a, b) == rank - 1;
}

namespace {
// What `v` is the transpose of, or kNoValue.
ValueId Transposed(const Graph& graph, ValueId v) {
  const NodeId n = graph.producer(v);
  if (!graph.Is(n, Op::transpose) || !SwapsLastTwo(graph.attributes(n), graph.type(v).rank())) {
    return kNoValue;
  }
  return graph.operands(n)[0];
}
ValueId Conjugated(const Graph& graph, ValueId v) {
  const NodeId n = graph.producer(v);
  return graph.Is(n, Op::conj) ? graph.operands(n)[0] : kNoValue;
}
}  // namespace

bool IsTransposeOf(const Graph& graph, ValueId a, ValueId b) {
  return Transposed(graph, a) == b || Transposed(graph, b) == a;
}

bool IsAdjointOf(const Graph& graph, ValueId a, ValueId b) {
  if (!IsComplex(graph.type(a).dtype)) return IsTransposeOf(graph, a, b);
  auto adjoint = [&](ValueId x, ValueId y) {
    const ValueId c = Conjugated(graph, x);
    if (c != kNoValue && Transposed(graph, c) == y) return true;
    const ValueId t = Transposed(graph, x);
    return t != kNoValue && Conjugated(graph, t) == y;
  };
  return adjoint(a, b) || adjoint(b, a);
}

}  // namespace otium
