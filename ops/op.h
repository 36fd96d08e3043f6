// SPDX-License-Identifier: Apache-2.0
//
// OpDef: everything the engine knows about an op. The list of ops is ops.inc;
// each family file (ops/<family>.cc) defines its OpDefs, where doc, schema, type
// rule, structure rule and flops stand together:
//
//   constexpr ParamDef kMvParams[] = {TensorParam("A"), TensorParam("x")};
//   OTIUM_DEFINE_OP(mv) = {
//       .doc = "Matrix-vector product: A is [n, m], x is [m], the result [n].",
//       .params = kMvParams,
//       .promotion = Promotion::kEqual,
//       .infer = InferProduct<MvShape>,
//       .flops = ProductFlops<0>,
//   };
//
// All checks of operands and attributes happen in `infer`, once, whoever makes
// the node: C++ builders, the text parser, importers, passes.

#ifndef OTIUM_OPS_OP_H_
#define OTIUM_OPS_OP_H_

#include <cstdint>
#include <string>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/base/dtype.h"
#include "engine/base/tensor_type.h"
#include "engine/graph/attributes.h"

namespace otium {

class Graph;
using ValueId = uint32_t;

enum class Op : uint16_t {
#define OTIUM_OP(name) name,
#include "ops/ops.inc"
#undef OTIUM_OP
};
inline constexpr int kNumOps = 0
#define OTIUM_OP(name) +1
#include "ops/ops.inc"
#undef OTIUM_OP
    ;

// Operands come first in this list, attributes after kTensors. A schema may mix
// them: its order is that of the positional arguments (`full(size, fill_value)`).
enum class ParamKind : uint8_t {
  kTensor,          // one operand
  kOptionalTensor,  // one operand or none
  kTensors,         // any number of operands; the last operand parameter
  kBool,
  kInt,
  kFloat,
  kString,
  kDType,
  kDim,       // one size
  kDims,      // a list of sizes; one size is a list of one
  kInts,      // a list of integers; one integer is a list of one
  kNumber,    // a Dim (an integer, a size) or a double, kept apart: arange(4), arange(4.0)
  kOrder,     // of a norm: a double or a string
  kPairing,   // an integer, or as many dimensions of one operand as of another:
              // [[1, 2], [0, 1]], kept as one list
  kConstant,  // a Tensor
  kGraph,     // a subgraph
  kStructure,
};

inline bool IsOperand(ParamKind kind) { return kind <= ParamKind::kTensors; }

// The default of an attribute; literal, so that schemas are constants.
struct ParamDefault {
  enum Kind : uint8_t { kRequired, kNone, kBool, kInt, kFloat, kString };
  Kind kind = kRequired;
  int64_t integer = 0;
  double real = 0;
  absl::string_view string;
};

struct ParamDef {
  absl::string_view name;
  ParamKind kind = ParamKind::kTensor;
  ParamDefault default_value;
  // Attributes only: not accepted by position.
  bool keyword_only = false;
  // Operands only: takes no part in dtype promotion (`where`'s condition,
  // indices) and is not cast.
  bool own_dtype = false;
  // A 0-D factor (alpha, beta) that takes no part in promotion and is cast to the
  // dtype of the others, whose category must not be lower than its own.
  bool scale_factor = false;
};

constexpr ParamDef TensorParam(absl::string_view name) { return {.name = name}; }
constexpr ParamDef OwnTypeParam(absl::string_view name) {
  return {.name = name, .own_dtype = true};
}
constexpr ParamDef OptionalParam(absl::string_view name) {
  return {.name = name, .kind = ParamKind::kOptionalTensor};
}
constexpr ParamDef ScaleParam(absl::string_view name) {
  return {.name = name, .kind = ParamKind::kOptionalTensor, .scale_factor = true};
}
constexpr ParamDef TensorsParam(absl::string_view name) {
  return {.name = name, .kind = ParamKind::kTensors};
}
constexpr ParamDef RequiredAttr(absl::string_view name, ParamKind kind) {
  return {.name = name, .kind = kind};
}
constexpr ParamDef NoneAttr(absl::string_view name, ParamKind kind, bool keyword_only = false) {
  return {name, kind, {.kind = ParamDefault::kNone}, keyword_only};
}
constexpr ParamDef BoolAttr(absl::string_view name, bool value, bool keyword_only = false) {
  return {name, ParamKind::kBool, {.kind = ParamDefault::kBool, .integer = value}, keyword_only};
}
constexpr ParamDef IntAttr(absl::string_view name, int64_t value, bool keyword_only = false) {
  return {name, ParamKind::kInt, {.kind = ParamDefault::kInt, .integer = value}, keyword_only};
}
constexpr ParamDef FloatAttr(absl::string_view name, double value, bool keyword_only = false) {
  return {name, ParamKind::kFloat, {.kind = ParamDefault::kFloat, .real = value}, keyword_only};
}
constexpr ParamDef StringAttr(absl::string_view name, absl::string_view value,
                              bool keyword_only = false) {
  return {name, ParamKind::kString, {.kind = ParamDefault::kString, .string = value}, keyword_only};
}

// PyTorch's `dtype` of reductions and scans: x is cast to it first, and a result that
// is a wider integer is cast to it in the end. MakeNode makes the casts; a node that is
// made has no dtype.
inline constexpr ParamDef kCastParam = NoneAttr("dtype", ParamKind::kDType, /*keyword_only=*/true);

using ResultTypes = absl::InlinedVector<TensorType, 1>;

// The operands (types) and attributes of one application of an op.
struct OpCall {
  const OpDef& op;
  // Null where an optional operand is missing.
  absl::Span<const TensorType* const> operands;
  const Attributes& attributes;

  int num_operands() const { return static_cast<int>(operands.size()); }
  bool Has(int i) const { return i < num_operands() && operands[i] != nullptr; }
  const TensorType& operand(int i) const { return *operands[i]; }
};

// What a structure rule may look at: also the values themselves, so that
// `A @ A.T` is seen to be symmetric.
struct StructureCall : OpCall {
  const Graph& graph;
  absl::Span<const ValueId> values;
};

// How the dtypes of the operands become one. Weak operands always give way.
enum class Promotion : uint8_t {
  kNone,       // each operand keeps its own
  kPointwise,  // PyTorch's three tiers
  kFloat,      // the same, and integers become f32 (sqrt, div)
  kEqual,      // dtypes must be equal (products, solvers)
};

enum OpTrait : uint32_t {
  kNoTraits = 0,
  kPointwiseOp = 1u << 0,     // element i of the result from elements i of the operands
  kReductionOp = 1u << 1,     // has attributes dim and keepdim
  kViewOp = 1u << 2,          // an affine map of indices: costs nothing
  kRandomOp = 1u << 3,        // has an attribute stream
  kCreationOp = 1u << 4,      // reads no data (zeros_like asks x for its type only)
  kZeroPreserving = 1u << 5,  // pointwise, f(0) = 0
  kCommutative = 1u << 6,     // the first two operands may be exchanged, bit for bit
  kFallible = 1u << 7,        // can fail on data: not positive definite, singular
  kDataDependent = 1u << 8,   // has a result whose size is data
  kConversion = 1u << 9,      // sees weak operands as they are, and converts itself
  kCastsOperand = 1u << 10,   // has an attribute dtype, which is short for casts: see kCastParam
};

struct OpDef {
  // Filled from ops.inc.
  Op id{};
  absl::string_view name;

  absl::string_view doc;
  absl::Span<const ParamDef> params;
  int num_results = 1;
  // Names of the results when there are several ("var", "mean").
  absl::Span<const absl::string_view> result_names;
  uint32_t traits = kNoTraits;
  Promotion promotion = Promotion::kNone;

  // Types of the results, or why the call is wrong. `results` arrives empty.
  // Messages start without the op's name, which the caller adds.
  absl::Status (*infer)(const OpCall& call, ResultTypes* results) = nullptr;
  // Why the number written as operand `i` (`2 ** -1`: a weak 0-D constant) makes the
  // call wrong, which its type does not show; `call` is promoted. Null: any is fine.
  absl::Status (*check_number)(const OpCall& call, int i, const Tensor& number) = nullptr;
  // Whether operand 1 would be read otherwise if sizes that have names came out equal;
  // then MakeNode gives it a leading dimension of 1, with which it is not. Null: never.
  bool (*is_ambiguous)(const OpCall& call) = nullptr;
  // Adds facts to the results' structure. Null: nothing is known.
  void (*structure)(const StructureCall& call, ResultTypes* results) = nullptr;
  // Shapes are static. Null: one flop an element of the first result. See FlopsOf.
  double (*flops)(const OpCall& call, absl::Span<const TensorType> results) = nullptr;
  // What the code and index that a kernel reported as a failure mean, without the
  // op's name: "the leading minor of order 3 is not positive definite".
  std::string (*failure)(const OpCall& call, int64_t code, int64_t index) = nullptr;
  // The StructureFlag that operand 0 cannot have after a failure of that code: one who
  // declared it gave other data. Null: failures say nothing about it.
  uint32_t (*contradicts)(int64_t code) = nullptr;
  // kDataDependent ops: the most that the size which is data can be.
  int64_t (*max_count)(const OpCall& call) = nullptr;

  bool Is(OpTrait trait) const { return (traits & trait) != 0; }
  int num_operand_params() const;
  // The position of the attribute among attributes, or -1.
  int AttributeIndex(absl::string_view attribute) const;
};

// What an application costs; all shapes are static.
OTIUM_EXPORT double FlopsOf(const OpCall& call, absl::Span<const TensorType> results);

// The definition of an op. OTIUM_DEFINE_OP names what ops.cc collects.
OTIUM_EXPORT const OpDef& GetOp(Op op);
// Null when there is no op of that name.
OTIUM_EXPORT const OpDef* FindOp(absl::string_view name);
// All, in the order of ops.inc.
OTIUM_EXPORT absl::Span<const OpDef* const> AllOps();

#define OTIUM_DEFINE_OP(op_name)       \
  extern const OpDef kOpDef_##op_name; \
  const OpDef kOpDef_##op_name

}  // namespace otium

#endif  // OTIUM_OPS_OP_H_
