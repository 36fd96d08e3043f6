// SPDX-License-Identifier: Apache-2.0
//
// Tensors made of nothing: eye, rand.

#include "ops/creation.h"

#include "engine/base/status.h"
#include "ops/infer.h"
#include "ops/op.h"

namespace otium {
namespace {

// The dtype given, or a weak f64, which alone becomes f32.
TensorType CreationType(const OpCall& call, Shape shape) {
  const DType* dtype = call.attributes.Find<DType>("dtype");
  TensorType type(dtype != nullptr ? *dtype : DType::kF64, std::move(shape));
  type.weak = dtype == nullptr;
  return type;
}

constexpr ParamDef kEyeParams[] = {RequiredAttr("n", ParamKind::kDim),
                                   NoneAttr("m", ParamKind::kDim),
                                   NoneAttr("dtype", ParamKind::kDType, /*keyword_only=*/true)};

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

constexpr ParamDef kRandParams[] = {RequiredAttr("size", ParamKind::kDims),
                                    NoneAttr("dtype", ParamKind::kDType, /*keyword_only=*/true),
                                    IntAttr("stream", -1, /*keyword_only=*/true)};

absl::Status InferRand(const OpCall& call, ResultTypes* results) {
  const DType* given = call.attributes.Find<DType>("dtype");
  const DType dtype = given != nullptr ? *given : DType::kF32;
  if (!IsInexact(dtype)) {
    return InvalidArgument("dtype is ", DTypeName(dtype), ", it must be floating or complex");
  }
  results->push_back(
      TensorType(dtype, Shape(absl::Span<const Dim>(call.attributes.Get<Dims>("size")))));
  return absl::OkStatus();
}

}  // namespace

OTIUM_DEFINE_OP(eye) = {
    .doc = "The identity of n rows and m columns (n when m is not given).",
    .params = kEyeParams,
    .traits = kCreationOp,
    .infer = InferEye,
    .structure = EyeStructure,
};

OTIUM_DEFINE_OP(rand) = {
    .doc = "Uniform numbers in [0, 1), pure in (seed of the run, stream): the same on every device "
           "and for any number of threads. The stream is the op's ordinal in its graph.",
    .params = kRandParams,
    .traits = kCreationOp | kRandomOp,
    .infer = InferRand,
};

namespace {
void AddDType(std::optional<DType> dtype, std::vector<NamedAttribute>* attributes) {
  if (dtype.has_value()) attributes->push_back({"dtype", *dtype});
}
}  // namespace

Expr eye(Dim n, std::optional<Dim> m, std::optional<DType> dtype, std::source_location location) {
  std::vector<NamedAttribute> attributes = {{"n", std::move(n)}};
  if (m.has_value()) attributes.push_back({"m", *std::move(m)});
  AddDType(dtype, &attributes);
  return MakeExpr(Op::eye, Operands{}, std::move(attributes), SourcePosition::From(location));
}

Expr rand(Dims size, std::optional<DType> dtype, std::source_location location) {
  std::vector<NamedAttribute> attributes = {{"size", std::move(size)}};
  AddDType(dtype, &attributes);
  return MakeExpr(Op::rand, Operands{}, std::move(attributes), SourcePosition::From(location));
}

}  // namespace otium
