// SPDX-License-Identifier: Apache-2.0
#include "tools/otium/op_types.h"

#include <optional>
#include <utility>

#include "absl/strings/str_join.h"
#include "engine/graph/capture.h"
#include "engine/graph/expr.h"

namespace otium::cli {
namespace {

constexpr uint32_t kAllDTypes = (1u << kNumDTypes) - 1;
constexpr char kSame[] = "the same";

uint32_t Bit(DType d) { return 1u << static_cast<int>(d); }

// Values to try for an attribute that must be given. All sizes are equal, mostly 2, so
// few are needed; no op depends on which of them it is.
std::vector<AttributeValue> Candidates(ParamKind kind) {
  switch (kind) {
    case ParamKind::kBool: return {false};
    case ParamKind::kInt: return {int64_t{0}, int64_t{1}, int64_t{2}};
    case ParamKind::kFloat: return {1.0};
    case ParamKind::kNumber: return {Dim(2)};
    case ParamKind::kOrder: return {2.0};
    case ParamKind::kPairing: return {int64_t{1}};
    case ParamKind::kString:
      return {std::string("i->i"), std::string("ij,jk->ik"), std::string("cpu")};
    case ParamKind::kDType: return {DType::kC128};  // Takes all others without loss.
    case ParamKind::kDim: return {Dim(2), Dim(1)};  // A size, an index.
    case ParamKind::kDims: return {Dims{Dim(2)}, Dims{Dim(2), Dim(2)}};
    case ParamKind::kInts: return {Ints{0}, Ints{0, 1}, Ints{1, 1}};
    case ParamKind::kStructure: return {Structure()};
    case ParamKind::kTensor:
    case ParamKind::kOptionalTensor:
    case ParamKind::kTensors:
    case ParamKind::kConstant:
    case ParamKind::kGraph: return {};
  }
  return {};
}

// Steps through all choices of one of counts[i] at each i; false after the last.
bool Next(const std::vector<size_t>& counts, std::vector<size_t>* choice) {
  for (size_t i = 0; i < counts.size(); ++i) {
    if (++(*choice)[i] < counts[i]) return true;
    (*choice)[i] = 0;
  }
  return false;
}

class Prober {
 public:
  explicit Prober(const OpDef& op) : op_(op) {
    for (const ParamDef& p : op.params) {
      if (IsOperand(p.kind)) operands_.push_back(&p);
    }
  }

  OpTypes Run() {
    OpTypes types;
    if (operands_.empty() || !FindBase()) return types;
    types.operands.assign(operands_.size(), 0);
    std::vector<std::pair<DType, ResultTypes>> accepted;
    for (int d = 0; d < kNumDTypes; ++d) {
      const DType dtype = static_cast<DType>(d);
      const std::optional<ResultTypes> results = Try(Together(dtype));
      if (results.has_value()) accepted.emplace_back(dtype, *results);
    }
    for (size_t i = 0; i < operands_.size(); ++i) {
      if (operands_[i]->own_dtype) {
        types.operands[i] = OwnDTypes(i);
      } else {
        for (const auto& [dtype, results] : accepted) types.operands[i] |= Bit(dtype);
      }
    }
    AddRows(accepted, &types);
    return types;
  }

 private:
  static constexpr size_t kRanks = 4;
  static constexpr size_t kMissing = kRanks;  // In place of the rank of an optional operand.

  // A size, ranks and attributes, and dtypes of those operands that have their own, with
  // which the op accepts something.
  bool FindBase() {
    // 1: as many elements in any dimensions; 3: vectors of space; 6: of a rank by default.
    for (const int64_t size : {2, 1, 3, 6}) {
      size_ = size;
      if (FindRanks()) return true;
    }
    return false;
  }

  bool FindRanks() {
    std::vector<const ParamDef*> required;
    std::vector<std::vector<AttributeValue>> values;
    for (const ParamDef& p : op_.params) {
      if (IsOperand(p.kind) || p.default_value.kind != ParamDefault::kRequired) continue;
      required.push_back(&p);
      values.push_back(Candidates(p.kind));
      if (values.back().empty()) return false;
    }
    std::vector<size_t> counts;
    for (const ParamDef* p : operands_) {
      counts.push_back(p->kind == ParamKind::kOptionalTensor ? kMissing + 1 : kRanks);
    }
    for (const auto& v : values) counts.push_back(v.size());
    std::vector<size_t> choice(counts.size(), 0);
    do {
      ranks_.assign(choice.begin(), choice.begin() + static_cast<ptrdiff_t>(operands_.size()));
      attributes_.clear();
      for (size_t i = 0; i < required.size(); ++i) {
        attributes_.push_back({required[i]->name, values[i][choice[operands_.size() + i]]});
      }
      for (const DType own : {DType::kI64, DType::kI32, DType::kBool, DType::kF64}) {
        own_ = own;
        for (const DType dtype : {DType::kF64, DType::kI64, DType::kBool, DType::kC128}) {
          together_ = dtype;
          if (Try(Together(dtype)).has_value()) return true;
        }
      }
    } while (Next(counts, &choice));
    return false;
  }

  std::vector<DType> Together(DType dtype) const {
    std::vector<DType> dtypes;
    for (const ParamDef* p : operands_) dtypes.push_back(p->own_dtype ? own_ : dtype);
    return dtypes;
  }

  uint32_t OwnDTypes(size_t i) const {
    uint32_t accepted = 0;
    std::vector<DType> dtypes = Together(together_);
    for (int d = 0; d < kNumDTypes; ++d) {
      dtypes[i] = static_cast<DType>(d);
      if (Try(dtypes).has_value()) accepted |= Bit(dtypes[i]);
    }
    return accepted;
  }

  std::optional<ResultTypes> Try(const std::vector<DType>& dtypes) const {
    Operands operands;
    for (size_t i = 0; i < dtypes.size(); ++i) {
      if (ranks_[i] == kMissing) {
        operands.emplace_back();
        continue;
      }
      const Sizes sizes(ranks_[i], size_);
      const TensorType type(dtypes[i], Shape(absl::Span<const int64_t>(sizes)));
      // Of any number two: one is too few for some.
      const int count = operands_[i]->kind == ParamKind::kTensors ? 2 : 1;
      for (int k = 0; k < count; ++k) operands.push_back(InputExpr("x", type, SourcePosition()));
    }
    const auto node = MakeNode(op_, std::move(operands), attributes_, {});
    if (node->error() != nullptr) return std::nullopt;
    return node->types();
  }

  static void AddRows(const std::vector<std::pair<DType, ResultTypes>>& accepted, OpTypes* types) {
    if (accepted.empty()) return;
    const size_t num_results = accepted[0].second.size();
    // One dtype whatever comes in, like eq's bool, is not called the same for bools.
    std::vector<bool> constant(num_results, accepted.size() > 1);
    for (const auto& [dtype, results] : accepted) {
      for (size_t r = 0; r < num_results; ++r) {
        constant[r] = constant[r] && results[r].dtype == accepted[0].second[r].dtype;
      }
    }
    for (const auto& [dtype, results] : accepted) {
      OpTypes::Row row{Bit(dtype), {}};
      for (size_t r = 0; r < num_results; ++r) {
        row.results.emplace_back(results[r].dtype == dtype && !constant[r]
                                     ? absl::string_view(kSame)
                                     : DTypeName(results[r].dtype));
      }
      bool merged = false;
      for (OpTypes::Row& other : types->rows) {
        if (other.results != row.results) continue;
        other.operands |= row.operands;
        merged = true;
      }
      if (!merged) types->rows.push_back(std::move(row));
    }
  }

  const OpDef& op_;
  std::vector<const ParamDef*> operands_;
  int64_t size_ = 2;  // Of every dimension.
  std::vector<size_t> ranks_;
  std::vector<NamedAttribute> attributes_;
  DType own_ = DType::kI64, together_ = DType::kF64;
};

}  // namespace

OpTypes FindOpTypes(const OpDef& op) { return Prober(op).Run(); }

std::vector<std::string> DTypeNames(uint32_t dtypes) {
  std::vector<std::string> names;
  for (int d = 0; d < kNumDTypes; ++d) {
    if ((dtypes >> d & 1) != 0) names.emplace_back(DTypeName(static_cast<DType>(d)));
  }
  return names;
}

std::string DTypesText(uint32_t dtypes) {
  return dtypes == kAllDTypes ? "any dtype" : absl::StrJoin(DTypeNames(dtypes), " ");
}

}  // namespace otium::cli
