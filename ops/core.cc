// SPDX-License-Identifier: Apache-2.0
//
// What graphs are held together with: inputs, constants, sizes as numbers,
// assumptions, casts, calls and fused regions.

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/graph/graph.h"
#include "engine/graph/substitute.h"
#include "ops/core.h"
#include "ops/failure_codes.h"
#include "ops/infer.h"
#include "ops/op.h"

namespace otium {
namespace {

absl::Status InferSame(const OpCall& call, ResultTypes* results) {
  results->push_back(TensorType(call.operand(0).dtype, call.operand(0).shape));
  return absl::OkStatus();
}

void SameStructure(const StructureCall& call, ResultTypes* results) {
  (*results)[0].structure = call.operand(0).structure;
}

// Inputs get their type from who adds them.
absl::Status InferInput(const OpCall&, ResultTypes*) {
  return absl::InternalError("an input has no operands to infer from");
}
constexpr ParamDef kInputParams[] = {RequiredAttr("name", ParamKind::kString)};

constexpr ParamDef kConstantParams[] = {RequiredAttr("value", ParamKind::kConstant),
                                        BoolAttr("weak", false)};

absl::Status InferConstant(const OpCall& call, ResultTypes* results) {
  TensorType type = call.attributes.Get<Tensor>("value").type();
  type.weak = call.attributes.Get<bool>("weak");
  results->push_back(std::move(type));
  return absl::OkStatus();
}

// Facts are read off small constants, whose value is part of every key.
void ConstantStructure(const StructureCall& call, ResultTypes* results) {
  const Tensor& value = call.attributes.Get<Tensor>("value");
  if (value.rank() != 0 || IsComplex(value.dtype())) return;
  const bool positive = DispatchDType(value.dtype(), [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    if constexpr (std::is_same_v<T, std::complex<float>> ||
                  std::is_same_v<T, std::complex<double>>) {
      return false;
    } else {
      return static_cast<double>(static_cast<float>(*value.data<T>())) > 0;
    }
  });
  if (positive) (*results)[0].structure.flags |= kPositive;
}

constexpr ParamDef kSizeParams[] = {RequiredAttr("value", ParamKind::kDim)};

absl::Status InferSize(const OpCall&, ResultTypes* results) {
  TensorType type(DType::kI64, Shape());
  type.weak = true;
  results->push_back(std::move(type));
  return absl::OkStatus();
}

void SizeStructure(const StructureCall&, ResultTypes* results) {
  (*results)[0].structure.flags |= kNonnegative;
}

constexpr ParamDef kAssumeParams[] = {
    TensorParam("x"), RequiredAttr("structure", ParamKind::kStructure), BoolAttr("proved", false)};

absl::Status InferAssume(const OpCall& call, ResultTypes* results) {
  const TensorType& x = call.operand(0);
  const Structure& s = call.attributes.Get<Structure>("structure");
  const uint32_t square =
      kSymmetric | kHermitian | kPsd | kPd | kNonsingular | kOrthogonal | kIdentity | kPermutation;
  if ((s.flags & (kPositive | kNonnegative)) != 0 && x.rank() != 0) {
    return InvalidArgument(Describe("x", x), ", only scalars are positive or nonnegative");
  }
  const bool about_matrices = (s.flags & ~(kPositive | kNonnegative | kZero)) != 0 ||
                              s.lower != kFullBand || s.upper != kFullBand;
  if (about_matrices && x.rank() < 2) {
    return InvalidArgument(Describe("x", x), ", it has no matrices to be ", StructureToString(s));
  }
  if ((s.flags & square) != 0 && !(x.shape.back(1) == x.shape.back(2))) {
    return InvalidArgument(Describe("x", x), ", only square matrices are ", StructureToString(s));
  }
  if ((s.flags & (kFullColumnRank | kOrthonormalColumns)) != 0) {
    const Dim &rows = x.shape.back(2), &columns = x.shape.back(1);
    if (rows.IsStatic() && columns.IsStatic() && rows.value() < columns.value()) {
      return InvalidArgument(Describe("x", x), ", too wide to be ", StructureToString(s),
                             ": that is said of the columns");
    }
  }
  return InferSame(call, results);
}

void AssumeStructure(const StructureCall& call, ResultTypes* results) {
  (*results)[0].structure =
      Join(call.operand(0).structure, call.attributes.Get<Structure>("structure"));
}

// Codes are one more than the number of the flag that does not hold; the bands
// come after the flags. The index is row * columns + column.
std::string AssumeFailure(const OpCall& call, int64_t code, int64_t index) {
  const TensorType& type = call.operand(0);
  const Shape& shape = type.shape;
  const Structure& declared = call.attributes.Get<Structure>("structure");
  Structure fact;
  if (code == kLowerBandCode) fact.lower = declared.lower;
  else if (code == kUpperBandCode) fact.upper = declared.upper;
  else fact.flags = 1u << (code - 1);
  const std::string words =
      absl::StrCat("declared ", WordThatSays(fact, declared, type.dtype, shape));
  if (shape.rank() < 2) return absl::StrCat(words, ", and is not");
  const int64_t columns = std::max<int64_t>(shape.back(1).value(), 1);
  const std::string where = absl::StrCat("[", index / columns, ", ", index % columns, "]");
  if (code == kLowerBandCode || code == kUpperBandCode || fact.flags == kZero) {
    return absl::StrCat(words, ", but element ", where, " is not zero");
  }
  if ((fact.flags & (kFullColumnRank | kOrthonormalColumns)) != 0 &&
      shape.back(2).value() < columns) {
    return absl::StrCat(words, ", but it has more columns than rows");
  }
  return absl::StrCat(words, ", but element ", where, " contradicts it");
}

// `weak` is what MakeNode sets when weak operands of one op are made equal: what
// is arithmetic of weak numbers stays weak (`2 * eye(n)`).
constexpr ParamDef kCastParams[] = {TensorParam("x"), RequiredAttr("dtype", ParamKind::kDType),
                                    BoolAttr("weak", false, /*keyword_only=*/true)};

absl::Status InferCast(const OpCall& call, ResultTypes* results) {
  const DType to = call.attributes.Get<DType>("dtype");
  const TensorType& x = call.operand(0);
  if (IsComplex(x.dtype) && !IsComplex(to) && to != DType::kBool) {
    return InvalidArgument(Describe("x", x), ", a cast to ", DTypeName(to),
                           " would drop the imaginary part: use real(x)");
  }
  results->push_back(TensorType(to, x.shape));
  results->back().weak = x.weak && call.attributes.Get<bool>("weak");
  return absl::OkStatus();
}

// Widening changes no value. Rounding keeps zeros, symmetry and ones, but not
// definiteness, and a small positive number may become 0; an integer does not.
void CastStructure(const StructureCall& call, ResultTypes* results) {
  const Structure& x = call.operand(0).structure;
  const DType from = call.operand(0).dtype, to = (*results)[0].dtype;
  uint32_t kept =
      kSymmetric | kHermitian | kUnitDiagonal | kIdentity | kZero | kPermutation | kNonnegative;
  if (!IsInexact(from)) kept |= kPositive;
  if (IsInexact(from) && PromoteDTypes(from, to) == to) kept = ~uint32_t{0};
  (*results)[0].structure = {x.lower, x.upper, x.flags & kept};
}

constexpr ParamDef kCloneParams[] = {TensorParam("x")};

constexpr ParamDef kOnParams[] = {TensorParam("x"), RequiredAttr("device", ParamKind::kString)};

absl::Status InferOn(const OpCall& call, ResultTypes* results) {
  const auto& device = call.attributes.Get<std::string>("device");
  if (!DeviceFromString(device).has_value()) {
    return InvalidArgument("there is no device ", device, ": use cpu, cuda or cuda:N");
  }
  return InferSame(call, results);
}

constexpr ParamDef kCallParams[] = {TensorsParam("operands"),
                                    RequiredAttr("graph", ParamKind::kGraph)};

absl::Status InferCall(const OpCall& call, ResultTypes* results) {
  const Graph& callee = *call.attributes.Get<GraphPtr>("graph");
  OTIUM_ASSIGN_OR_RETURN(const auto bound, BindCallee(callee, call.operands));
  auto replace = [&](absl::string_view name) -> std::optional<Dim> {
    for (const auto& [n, d] : bound) {
      if (n == name) return d;
    }
    return std::nullopt;
  };
  for (const GraphOutput& out : callee.outputs()) {
    const TensorType& type = callee.type(out.value);
    Dims dims;
    for (const Dim& d : type.shape.dims()) dims.push_back(d.Substitute(replace));
    results->push_back(TensorType(type.dtype, Shape(absl::Span<const Dim>(dims))));
  }
  return absl::OkStatus();
}

// What the callee's results are known to be, they are when the operands are what
// its inputs are declared to be.
void CallStructure(const StructureCall& call, ResultTypes* results) {
  const Graph& body = *call.attributes.Get<GraphPtr>("graph");
  for (int i = 0; i < call.num_operands(); ++i) {
    const TensorType& declared = body.type(body.inputs()[i].value);
    if (!call.operand(i).structure.Implies(declared.structure)) return;
  }
  for (size_t i = 0; i < results->size(); ++i) {
    (*results)[i].structure = body.type(body.outputs()[i].value).structure;
  }
}

}  // namespace

OTIUM_DEFINE_OP(input) = {
    .doc = "A named input of the graph.",
    .params = kInputParams,
    .infer = InferInput,
};

OTIUM_DEFINE_OP(constant) = {
    .doc = "A value known when the graph is made.",
    .params = kConstantParams,
    .traits = kCreationOp,
    .infer = InferConstant,
    .structure = ConstantStructure,
};

OTIUM_DEFINE_OP(size) = {
    .doc = "A size used as a number: i64[], weak.",
    .params = kSizeParams,
    .traits = kCreationOp,
    .infer = InferSize,
    .structure = SizeStructure,
};

OTIUM_DEFINE_OP(assume) = {
    .doc =
        "x, with facts about its structure: declared ones are checked when the graph runs, "
        "proved ones are not.",
    .params = kAssumeParams,
    .traits = kViewOp | kFallible,
    .infer = InferAssume,
    .structure = AssumeStructure,
    .failure = AssumeFailure,
};

OTIUM_DEFINE_OP(cast) = {
    .doc = "x in another dtype, rounded to nearest even; floats become integers by truncation.",
    .params = kCastParams,
    .traits = kPointwiseOp | kConversion | kZeroPreserving,
    .infer = InferCast,
    .structure = CastStructure,
};

OTIUM_DEFINE_OP(clone) = {
    .doc = "x, copied into dense memory of its own.",
    .params = kCloneParams,
    .infer = InferSame,
    .structure = SameStructure,
};

OTIUM_DEFINE_OP(on) = {
    .doc = "x, computed on the given device. Written `z = f(x) on cuda:0`.",
    .params = kOnParams,
    .traits = kViewOp,
    .infer = InferOn,
    .structure = SameStructure,
};

namespace {

// All that the callee computes.
double CallFlops(const OpCall& call, absl::Span<const TensorType>) {
  const Graph& body = *call.attributes.Get<GraphPtr>("graph");
  double flops = 0;
  absl::InlinedVector<const TensorType*, 4> types;
  for (NodeId n = 0; n < body.num_nodes(); ++n) {
    const OpDef& op = body.op(n);
    if (op.id == Op::input || op.id == Op::constant || op.Is(kViewOp)) continue;
    types.clear();
    for (ValueId v : body.operands(n)) types.push_back(v == kNoValue ? nullptr : &body.type(v));
    flops += FlopsOf({op, types, body.attributes(n)}, body.result_types(n));
  }
  return flops;
}

}  // namespace

OTIUM_DEFINE_OP(call) = {
    .doc = "A graph applied to operands: a scope that tools can fold and the planner sees through.",
    .params = kCallParams,
    .num_results = 0,
    .infer = InferCall,
    .structure = CallStructure,
};

OTIUM_DEFINE_OP(fused) = {
    .doc =
        "A graph of pointwise ops, broadcasts and reductions, after a matrix product or none, "
        "that runs as one kernel.",
    .params = kCallParams,
    .num_results = 0,
    .infer = InferCall,
    .structure = CallStructure,
    .flops = CallFlops,
};

Expr clone(Arg x) { return MakeExpr(Op::clone, {std::move(x)}); }

Expr on(Arg x, Device device) {
  return MakeExpr(Op::on, {std::move(x)}, {{"device", DeviceToString(device)}});
}

Expr assume(Arg x, const Structure& structure) {
  // What follows is checked too: a definite matrix is symmetric.
  Structure all = structure;
  if (x.expr() && x.expr().type().rank() >= 2) {
    all = NormalizeStructure(structure, x.expr().dtype(), x.expr().shape());
  }
  return MakeExpr(Op::assume, {std::move(x)}, {{"structure", all}});
}

}  // namespace otium
