// SPDX-License-Identifier: Apache-2.0
#include "engine/graph/schema.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace otium {
namespace {

absl::string_view KindName(ParamKind kind) {
  switch (kind) {
    case ParamKind::kTensor:
    case ParamKind::kOptionalTensor: return "a tensor";
    case ParamKind::kTensors: return "tensors";
    case ParamKind::kBool: return "true or false";
    case ParamKind::kInt: return "an integer";
    case ParamKind::kFloat: return "a number";
    case ParamKind::kString: return "a string";
    case ParamKind::kDType: return "a dtype";
    case ParamKind::kDim: return "a size";
    case ParamKind::kDims: return "a list of sizes";
    case ParamKind::kInts: return "a list of integers";
    case ParamKind::kNumber: return "a number or a size";
    case ParamKind::kOrder: return "a number or a string";
    case ParamKind::kPairing: return "an integer or two lists of dimensions, equally long";
    case ParamKind::kConstant: return "a constant";
    case ParamKind::kGraph: return "a graph";
    case ParamKind::kStructure: return "a structure";
  }
  __builtin_unreachable();
}

AttributeValue DefaultOf(const ParamDefault& d) {
  switch (d.kind) {
    case ParamDefault::kRequired:
    case ParamDefault::kNone: return std::monostate();
    case ParamDefault::kBool: return d.integer != 0;
    case ParamDefault::kInt: return d.integer;
    case ParamDefault::kFloat: return d.real;
    case ParamDefault::kString: return std::string(d.string);
  }
  __builtin_unreachable();
}

// `value` as the kind wants it; false when it is something else.
bool Coerce(ParamKind kind, AttributeValue* value) {
  const auto* integer = std::get_if<int64_t>(value);
  const auto* dim = std::get_if<Dim>(value);
  if (dim != nullptr && dim->IsStatic() && kind != ParamKind::kDim && kind != ParamKind::kDims) {
    const int64_t size = dim->value();
    *value = size;
    integer = std::get_if<int64_t>(value);
  }
  switch (kind) {
    case ParamKind::kBool: return std::holds_alternative<bool>(*value);
    case ParamKind::kInt: return integer != nullptr;
    case ParamKind::kOrder:
      if (std::holds_alternative<std::string>(*value)) return true;
      [[fallthrough]];
    case ParamKind::kFloat:
      if (integer != nullptr) *value = static_cast<double>(*integer);
      return std::holds_alternative<double>(*value);
    case ParamKind::kString: return std::holds_alternative<std::string>(*value);
    case ParamKind::kDType: return std::holds_alternative<DType>(*value);
    case ParamKind::kNumber:
      if (std::holds_alternative<double>(*value)) return true;
      [[fallthrough]];
    case ParamKind::kDim:
      if (integer != nullptr) *value = Dim(*integer);
      return std::holds_alternative<Dim>(*value);
    case ParamKind::kDims:
      if (integer != nullptr) {
        *value = Dims{Dim(*integer)};
      } else if (dim != nullptr) {
        *value = Dims{Dim(*dim)};
      } else if (const auto* ints = std::get_if<Ints>(value)) {
        *value = Dims(ints->begin(), ints->end());
      }
      return std::holds_alternative<Dims>(*value);
    case ParamKind::kInts:
      if (integer != nullptr) {
        *value = Ints{*integer};
      } else if (const auto* dims = std::get_if<Dims>(value)) {
        Ints ints;
        for (const Dim& d : *dims) {
          if (!d.IsStatic()) return false;
          ints.push_back(d.value());
        }
        *value = std::move(ints);
      }
      return std::holds_alternative<Ints>(*value);
    case ParamKind::kPairing: {
      const auto* both = std::get_if<Ints>(value);
      return integer != nullptr || (both != nullptr && both->size() % 2 == 0);
    }
    case ParamKind::kConstant: return std::holds_alternative<Tensor>(*value);
    case ParamKind::kGraph: return std::holds_alternative<GraphPtr>(*value);
    case ParamKind::kStructure: return std::holds_alternative<Structure>(*value);
    case ParamKind::kTensor:
    case ParamKind::kOptionalTensor:
    case ParamKind::kTensors: return false;
  }
  __builtin_unreachable();
}

absl::Status Error(const OpDef& op, absl::string_view message) {
  return absl::InvalidArgumentError(absl::StrCat(op.name, ": ", message));
}

// torch.result_type's three tiers: tensors with dimensions, 0-D tensors, weak
// numbers. A lower tier counts only when its category is higher.
std::optional<DType> Combine(std::optional<DType> higher, std::optional<DType> lower) {
  if (!higher.has_value() || !lower.has_value()) return higher.has_value() ? higher : lower;
  if (IsComplex(*higher)) return higher;
  if (IsFloat(*higher)) return IsComplex(*lower) ? ComplexDType(*higher) : higher;
  if (*higher == DType::kBool || IsInexact(*lower)) return PromoteDTypes(*higher, *lower);
  return higher;
}

DType PointwiseDType(const OpDef& op, absl::Span<const TensorType* const> operands) {
  std::optional<DType> tiers[3];
  bool all_weak = true;
  std::optional<DType> weak_wide;
  for (size_t i = 0; i < operands.size(); ++i) {
    const ParamDef& p = OperandParam(op, i);
    if (operands[i] == nullptr || p.own_dtype || p.scale_factor) continue;
    const TensorType& t = *operands[i];
    auto& tier = tiers[t.weak ? 2 : t.rank() == 0 ? 1 : 0];
    const DType d = t.weak ? StrongDType(t) : t.dtype;
    tier = tier.has_value() ? PromoteDTypes(*tier, d) : d;
    all_weak = all_weak && t.weak;
    if (t.weak) weak_wide = weak_wide.has_value() ? PromoteDTypes(*weak_wide, t.dtype) : t.dtype;
  }
  // In arithmetic of their own weak numbers are computed wide, and stay weak.
  if (all_weak && weak_wide.has_value() && op.Is(kPointwiseOp)) {
    if (op.promotion == Promotion::kFloat && !IsInexact(*weak_wide)) return DType::kF64;
    return *weak_wide;
  }
  const DType d = Combine(Combine(tiers[0], tiers[1]), tiers[2]).value_or(DType::kF32);
  return op.promotion == Promotion::kFloat && !IsInexact(d) ? DType::kF32 : d;
}

// Factors are 0-D and of a category that `d`, the dtype of the others, can hold.
absl::Status CheckScaleFactors(const OpDef& op, absl::Span<const TensorType* const> operands,
                               DType d) {
  for (size_t i = 0; i < operands.size(); ++i) {
    if (operands[i] == nullptr || !OperandParam(op, i).scale_factor) continue;
    if (operands[i]->rank() != 0) {
      return Error(op, absl::StrCat(OperandName(op, i), " is ", ShortType(*operands[i]),
                                    ", it must be 0-D"));
    }
    if (Category(operands[i]->dtype) > Category(d)) {
      return Error(op, absl::StrCat(OperandName(op, i), " is ", ShortType(*operands[i]), ", which ",
                                    DTypeName(d), " operands do not take"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<DType> EqualDType(const OpDef& op, absl::Span<const TensorType* const> operands) {
  std::optional<DType> common, weak;
  int first = -1;
  for (size_t i = 0; i < operands.size(); ++i) {
    const ParamDef& p = OperandParam(op, i);
    if (operands[i] == nullptr || p.own_dtype || p.scale_factor) continue;
    const TensorType& t = *operands[i];
    if (t.weak) {
      const DType d = StrongDType(t);
      weak = weak.has_value() ? PromoteDTypes(*weak, d) : d;
    } else if (!common.has_value()) {
      common = t.dtype;
      first = static_cast<int>(i);
    } else if (*common != t.dtype) {
      return Error(op, absl::StrCat(OperandName(op, first), " is ", ShortType(*operands[first]),
                                    " and ", OperandName(op, i), " is ", ShortType(t),
                                    ": the dtypes must be equal, cast one of them"));
    }
  }
  const DType d = Combine(common, weak).value_or(DType::kF32);
  if (common.has_value() && Category(d) > Category(*common)) {
    return Error(op, absl::StrCat("a ", DTypeName(*weak), " number meets ", DTypeName(*common),
                                  " operands: cast them to ", DTypeName(d)));
  }
  return d;
}

}  // namespace

const ParamDef& OperandParam(const OpDef& op, int i) {
  const ParamDef* last = nullptr;
  for (const ParamDef& p : op.params) {
    if (!IsOperand(p.kind)) continue;
    last = &p;
    if (p.kind == ParamKind::kTensors || i-- == 0) return p;
  }
  return *last;
}

std::string OperandName(const OpDef& op, int i) {
  const ParamDef& p = OperandParam(op, i);
  if (p.kind != ParamKind::kTensors) return std::string(p.name);
  return absl::StrCat(p.name, "[", i - (op.num_operand_params() - 1), "]");
}

size_t NumOperands(const OpDef& op, size_t given) {
  size_t fixed = 0;
  for (const ParamDef& p : op.params) {
    if (p.kind == ParamKind::kTensors) return given;
    if (IsOperand(p.kind)) ++fixed;
  }
  return std::max(given, fixed);
}

AttributeValue DefaultAttribute(const ParamDef& param) {
  AttributeValue value = DefaultOf(param.default_value);
  Coerce(param.kind, &value);
  return value;
}

absl::StatusOr<Attributes> ResolveAttributes(const OpDef& op,
                                             std::vector<NamedAttribute> attributes) {
  std::vector<AttributeValue> values;
  for (const ParamDef& p : op.params) {
    if (IsOperand(p.kind)) continue;
    auto it = std::find_if(attributes.begin(), attributes.end(),
                           [&](const NamedAttribute& a) { return a.name == p.name; });
    const bool given = it != attributes.end();
    if (!given && p.default_value.kind == ParamDefault::kRequired) {
      return Error(op, absl::StrCat("needs ", p.name, " (", KindName(p.kind), ")"));
    }
    AttributeValue value = given ? std::move(it->value) : DefaultOf(p.default_value);
    if (given) attributes.erase(it);
    const bool is_none = std::holds_alternative<std::monostate>(value);
    if (!(is_none && p.default_value.kind == ParamDefault::kNone) && !Coerce(p.kind, &value)) {
      return Error(op, absl::StrCat(p.name, " must be ", KindName(p.kind)));
    }
    values.push_back(std::move(value));
  }
  if (!attributes.empty()) {
    return Error(op, absl::StrCat("has no attribute ", attributes.front().name));
  }
  return Attributes(op, std::move(values));
}

absl::Status CheckOperandCount(const OpDef& op, absl::Span<const TensorType* const> operands) {
  size_t i = 0;
  for (const ParamDef& p : op.params) {
    if (!IsOperand(p.kind)) continue;
    if (p.kind == ParamKind::kTensors) {
      for (; i < operands.size(); ++i) {
        if (operands[i] == nullptr) {
          return Error(op, absl::StrCat("an element of ", p.name, " is missing"));
        }
      }
      return absl::OkStatus();
    }
    if (p.kind == ParamKind::kTensor && (i >= operands.size() || operands[i] == nullptr)) {
      return Error(op, absl::StrCat("needs the operand ", p.name));
    }
    ++i;
  }
  if (i < operands.size()) {
    return Error(op, absl::StrCat("takes ", i, " operands, not ", operands.size()));
  }
  return absl::OkStatus();
}

DType StrongDType(const TensorType& type) {
  if (!type.weak) return type.dtype;
  switch (Category(type.dtype)) {
    case DTypeCategory::kBool: return DType::kBool;
    case DTypeCategory::kInteger: return DType::kI64;
    case DTypeCategory::kFloat: return DType::kF32;
    case DTypeCategory::kComplex: return DType::kC64;
  }
  __builtin_unreachable();
}

bool ArePlainlyPromoted(const OpDef& op, absl::Span<const TensorType* const> operands) {
  // All dtypes equal suit an own_dtype too. A scale factor, which comes last, has
  // checks of its own.
  if (!op.Is(kPointwiseOp) || operands.empty()) return false;
  if (OperandParam(op, operands.size() - 1).scale_factor) return false;
  for (const TensorType* t : operands) {
    if (t == nullptr || t->weak || t->dtype != operands[0]->dtype) return false;
  }
  return op.promotion != Promotion::kFloat || IsInexact(operands[0]->dtype);
}

absl::StatusOr<absl::InlinedVector<std::optional<DType>, 3>> PromoteOperands(
    const OpDef& op, absl::Span<const TensorType* const> operands) {
  absl::InlinedVector<std::optional<DType>, 3> casts(operands.size());
  std::optional<DType> target;
  switch (op.promotion) {
    case Promotion::kPointwise:
    case Promotion::kFloat: target = PointwiseDType(op, operands); break;
    case Promotion::kEqual: {
      OTIUM_ASSIGN_OR_RETURN(target, EqualDType(op, operands));
      break;
    }
    case Promotion::kNone: break;
  }
  if (target.has_value()) OTIUM_RETURN_IF_ERROR(CheckScaleFactors(op, operands, *target));
  for (size_t i = 0; i < operands.size(); ++i) {
    if (operands[i] == nullptr) continue;
    const TensorType& t = *operands[i];
    // Views and conversions see weak values as they are; elsewhere those settle.
    const bool keeps_weak = op.Is(kViewOp) || op.Is(kConversion);
    const DType wanted = target.has_value() && !OperandParam(op, i).own_dtype ? *target
                         : keeps_weak                                         ? t.dtype
                                                                              : StrongDType(t);
    if (wanted != t.dtype) casts[i] = wanted;
  }
  return casts;
}

absl::Status InferTypes(const OpCall& call, ResultTypes* results) {
  const OpDef& op = call.op;
  const TensorType* first = nullptr;
  bool all_weak = true;
  for (int i = 0; i < call.num_operands(); ++i) {
    if (!call.Has(i)) continue;
    all_weak = all_weak && call.operand(i).weak;
    if (op.promotion == Promotion::kNone || OperandParam(op, i).own_dtype) continue;
    if (first != nullptr && first->dtype != call.operand(i).dtype) {
      return absl::InternalError(absl::StrCat(op.name, ": operands are not promoted"));
    }
    first = &call.operand(i);
  }
  absl::Status status = op.infer(call, results);
  if (!status.ok()) {
    return absl::Status(status.code(), absl::StrCat(op.name, ": ", status.message()));
  }
  for (TensorType& type : *results) {
    if (type.rank() > kMaxRank) {
      return Error(op, absl::StrCat("a result of rank ", type.rank(), " exceeds ", kMaxRank));
    }
    int64_t elements = 1;
    for (const Dim& d : type.shape.dims()) {
      if (!d.IsStatic()) continue;
      if (d.value() < 0) {
        return Error(op, absl::StrCat("the result ", ShortType(type), " has a negative size"));
      }
      if (__builtin_mul_overflow(elements, std::max<int64_t>(d.value(), 1), &elements) ||
          elements > kDimLimit / 16) {
        return Error(op, absl::StrCat("the result ", ShortType(type), " is too large"));
      }
    }
    // Views of weak values are weak, and numbers computed from them; comparisons
    // are not.
    const bool number = op.Is(kPointwiseOp) && !op.Is(kConversion) && type.dtype != DType::kBool &&
                        type.dtype == WideDType(type.dtype);
    if (call.num_operands() > 0 && all_weak && (op.Is(kViewOp) || number)) type.weak = true;
  }
  return absl::OkStatus();
}

}  // namespace otium
