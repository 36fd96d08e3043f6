// SPDX-License-Identifier: Apache-2.0
//
// Reductions over chosen dimensions (all of them by default), with keepdim.

#include "ops/reduction.h"

#include <algorithm>
#include <utility>

#include "engine/base/status.h"
#include "engine/graph/graph.h"
#include "ops/infer.h"
#include "ops/op.h"

namespace otium {
namespace {

constexpr ParamDef kReduceParams[] = {TensorParam("x"), NoneAttr("dim", ParamKind::kInts),
                                      BoolAttr("keepdim", false)};

constexpr ParamDef kSumParams[] = {TensorParam("x"), NoneAttr("dim", ParamKind::kInts),
                                   BoolAttr("keepdim", false), kCastParam};

absl::Status InferReduced(const OpCall& call, uint32_t categories, DType result,
                          ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireCategory(call, 0, categories));
  OTIUM_ASSIGN_OR_RETURN(Shape shape, ReducedShape(call));
  results->push_back(TensorType(result, std::move(shape)));
  return absl::OkStatus();
}

template <uint32_t kCategories>
absl::Status InferSameDType(const OpCall& call, ResultTypes* results) {
  return InferReduced(call, kCategories, call.operand(0).dtype, results);
}

// Integer sums and products are i64.
absl::Status InferSum(const OpCall& call, ResultTypes* results) {
  const DType d = call.operand(0).dtype;
  return InferReduced(call, kAllCategories, IsInexact(d) ? d : DType::kI64, results);
}

template <DType kResult>
absl::Status InferFixed(const OpCall& call, ResultTypes* results) {
  return InferReduced(call, kAllCategories, kResult, results);
}

absl::Status InferExtremum(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireNonemptyReduction(call));
  return InferSameDType<kRealCategories>(call, results);
}

absl::Status InferArgExtremum(const OpCall& call, ResultTypes* results) {
  const Ints* dim = call.attributes.Find<Ints>("dim");
  if (dim != nullptr && dim->size() != 1) {
    return InvalidArgument("dim has ", dim->size(), " dimensions, it must be one or none");
  }
  OTIUM_RETURN_IF_ERROR(RequireNonemptyReduction(call));
  return InferReduced(call, kRealNumberCategories, DType::kI64, results);
}

constexpr ParamDef kVarParams[] = {TensorParam("x"), NoneAttr("dim", ParamKind::kInts),
                                   FloatAttr("correction", 1, /*keyword_only=*/true),
                                   BoolAttr("keepdim", false)};
constexpr absl::string_view kVarMeanResults[] = {"var", "mean"};

absl::Status InferVar(const OpCall& call, ResultTypes* results) {
  return InferReduced(call, kInexactCategories, RealDType(call.operand(0).dtype), results);
}

absl::Status InferVarMean(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(InferVar(call, results));
  results->push_back(TensorType(call.operand(0).dtype, (*results)[0].shape));
  return absl::OkStatus();
}

constexpr ParamDef kLogSumExpParams[] = {TensorParam("x"), RequiredAttr("dim", ParamKind::kInts),
                                         BoolAttr("keepdim", false)};

// Integers give f32.
absl::Status InferLogSumExp(const OpCall& call, ResultTypes* results) {
  const DType d = call.operand(0).dtype;
  return InferReduced(call, kAllCategories, IsInexact(d) ? d : DType::kF32, results);
}

constexpr ParamDef kTraceParams[] = {TensorParam("A")};

// Batches are an extension: PyTorch's trace takes one matrix.
absl::Status InferTrace(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireRankAtLeast(call, 0, 2));
  OTIUM_RETURN_IF_ERROR(RequireCategory(call, 0, kNumericCategories));
  const TensorType& A = call.operand(0);
  results->push_back(TensorType(IsInexact(A.dtype) ? A.dtype : DType::kI64, BatchShape(A.shape)));
  return absl::OkStatus();
}

// Structure: signs of floating scalars.

// Whether every element of operand 0 is known not to be negative, because it is a
// square, an absolute value, an exponential or the like.
bool ElementsAreNonnegative(const StructureCall& call) {
  const TensorType& x = call.operand(0);
  if (!IsFloat(x.dtype)) return false;
  if (x.structure.Has(kNonnegative) || x.structure.Has(kZero)) return true;
  const Definition d = DefinitionOf(call, 0);
  switch (d.op->id) {
    case Op::abs:
    case Op::square:
    case Op::exp:
    case Op::sigmoid:
    case Op::relu:
    case Op::rand: return true;
    case Op::mul: return d.operands[0] == d.operands[1];
    case Op::pow: return ScalarConstant(call.graph, d.operands[1]) == 2.0;
    default: return false;
  }
}

// Sums, products, means and extrema of what is not negative are not negative. Of
// zeros, sums and extrema are zero; a product or mean may be of nothing.
void NonnegativeStructure(const StructureCall& call, ResultTypes* results) {
  TensorType& type = (*results)[0];
  const bool of_nothing = call.op.id == Op::prod || call.op.id == Op::mean;
  if (call.operand(0).structure.Has(kZero) && !of_nothing) type.structure.flags |= kZero;
  if (type.rank() == 0 && ElementsAreNonnegative(call)) type.structure.flags |= kNonnegative;
}

void VarStructure(const StructureCall&, ResultTypes* results) {
  if ((*results)[0].rank() == 0) (*results)[0].structure.flags |= kNonnegative;
}

// The trace of a semidefinite matrix is not negative.
void TraceStructure(const StructureCall& call, ResultTypes* results) {
  const Structure& A = call.operand(0).structure;
  TensorType& type = (*results)[0];
  if (A.Has(kZero)) type.structure.flags |= kZero;
  if (type.rank() == 0 && IsFloat(type.dtype) && A.Has(kPsd)) type.structure.flags |= kNonnegative;
}

template <int kEach>
double OperandFlops(const OpCall& call, absl::Span<const TensorType>) {
  return kEach * static_cast<double>(call.operand(0).shape.NumElements());
}

}  // namespace

OTIUM_DEFINE_OP(sum) = {
    .doc = "The sum over the dimensions `dim` (all when none); integers give i64.",
    .params = kSumParams,
    .traits = kReductionOp | kCastsOperand,
    .infer = InferSum,
    .structure = NonnegativeStructure,
    .flops = OperandFlops<1>,
};
OTIUM_DEFINE_OP(prod) = {
    .doc = "The product over the dimensions `dim` (all when none); integers give i64.",
    .params = kSumParams,
    .traits = kReductionOp | kCastsOperand,
    .infer = InferSum,
    .structure = NonnegativeStructure,
    .flops = OperandFlops<1>,
};
OTIUM_DEFINE_OP(mean) = {
    .doc = "The mean over the dimensions `dim` (all when none); NaN of nothing.",
    .params = kSumParams,
    .traits = kReductionOp | kCastsOperand,
    .infer = InferSameDType<kInexactCategories>,
    .structure = NonnegativeStructure,
    .flops = OperandFlops<1>,
};
OTIUM_DEFINE_OP(var) = {
    .doc = "The variance, divided by max(n - correction, 0), over the dimensions `dim`.",
    .params = kVarParams,
    .traits = kReductionOp,
    .infer = InferVar,
    .structure = VarStructure,
    .flops = OperandFlops<4>,
};
OTIUM_DEFINE_OP(std) = {
    .doc = "The standard deviation: the square root of var.",
    .params = kVarParams,
    .traits = kReductionOp,
    .infer = InferVar,
    .structure = VarStructure,
    .flops = OperandFlops<4>,
};
OTIUM_DEFINE_OP(var_mean) = {
    .doc =
        "The variance, divided by max(n - correction, 0), and the mean over the dimensions "
        "`dim`.",
    .params = kVarParams,
    .num_results = 2,
    .result_names = kVarMeanResults,
    .traits = kReductionOp,
    .infer = InferVarMean,
    .structure = VarStructure,
    .flops = OperandFlops<4>,
};
OTIUM_DEFINE_OP(amax) = {
    .doc = "The largest element over the dimensions `dim`; NaN when there is one.",
    .params = kReduceParams,
    .traits = kReductionOp,
    .infer = InferExtremum,
    .structure = NonnegativeStructure,
    .flops = OperandFlops<1>,
};
OTIUM_DEFINE_OP(amin) = {
    .doc = "The smallest element over the dimensions `dim`; NaN when there is one.",
    .params = kReduceParams,
    .traits = kReductionOp,
    .infer = InferExtremum,
    .structure = NonnegativeStructure,
    .flops = OperandFlops<1>,
};
OTIUM_DEFINE_OP(argmax) = {
    .doc =
        "The index of the first largest element, or of the first NaN, along one dimension, or "
        "in row-major order when dim is none.",
    .params = kReduceParams,
    .traits = kReductionOp,
    .infer = InferArgExtremum,
    .flops = OperandFlops<1>,
};
OTIUM_DEFINE_OP(argmin) = {
    .doc =
        "The index of the first smallest element, or of the first NaN, along one dimension, or "
        "in row-major order when dim is none.",
    .params = kReduceParams,
    .traits = kReductionOp,
    .infer = InferArgExtremum,
    .flops = OperandFlops<1>,
};
OTIUM_DEFINE_OP(all) = {
    .doc = "Whether every element over the dimensions `dim` is not 0; true of nothing.",
    .params = kReduceParams,
    .traits = kReductionOp,
    .infer = InferFixed<DType::kBool>,
    .flops = OperandFlops<1>,
};
OTIUM_DEFINE_OP(any) = {
    .doc = "Whether some element over the dimensions `dim` is not 0; false of nothing.",
    .params = kReduceParams,
    .traits = kReductionOp,
    .infer = InferFixed<DType::kBool>,
    .flops = OperandFlops<1>,
};
OTIUM_DEFINE_OP(count_nonzero) = {
    .doc = "How many elements over the dimensions `dim` are not 0 (NaN is not): i64.",
    .params = kReduceParams,
    .traits = kReductionOp,
    .infer = InferFixed<DType::kI64>,
    .flops = OperandFlops<1>,
};
OTIUM_DEFINE_OP(logsumexp) = {
    .doc = "log(sum(exp(x))) over the dimensions `dim`, without overflow on the way.",
    .params = kLogSumExpParams,
    .traits = kReductionOp,
    .infer = InferLogSumExp,
    .flops = OperandFlops<20>,
};
OTIUM_DEFINE_OP(trace) = {
    .doc = "The sum of the main diagonal, of each matrix of a batch; integers give i64.",
    .params = kTraceParams,
    .infer = InferTrace,
    .structure = TraceStructure,
    .flops =
        [](const OpCall& call, absl::Span<const TensorType> results) {
          const Shape& A = call.operand(0).shape;
          const int64_t diagonal = std::min(A.back(1).value(), A.back(2).value());
          return static_cast<double>(diagonal * results[0].shape.NumElements());
        },
};

namespace {

Expr Reduce(Op op, Arg x, std::optional<Ints> dim, bool keepdim,
            std::optional<double> correction = std::nullopt) {
  std::vector<NamedAttribute> attributes = {{"keepdim", keepdim}};
  if (dim.has_value()) attributes.push_back({"dim", *std::move(dim)});
  if (correction.has_value()) attributes.push_back({"correction", *correction});
  return MakeExpr(op, {x}, std::move(attributes));
}

Expr ReduceAs(Op op, Arg x, std::optional<Ints> dim, bool keepdim, std::optional<DType> dtype) {
  std::vector<NamedAttribute> attributes = {{"keepdim", keepdim}};
  if (dim.has_value()) attributes.push_back({"dim", *std::move(dim)});
  if (dtype.has_value()) attributes.push_back({"dtype", *dtype});
  return MakeExpr(op, {x}, std::move(attributes));
}

std::optional<Ints> OneDim(std::optional<int64_t> dim) {
  return dim.has_value() ? std::optional<Ints>(Ints{*dim}) : std::nullopt;
}

}  // namespace

Expr sum(Arg x, DimsArg dim, bool keepdim, std::optional<DType> dtype) {
  return ReduceAs(Op::sum, x, std::move(dim), keepdim, dtype);
}
Expr prod(Arg x, DimsArg dim, bool keepdim, std::optional<DType> dtype) {
  return ReduceAs(Op::prod, x, std::move(dim), keepdim, dtype);
}
Expr mean(Arg x, DimsArg dim, bool keepdim, std::optional<DType> dtype) {
  return ReduceAs(Op::mean, x, std::move(dim), keepdim, dtype);
}
Expr var(Arg x, DimsArg dim, double correction, bool keepdim) {
  return Reduce(Op::var, x, std::move(dim), keepdim, correction);
}
Expr std(Arg x, DimsArg dim, double correction, bool keepdim) {
  return Reduce(Op::std, x, std::move(dim), keepdim, correction);
}
std::pair<Expr, Expr> var_mean(Arg x, DimsArg dim, double correction, bool keepdim) {
  const Expr var = Reduce(Op::var_mean, x, std::move(dim), keepdim, correction);
  return {var, Expr(var.node_ptr(), 1)};
}
Expr amax(Arg x, DimsArg dim, bool keepdim) { return Reduce(Op::amax, x, std::move(dim), keepdim); }
Expr amin(Arg x, DimsArg dim, bool keepdim) { return Reduce(Op::amin, x, std::move(dim), keepdim); }
Expr argmax(Arg x, std::optional<int64_t> dim, bool keepdim) {
  return Reduce(Op::argmax, x, OneDim(dim), keepdim);
}
Expr argmin(Arg x, std::optional<int64_t> dim, bool keepdim) {
  return Reduce(Op::argmin, x, OneDim(dim), keepdim);
}
Expr all(Arg x, DimsArg dim, bool keepdim) { return Reduce(Op::all, x, std::move(dim), keepdim); }
Expr any(Arg x, DimsArg dim, bool keepdim) { return Reduce(Op::any, x, std::move(dim), keepdim); }
Expr count_nonzero(Arg x, DimsArg dim, bool keepdim) {
  return Reduce(Op::count_nonzero, x, std::move(dim), keepdim);
}
Expr logsumexp(Arg x, Ints dim, bool keepdim) {
  return Reduce(Op::logsumexp, x, std::move(dim), keepdim);
}
Expr trace(Arg A) { return MakeExpr(Op::trace, {A}); }

}  // namespace otium
