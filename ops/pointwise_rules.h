// SPDX-License-Identifier: Apache-2.0
//
// What the families of elementwise ops (pointwise, functions, comparison) share:
// schemas, type rules over dtype categories, and the structure rule that follows
// from a few facts about a function of one argument.

#ifndef OTIUM_OPS_POINTWISE_RULES_H_
#define OTIUM_OPS_POINTWISE_RULES_H_

#include "engine/base/status.h"
#include "ops/infer.h"
#include "ops/op.h"

namespace otium {

inline constexpr ParamDef kUnaryParams[] = {TensorParam("x")};
inline constexpr ParamDef kBinaryParams[] = {TensorParam("a"), TensorParam("b")};

// The broadcast shape, in the dtype that the operands were promoted to, which
// must be of one of the categories. The first operand speaks for all.
template <uint32_t kCategories>
absl::Status InferElementwise(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireCategory(call, 0, kCategories));
  OTIUM_ASSIGN_OR_RETURN(Shape shape, BroadcastOperands(call));
  results->push_back(TensorType(call.operand(0).dtype, std::move(shape)));
  return absl::OkStatus();
}

// The same with a bool result, and with a real one.
template <uint32_t kCategories>
absl::Status InferPredicate(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(InferElementwise<kCategories>(call, results));
  (*results)[0].dtype = DType::kBool;
  return absl::OkStatus();
}
template <uint32_t kCategories>
absl::Status InferReal(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(InferElementwise<kCategories>(call, results));
  (*results)[0].dtype = RealDType((*results)[0].dtype);
  return absl::OkStatus();
}

// Operand `i` fills the result by broadcasting one number.
inline bool IsScalar(const StructureCall& call, int i) { return call.operand(i).rank() == 0; }

// What is known of operand `i` as a part of the result: a broadcast operand keeps
// none of its facts.
inline Structure OperandStructure(const StructureCall& call, int i, const TensorType& result) {
  return call.operand(i).shape == result.shape ? call.operand(i).structure : Structure();
}

// kSymmetric when every operand is symmetric or a scalar: element (i, j) and
// (j, i) are then one function of equal arguments. 0 otherwise.
inline uint32_t ElementwiseSymmetry(const StructureCall& call, const TensorType& result) {
  for (int i = 0; i < call.num_operands(); ++i) {
    if (!call.Has(i) || IsScalar(call, i)) continue;
    if (!OperandStructure(call, i, result).Has(kSymmetric)) return 0;
  }
  return kSymmetric;
}

inline void SymmetryStructure(const StructureCall& call, ResultTypes* results) {
  (*results)[0].structure.flags |= ElementwiseSymmetry(call, (*results)[0]);
}

// Facts about a function of one argument, from which its structure rule follows.
// Signs are claimed of floating scalars only: integers wrap around.
enum FunctionFact : uint32_t {
  kMapsZeroToZero = 1u << 0,
  kKeepsNonnegative = 1u << 1,  // f(x) >= 0 for x >= 0
  kKeepsPositive = 1u << 2,     // f(x) > 0 for x > 0
  kIsNonnegative = 1u << 3,     // f(x) >= 0 for every x
  kIsPositive = 1u << 4,        // f(x) > 0 for every x
};

// `x` is the structure of the argument, `type` the result, whose structure is set.
void ApplyFunctionFacts(uint32_t facts, const TensorType& x, TensorType* type);

template <uint32_t kFacts>
void FunctionStructure(const StructureCall& call, ResultTypes* results) {
  ApplyFunctionFacts(kFacts, call.operand(0), &(*results)[0]);
}

// Flops of `kEach` an element of the result. What a vectorized transcendental
// costs is counted in multiply-adds.
inline constexpr int kTranscendental = 20;
template <int kEach>
double ElementFlops(const OpCall&, absl::Span<const TensorType> results) {
  return kEach * static_cast<double>(results[0].shape.NumElements());
}

}  // namespace otium

#endif  // OTIUM_OPS_POINTWISE_RULES_H_
