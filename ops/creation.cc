// SPDX-License-Identifier: Apache-2.0
//
// Tensors made of nothing: constant fills, ranges, the identity, random numbers.
// Without a dtype the ones that are plain numbers (zeros, ones, full, eye, arange,
// linspace) are weak: they take the dtype of what they meet, and alone become
// i64, f32 or c64.

#include "ops/creation.h"

#include <cmath>
#include <string>

#include "engine/base/status.h"
#include "engine/graph/schema.h"
#include "ops/infer.h"
#include "ops/op.h"

namespace otium {
namespace {

constexpr ParamDef kDTypeParam = NoneAttr("dtype", ParamKind::kDType, /*keyword_only=*/true);

Shape SizeShape(const OpCall& call) {
  return Shape(absl::Span<const Dim>(call.attributes.Get<Dims>("size")));
}

// The dtype given, or weak: `wide` (i64, f64 or c128).
TensorType CreationType(const OpCall& call, Shape shape, DType wide = DType::kF64) {
  const DType* dtype = call.attributes.Find<DType>("dtype");
  TensorType type(dtype != nullptr ? *dtype : wide, std::move(shape));
  type.weak = dtype == nullptr;
  return type;
}

// The type of operand 0, with another dtype when one is given.
TensorType LikeType(const OpCall& call) {
  const DType* dtype = call.attributes.Find<DType>("dtype");
  const TensorType& x = call.operand(0);
  return TensorType(dtype != nullptr ? *dtype : x.dtype, x.shape);
}

constexpr ParamDef kSizeParams[] = {RequiredAttr("size", ParamKind::kDims), kDTypeParam};
constexpr ParamDef kLikeParams[] = {OwnTypeParam("x"), kDTypeParam};

absl::Status InferSized(const OpCall& call, ResultTypes* results) {
  results->push_back(CreationType(call, SizeShape(call)));
  return absl::OkStatus();
}

absl::Status InferLike(const OpCall& call, ResultTypes* results) {
  results->push_back(LikeType(call));
  return absl::OkStatus();
}

void ZeroStructure(const StructureCall&, ResultTypes* results) {
  TensorType& type = (*results)[0];
  type.structure.flags |= kZero;
  if (type.rank() == 0 && !IsComplex(type.dtype)) type.structure.flags |= kNonnegative;
}

// One number everywhere is symmetric, and semidefinite when it is not negative:
// c times the outer product of ones with itself.
void FillStructure(uint32_t fill_flags, TensorType* type) {
  Structure& s = type->structure;
  if (type->rank() == 0) s.flags |= fill_flags & (kNonnegative | kPositive);
  if (type->rank() >= 2 && type->shape.back(1) == type->shape.back(2)) {
    s.flags |= kSymmetric;
    if ((fill_flags & kNonnegative) != 0) s.flags |= kPsd;
  }
}

void OneStructure(const StructureCall&, ResultTypes* results) {
  TensorType& type = (*results)[0];
  FillStructure(IsComplex(type.dtype) ? kNonnegative : kNonnegative | kPositive, &type);
  if (type.rank() == 0 && IsComplex(type.dtype)) type.structure = {};
}

constexpr ParamDef kFullParams[] = {RequiredAttr("size", ParamKind::kDims),
                                    TensorParam("fill_value"), kDTypeParam};
constexpr ParamDef kFullLikeParams[] = {OwnTypeParam("x"), TensorParam("fill_value"), kDTypeParam};

absl::Status CheckFill(const OpCall& call, int i, DType to) {
  const TensorType& fill = call.operand(i);
  OTIUM_RETURN_IF_ERROR(RequireRank(call, i, 0));
  if (IsComplex(fill.dtype) && !IsComplex(to)) {
    return InvalidArgument(Describe("fill_value", fill), ", which ", DTypeName(to), " cannot hold");
  }
  return absl::OkStatus();
}

// As PyTorch: a number that is written down must be one that integers of the result's
// dtype hold; a value that is computed is converted as any is.
absl::Status CheckFillNumber(const OpCall& call, int i, const Tensor& number) {
  if (OperandParam(call.op, i).name != "fill_value") return absl::OkStatus();
  const DType* given = call.attributes.Find<DType>("dtype");
  // full has its number's own dtype, full_like that of x; both stand first.
  const DType to = given != nullptr ? *given : call.operand(0).dtype;
  if (!IsInteger(to)) return absl::OkStatus();
  const bool wide = to == DType::kI64;
  bool fits = true;
  std::string text;
  if (number.dtype() == DType::kI64) {
    const int64_t value = *number.data<int64_t>();
    fits = wide || value == static_cast<int32_t>(value);
    text = absl::StrCat(value);
  } else if (number.dtype() == DType::kF64) {
    const double value = std::trunc(*number.data<double>()), limit = wide ? 0x1p63 : 0x1p31;
    fits = value >= -limit && value < limit;
    text = absl::StrCat(*number.data<double>());
  }
  if (fits) return absl::OkStatus();
  return InvalidArgument("fill_value is ", text, ", which ", DTypeName(to), " cannot hold");
}

absl::Status InferFull(const OpCall& call, ResultTypes* results) {
  const TensorType& fill = call.operand(0);
  TensorType type = CreationType(call, SizeShape(call), fill.dtype);
  type.weak = type.weak && fill.weak;
  OTIUM_RETURN_IF_ERROR(CheckFill(call, 0, type.dtype));
  results->push_back(std::move(type));
  return absl::OkStatus();
}

absl::Status InferFullLike(const OpCall& call, ResultTypes* results) {
  TensorType type = LikeType(call);
  OTIUM_RETURN_IF_ERROR(CheckFill(call, 1, type.dtype));
  results->push_back(std::move(type));
  return absl::OkStatus();
}

// The fill value may change its dtype: truncation keeps the sign, not positivity.
template <int kFill>
void FullStructure(const StructureCall& call, ResultTypes* results) {
  TensorType& type = (*results)[0];
  const Structure& fill = call.operand(kFill).structure;
  if (fill.Has(kZero)) type.structure.flags |= kZero;
  uint32_t flags = fill.flags;
  if (type.dtype != call.operand(kFill).dtype) flags &= ~uint32_t{kPositive};
  FillStructure(IsComplex(type.dtype) ? 0 : flags, &type);
}

constexpr ParamDef kEyeParams[] = {RequiredAttr("n", ParamKind::kDim),
                                   NoneAttr("m", ParamKind::kDim), kDTypeParam};

absl::Status InferEye(const OpCall& call, ResultTypes* results) {
  const Dim& n = call.attributes.Get<Dim>("n");
  const Dim* m = call.attributes.Find<Dim>("m");
  results->push_back(CreationType(call, Shape({n, m != nullptr ? *m : n})));
  return absl::OkStatus();
}

void EyeStructure(const StructureCall&, ResultTypes* results) {
  TensorType& type = (*results)[0];
  type.structure.lower = type.structure.upper = 0;
  type.structure.flags |= kUnitDiagonal;
  if (type.shape[0] == type.shape[1]) type.structure.flags |= kIdentity;
}

constexpr ParamDef kArangeParams[] = {
    RequiredAttr("start", ParamKind::kNumber),
    NoneAttr("end", ParamKind::kNumber),
    {"step", ParamKind::kNumber, {.kind = ParamDefault::kInt, .integer = 1}},
    kDTypeParam};

std::string NumberToString(const AttributeValue& number) {
  const auto* dim = std::get_if<Dim>(&number);
  return dim != nullptr ? dim->ToString() : absl::StrCat(std::get<double>(number));
}

// How many elements start, start + step, ... come before end.
absl::StatusOr<Dim> RangeLength(const ArangeNumbers& r) {
  const auto* start = std::get_if<Dim>(&r.start);
  const auto* end = std::get_if<Dim>(&r.end);
  const auto* step = std::get_if<Dim>(&r.step);
  auto backwards = [&] {
    return InvalidArgument("the step ", NumberToString(r.step), " does not lead from ",
                           NumberToString(r.start), " to ", NumberToString(r.end));
  };
  if (start != nullptr && end != nullptr && step != nullptr) {
    if (!step->IsStatic()) {
      return InvalidArgument("the step is ", step->ToString(), ", it must be a known number");
    }
    const int64_t by = step->value();
    if (by == 0) return InvalidArgument("the step is 0");
    const Dim distance = by > 0 ? *end - *start : *start - *end;
    if (distance.IsStatic() && distance.value() < 0) return backwards();
    const int64_t size = by > 0 ? by : -by;
    return size == 1 ? distance : Dim::FloorDiv(distance + Dim(size - 1), Dim(size));
  }
  double values[3];
  const AttributeValue* numbers[] = {&r.start, &r.end, &r.step};
  for (int i = 0; i < 3; ++i) {
    const auto* dim = std::get_if<Dim>(numbers[i]);
    if (dim != nullptr && !dim->IsStatic()) {
      return InvalidArgument("the size ", dim->ToString(),
                             " meets a floating number: the length would be unknown");
    }
    values[i] = dim != nullptr ? static_cast<double>(dim->value()) : std::get<double>(*numbers[i]);
    if (!std::isfinite(values[i])) return InvalidArgument("the range is not finite");
  }
  if (values[2] == 0) return InvalidArgument("the step is 0");
  const double length = std::ceil((values[1] - values[0]) / values[2]);
  if (length < 0) return backwards();
  // Of a longer range the caller says that the result is too large.
  return Dim(static_cast<int64_t>(std::min(length, 0x1p61)));
}

absl::Status InferArange(const OpCall& call, ResultTypes* results) {
  const ArangeNumbers range = ArangeNumbersOf(call.attributes);
  OTIUM_ASSIGN_OR_RETURN(Dim length, RangeLength(range));
  bool floating = false;
  for (const AttributeValue* n : {&range.start, &range.end, &range.step}) {
    floating = floating || std::holds_alternative<double>(*n);
  }
  TensorType type =
      CreationType(call, Shape({std::move(length)}), floating ? DType::kF64 : DType::kI64);
  if (type.dtype == DType::kBool || IsComplex(type.dtype)) {
    return InvalidArgument("dtype is ", DTypeName(type.dtype), ", it must be integer or floating");
  }
  results->push_back(std::move(type));
  return absl::OkStatus();
}

constexpr ParamDef kLinspaceParams[] = {RequiredAttr("start", ParamKind::kNumber),
                                        RequiredAttr("end", ParamKind::kNumber),
                                        RequiredAttr("steps", ParamKind::kDim), kDTypeParam};

absl::Status InferLinspace(const OpCall& call, ResultTypes* results) {
  TensorType type = CreationType(call, Shape({call.attributes.Get<Dim>("steps")}));
  if (type.dtype == DType::kBool) return InvalidArgument("dtype is bool, it must be a number's");
  results->push_back(std::move(type));
  return absl::OkStatus();
}

constexpr ParamDef kStreamParam = IntAttr("stream", -1, /*keyword_only=*/true);
constexpr ParamDef kRandParams[] = {RequiredAttr("size", ParamKind::kDims), kDTypeParam,
                                    kStreamParam};
constexpr ParamDef kRandLikeParams[] = {OwnTypeParam("x"), kDTypeParam, kStreamParam};

absl::Status RandomResult(TensorType type, ResultTypes* results) {
  if (!IsInexact(type.dtype)) {
    return InvalidArgument("dtype is ", DTypeName(type.dtype), ", it must be floating or complex");
  }
  results->push_back(std::move(type));
  return absl::OkStatus();
}

absl::Status InferRandom(const OpCall& call, ResultTypes* results) {
  const DType* given = call.attributes.Find<DType>("dtype");
  return RandomResult(TensorType(given != nullptr ? *given : DType::kF32, SizeShape(call)),
                      results);
}

absl::Status InferRandomLike(const OpCall& call, ResultTypes* results) {
  return RandomResult(LikeType(call), results);
}

double RandomFlops(const OpCall&, absl::Span<const TensorType> results) {
  return 20 * static_cast<double>(results[0].shape.NumElements());
}

}  // namespace

ArangeNumbers ArangeNumbersOf(const Attributes& attributes) {
  const bool only_end = std::holds_alternative<std::monostate>(attributes["end"]);
  return {only_end ? AttributeValue(Dim(0)) : attributes["start"],
          only_end ? attributes["start"] : attributes["end"], attributes["step"]};
}

OTIUM_DEFINE_OP(zeros) = {
    .doc = "Zeros of the given size.",
    .params = kSizeParams,
    .traits = kCreationOp,
    .infer = InferSized,
    .structure = ZeroStructure,
};
OTIUM_DEFINE_OP(ones) = {
    .doc = "Ones of the given size.",
    .params = kSizeParams,
    .traits = kCreationOp,
    .infer = InferSized,
    .structure = OneStructure,
};
OTIUM_DEFINE_OP(full) = {
    .doc = "The number fill_value (0-D) everywhere, converted to the dtype when one is given.",
    .params = kFullParams,
    .traits = kConversion,
    .infer = InferFull,
    .check_number = CheckFillNumber,
    .structure = FullStructure<0>,
};
OTIUM_DEFINE_OP(eye) = {
    .doc = "The identity of n rows and m columns (n when m is not given).",
    .params = kEyeParams,
    .traits = kCreationOp,
    .infer = InferEye,
    .structure = EyeStructure,
};
OTIUM_DEFINE_OP(arange) = {
    .doc =
        "start, start + step, ... before end; arange(end) starts at 0. Integers (and sizes) "
        "give integers.",
    .params = kArangeParams,
    .traits = kCreationOp,
    .infer = InferArange,
};
OTIUM_DEFINE_OP(linspace) = {
    .doc = "`steps` numbers at equal distances from start to end, both included.",
    .params = kLinspaceParams,
    .traits = kCreationOp,
    .infer = InferLinspace,
};
OTIUM_DEFINE_OP(zeros_like) = {
    .doc = "Zeros of the size and dtype of x.",
    .params = kLikeParams,
    .traits = kCreationOp,
    .infer = InferLike,
    .structure = ZeroStructure,
};
OTIUM_DEFINE_OP(ones_like) = {
    .doc = "Ones of the size and dtype of x.",
    .params = kLikeParams,
    .traits = kCreationOp,
    .infer = InferLike,
    .structure = OneStructure,
};
OTIUM_DEFINE_OP(full_like) = {
    .doc = "The number fill_value (0-D) everywhere, in the size and dtype of x.",
    .params = kFullLikeParams,
    .traits = kConversion,
    .infer = InferFullLike,
    .check_number = CheckFillNumber,
    .structure = FullStructure<1>,
};
OTIUM_DEFINE_OP(rand) = {
    .doc =
        "Uniform numbers in [0, 1), pure in (seed of the run, stream): the same on every device "
        "and for any number of threads. The stream is the op's ordinal in its graph.",
    .params = kRandParams,
    .traits = kCreationOp | kRandomOp,
    .infer = InferRandom,
    .flops = RandomFlops,
};
OTIUM_DEFINE_OP(randn) = {
    .doc =
        "Normal numbers of mean 0 and variance 1, by the rules of rand; of complex numbers "
        "the parts have variance 1/2 each.",
    .params = kRandParams,
    .traits = kCreationOp | kRandomOp,
    .infer = InferRandom,
    .flops = RandomFlops,
};
OTIUM_DEFINE_OP(rand_like) = {
    .doc = "rand in the size and dtype of x.",
    .params = kRandLikeParams,
    .traits = kCreationOp | kRandomOp,
    .infer = InferRandomLike,
    .flops = RandomFlops,
};
OTIUM_DEFINE_OP(randn_like) = {
    .doc = "randn in the size and dtype of x.",
    .params = kRandLikeParams,
    .traits = kCreationOp | kRandomOp,
    .infer = InferRandomLike,
    .flops = RandomFlops,
};

namespace {

void AddDType(std::optional<DType> dtype, std::vector<NamedAttribute>* attributes) {
  if (dtype.has_value()) attributes->push_back({"dtype", *dtype});
}

Expr MakeCreation(Op op, std::vector<NamedAttribute> attributes, std::optional<DType> dtype,
                  std::source_location location) {
  AddDType(dtype, &attributes);
  return MakeExpr(op, Operands{}, std::move(attributes), SourcePosition::From(location));
}

Expr MakeFill(Op op, std::initializer_list<Arg> operands, std::vector<NamedAttribute> attributes,
              std::optional<DType> dtype) {
  AddDType(dtype, &attributes);
  return MakeExpr(op, operands, std::move(attributes));
}

}  // namespace

Expr zeros(Dims size, std::optional<DType> dtype, std::source_location location) {
  return MakeCreation(Op::zeros, {{"size", std::move(size)}}, dtype, location);
}
Expr ones(Dims size, std::optional<DType> dtype, std::source_location location) {
  return MakeCreation(Op::ones, {{"size", std::move(size)}}, dtype, location);
}
Expr full(Dims size, Arg fill_value, std::optional<DType> dtype) {
  return MakeFill(Op::full, {fill_value}, {{"size", std::move(size)}}, dtype);
}
Expr eye(Dim n, std::optional<Dim> m, std::optional<DType> dtype, std::source_location location) {
  std::vector<NamedAttribute> attributes = {{"n", std::move(n)}};
  if (m.has_value()) attributes.push_back({"m", *std::move(m)});
  return MakeCreation(Op::eye, std::move(attributes), dtype, location);
}
Expr arange(Number end, std::optional<DType> dtype, std::source_location location) {
  return MakeCreation(Op::arange, {{"start", std::move(end).value()}}, dtype, location);
}
Expr arange(Number start, Number end, Number step, std::optional<DType> dtype,
            std::source_location location) {
  return MakeCreation(Op::arange,
                      {{"start", std::move(start).value()},
                       {"end", std::move(end).value()},
                       {"step", std::move(step).value()}},
                      dtype, location);
}
Expr linspace(Number start, Number end, Dim steps, std::optional<DType> dtype,
              std::source_location location) {
  return MakeCreation(Op::linspace,
                      {{"start", std::move(start).value()},
                       {"end", std::move(end).value()},
                       {"steps", std::move(steps)}},
                      dtype, location);
}
Expr rand(Dims size, std::optional<DType> dtype, std::source_location location) {
  return MakeCreation(Op::rand, {{"size", std::move(size)}}, dtype, location);
}
Expr randn(Dims size, std::optional<DType> dtype, std::source_location location) {
  return MakeCreation(Op::randn, {{"size", std::move(size)}}, dtype, location);
}
Expr zeros_like(Arg x, std::optional<DType> dtype) {
  return MakeFill(Op::zeros_like, {x}, {}, dtype);
}
Expr ones_like(Arg x, std::optional<DType> dtype) {
  return MakeFill(Op::ones_like, {x}, {}, dtype);
}
Expr full_like(Arg x, Arg fill_value, std::optional<DType> dtype) {
  return MakeFill(Op::full_like, {x, fill_value}, {}, dtype);
}
Expr rand_like(Arg x, std::optional<DType> dtype) {
  return MakeFill(Op::rand_like, {x}, {}, dtype);
}
Expr randn_like(Arg x, std::optional<DType> dtype) {
  return MakeFill(Op::randn_like, {x}, {}, dtype);
}

}  // namespace otium
