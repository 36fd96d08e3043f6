// SPDX-License-Identifier: Apache-2.0
//
// Lowering goes from the results to the inputs. A value is asked for together
// with a map of its dimensions to those of the space, each op passes on to its
// operands what that means for theirs, and a load ends the chain. So broadcasts,
// transposes and dropped dimensions vanish into the index maps of loads.

#include "backends/region/lower.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "backends/region/emit.h"
#include "engine/base/status.h"
#include "ops/infer.h"

namespace otium::region {
namespace {

// Which dimension of the space each dimension of a value walks.
using DimMap = IndexMap;

absl::StatusOr<Value> ScalarConstant(Emitter& e, const Tensor& t) {
  if (t.NumElements() != 1) return InvalidArgument("a constant of ", t.NumElements(), " elements");
  return DispatchDType(t.dtype(), [&]<class Tag>(Tag) -> Value {
    using T = typename Tag::type;
    const T& x = *t.data<T>();
    if constexpr (std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>) {
      return e.Constant(DType::kF32, static_cast<double>(static_cast<float>(x)));
    } else if constexpr (std::is_integral_v<T>) {
      return e.Integer(t.dtype(), static_cast<int64_t>(x));
    } else {
      return e.Constant(t.dtype(), std::complex<double>(x));
    }
  });
}

// The space of a reduction of `sizes` over `reduced`, and where its dimensions
// went (kBroadcast for those of size 1, which are not in it).
DimMap MakeSpace(absl::Span<const int64_t> sizes, absl::Span<const int> reduced, bool has_reduction,
                 LoopProgram* program) {
  const int rank = static_cast<int>(sizes.size());
  std::vector<bool> is_reduced(rank, false);
  int last_reduced = -1;
  for (int d : reduced) {
    is_reduced[d] = sizes[d] != 1;
    if (is_reduced[d]) last_reduced = std::max(last_reduced, d);
  }
  int last = rank - 1;
  while (last >= 0 && sizes[last] == 1) --last;
  const bool by_rows = !has_reduction || last_reduced < 0 || last_reduced == last;
  DimMap map(rank, kBroadcast);
  auto place = [&](auto&& wanted) {
    for (int d = 0; d < rank; ++d) {
      if (sizes[d] == 1 || !wanted(d)) continue;
      map[d] = static_cast<int8_t>(program->sizes.size());
      program->sizes.push_back(sizes[d]);
    }
  };
  place([&](int d) { return !is_reduced[d] && (by_rows || d < last_reduced); });
  program->reduced_begin = program->rank();
  place([&](int d) { return is_reduced[d]; });
  program->reduced_end = program->rank();
  if (!by_rows) place([&](int d) { return !is_reduced[d] && d > last_reduced; });
  program->has_reduction = has_reduction;
  return map;
}

// How the dimensions of a broadcast operand of `sizes` lie under its result's.
DimMap AlignedMap(const DimMap& result, absl::Span<const int64_t> sizes) {
  DimMap map(sizes.size(), kBroadcast);
  const size_t skip = result.size() - sizes.size();
  for (size_t d = 0; d < sizes.size(); ++d) {
    if (sizes[d] != 1) map[d] = result[skip + d];
  }
  return map;
}

// The dimensions longer than 1 of `from`, in order, are those of `to`.
absl::StatusOr<DimMap> MatchedMap(const DimMap& from_map, absl::Span<const int64_t> from,
                                  absl::Span<const int64_t> to) {
  DimMap map(to.size(), kBroadcast);
  size_t i = 0;
  for (size_t d = 0; d < to.size(); ++d) {
    if (to[d] == 1) continue;
    while (i < from.size() && from[i] == 1) ++i;
    if (i == from.size() || from[i] != to[d]) {
      return InvalidArgument("a reshape that mixes dimensions");
    }
    map[d] = from_map[i++];
  }
  return map;
}

IndexMap LoadMap(const DimMap& dims, int space_rank) {
  IndexMap map(space_rank, kBroadcast);
  for (size_t d = 0; d < dims.size(); ++d) {
    if (dims[d] != kBroadcast) map[dims[d]] = static_cast<int8_t>(d);
  }
  return map;
}

class RegionLowering {
 public:
  explicit RegionLowering(const Graph& body) : body_(body), emitter_(&program_) {}

  absl::StatusOr<LoopProgram> Run() {
    if (body_.num_nodes() > kMaxBodyNodes) {
      return InvalidArgument("a region of ", body_.num_nodes(), " nodes, at most ", kMaxBodyNodes);
    }
    if (!body_.IsStatic()) return InvalidArgument("a region whose sizes are not known");
    if (body_.outputs().empty()) return InvalidArgument("a region without outputs");
    input_index_.assign(body_.num_values(), -1);
    for (const GraphInput& in : body_.inputs()) {
      const TensorType& type = body_.type(in.value);
      input_index_[in.value] = static_cast<int>(program_.inputs.size());
      program_.inputs.push_back({type.dtype, type.rank()});
    }
    OTIUM_RETURN_IF_ERROR(FindSpace());
    for (const GraphOutput& out : body_.outputs()) OTIUM_RETURN_IF_ERROR(AddResult(out.value));
    RemoveUnused(&program_);
    return std::move(program_);
  }

 private:
  Sizes SizesOf(ValueId v) const { return body_.type(v).shape.sizes(); }

  // The space is the operand of the first reduction, or the first output.
  absl::Status FindSpace() {
    for (NodeId n = 0; n < body_.num_nodes(); ++n) {
      const Role role = RoleOf(body_.op(n).id);
      if (role != Role::kReduction && role != Role::kRowwise) continue;
      const Sizes sizes = SizesOf(body_.operands(n)[0]);
      OTIUM_ASSIGN_OR_RETURN(const std::vector<int> dims, LoopDims(body_.op(n), body_.attributes(n),
                                                                   static_cast<int>(sizes.size())));
      space_sizes_ = sizes;
      num_reduced_dims_ = static_cast<int>(dims.size());
      space_map_ = MakeSpace(sizes, dims, /*has_reduction=*/true, &program_);
      return absl::OkStatus();
    }
    space_sizes_ = SizesOf(body_.outputs()[0].value);
    space_map_ = MakeSpace(space_sizes_, {}, /*has_reduction=*/false, &program_);
    return absl::OkStatus();
  }

  // Outputs have the shape of the space, or of its kept dimensions; sizes of 1
  // may come and go.
  absl::Status AddResult(ValueId v) {
    const Sizes sizes = SizesOf(v);
    absl::StatusOr<DimMap> map = MatchedMap(space_map_, space_sizes_, sizes);
    Level level = Level::kElement;
    if (!map.ok() || !CoversSpace(*map)) {
      Sizes kept_sizes;
      DimMap kept_map;
      for (size_t d = 0; d < space_sizes_.size(); ++d) {
        if (space_map_[d] == kBroadcast || program_.IsReduced(space_map_[d])) continue;
        kept_sizes.push_back(space_sizes_[d]);
        kept_map.push_back(space_map_[d]);
      }
      map = MatchedMap(kept_map, kept_sizes, sizes);
      const auto covered =
          std::count_if(sizes.begin(), sizes.end(), [](int64_t s) { return s != 1; });
      if (!program_.has_reduction || !map.ok() || covered != static_cast<int>(kept_map.size())) {
        return InvalidArgument("an output of the shape ", body_.type(v).shape.ToString(),
                               " in an iteration space of ",
                               Shape(absl::MakeConstSpan(space_sizes_)).ToString());
      }
      level = Level::kRow;
    }
    OTIUM_ASSIGN_OR_RETURN(Value value, Lower(v, *map));
    value = emitter_.Raise(value, level);
    program_.results.push_back({value, body_.type(v).dtype, static_cast<int>(sizes.size()),
                                LoadMap(*map, program_.rank())});
    return absl::OkStatus();
  }

  // With a reduction of nothing but sizes of 1, elements are rows.
  bool CoversSpace(const DimMap& map) const {
    std::vector<bool> covered(program_.rank(), false);
    for (int8_t d : map) {
      if (d != kBroadcast) covered[d] = true;
    }
    return std::find(covered.begin(), covered.end(), false) == covered.end();
  }

  absl::StatusOr<Value> Lower(ValueId v, const DimMap& map) {
    const NodeId n = body_.producer(v);
    const int index = body_.result_index(v);
    std::pair<NodeId, std::string> key(n, std::string(map.begin(), map.end()));
    if (auto it = done_.find(key); it != done_.end()) return it->second[index];
    if (emitter_.TooLong()) return InvalidArgument("a region of too many instructions");
    OTIUM_ASSIGN_OR_RETURN(std::vector<Value> results, LowerNode(n, map));
    const Value result = results[index];
    done_.emplace(std::move(key), std::move(results));
    return result;
  }

  absl::StatusOr<std::vector<Value>> LowerNode(NodeId n, const DimMap& map) {
    const OpDef& op = body_.op(n);
    const Attributes& attributes = body_.attributes(n);
    if (op.id == Op::input) {
      const int input = input_index_[body_.result(n)];
      return std::vector<Value>{emitter_.Load(input, LoadMap(map, program_.rank()))};
    }
    if (op.id == Op::constant) {
      OTIUM_ASSIGN_OR_RETURN(Value v, ScalarConstant(emitter_, attributes.Get<Tensor>("value")));
      return std::vector<Value>{v};
    }
    if (op.id == Op::size) {
      const Dim& size = attributes.Get<Dim>("value");
      if (!size.IsStatic()) return InvalidArgument("a region whose sizes are not known");
      return std::vector<Value>{emitter_.Integer(DType::kI64, size.value())};
    }
    const OpLowering& lowering = LoweringOf(op.id);
    if (lowering.role == Role::kNone) return InvalidArgument(op.name, " cannot be in a region");
    std::vector<Value> operands;
    for (ValueId v : body_.operands(n)) {
      if (v == kNoValue) {
        operands.push_back(EmitCall::kNoOperand);
        continue;
      }
      OTIUM_ASSIGN_OR_RETURN(const DimMap operand_map, OperandMap(n, lowering.role, v, map));
      OTIUM_ASSIGN_OR_RETURN(const Value operand, Lower(v, operand_map));
      operands.push_back(operand);
    }
    if (lowering.role == Role::kView) return operands;
    std::vector<DType> dtypes;
    for (const TensorType& t : body_.result_types(n)) dtypes.push_back(t.dtype);
    EmitCall call{emitter_, op, attributes, operands, dtypes, {}, num_reduced_dims_};
    OTIUM_RETURN_IF_ERROR(lowering.emit(call));
    for (size_t i = 0; i < call.results.size(); ++i) {
      call.results[i] = emitter_.Round(call.results[i], dtypes[i]);
    }
    return std::move(call.results);
  }

  absl::StatusOr<DimMap> OperandMap(NodeId n, Role role, ValueId operand, const DimMap& map) {
    const Sizes sizes = SizesOf(operand);
    switch (role) {
      case Role::kPointwise: return AlignedMap(map, sizes);
      case Role::kView: return ViewMap(n, sizes, map);
      case Role::kReduction:
      case Role::kRowwise: return ReductionMap(n, role, sizes, map);
      case Role::kNone: break;
    }
    return InvalidArgument(body_.op(n).name, " cannot be in a region");
  }

  absl::StatusOr<DimMap> ViewMap(NodeId n, const Sizes& sizes, const DimMap& map) {
    const Sizes result = SizesOf(body_.result(n));
    const Attributes& attributes = body_.attributes(n);
    if (body_.Is(n, Op::transpose)) {
      const int rank = static_cast<int>(sizes.size());
      OTIUM_ASSIGN_OR_RETURN(const int a, NormalizeDim(attributes.Get<int64_t>("dim0"), rank));
      OTIUM_ASSIGN_OR_RETURN(const int b, NormalizeDim(attributes.Get<int64_t>("dim1"), rank));
      DimMap swapped = map;
      if (a != b) std::swap(swapped[a], swapped[b]);
      return swapped;
    }
    if (body_.Is(n, Op::permute)) {
      OTIUM_ASSIGN_OR_RETURN(
          const std::vector<int> dims,
          NormalizeDims(&attributes.Get<Ints>("dims"), static_cast<int>(sizes.size())));
      DimMap permuted(sizes.size(), kBroadcast);
      for (size_t i = 0; i < dims.size(); ++i) permuted[dims[i]] = map[i];
      return permuted;
    }
    if (body_.Is(n, Op::expand) || body_.Is(n, Op::broadcast_to)) return AlignedMap(map, sizes);
    return MatchedMap(map, result, sizes);
  }

  // The kept dimensions walk where those of the result do, which must be all of
  // the space's; the reduced ones walk the space's.
  absl::StatusOr<DimMap> ReductionMap(NodeId n, Role role, const Sizes& sizes, const DimMap& map) {
    const int rank = static_cast<int>(sizes.size());
    OTIUM_ASSIGN_OR_RETURN(const std::vector<int> dims,
                           LoopDims(body_.op(n), body_.attributes(n), rank));
    std::vector<bool> reduced(rank, false);
    for (int d : dims) reduced[d] = true;
    const bool keeps_rank = static_cast<int>(map.size()) == rank;
    DimMap operand(rank, kBroadcast);
    int kept = 0;
    int space = program_.reduced_begin;
    for (int d = 0; d < rank; ++d) {
      if (reduced[d]) {
        if (keeps_rank) ++kept;
        if (sizes[d] == 1) continue;
        if (space == program_.reduced_end || program_.sizes[space] != sizes[d] ||
            (role == Role::kRowwise && map[d] != space)) {
          return InvalidArgument("reductions over different dimensions");
        }
        operand[d] = static_cast<int8_t>(space++);
      } else {
        const int8_t to = map[kept++];
        if (sizes[d] == 1) continue;
        if (to == kBroadcast || program_.IsReduced(to)) {
          return InvalidArgument("reductions over different dimensions");
        }
        operand[d] = to;
      }
    }
    // Every kept dimension once; one that is missing would be reduced again for
    // each of its indices.
    if (space != program_.reduced_end || !CoversSpace(operand)) {
      return InvalidArgument("reductions over different dimensions");
    }
    return operand;
  }

  const Graph& body_;
  LoopProgram program_;
  Emitter emitter_;
  Sizes space_sizes_;
  DimMap space_map_;
  int num_reduced_dims_ = 0;
  std::vector<int> input_index_;
  absl::flat_hash_map<std::pair<NodeId, std::string>, std::vector<Value>> done_;
};

}  // namespace

absl::StatusOr<std::vector<int>> LoopDims(const OpDef& op, const Attributes& attributes, int rank) {
  std::vector<int> dims;
  if (const auto* one = attributes.Find<int64_t>("dim")) {
    OTIUM_ASSIGN_OR_RETURN(const int d, NormalizeDim(*one, rank));
    dims.push_back(d);
  } else {
    OTIUM_ASSIGN_OR_RETURN(dims, ReducedDims(op, attributes, rank));
  }
  std::sort(dims.begin(), dims.end());
  if (rank == 0) dims.clear();  // A scalar accepts the dimensions 0 and -1.
  return dims;
}

Role RoleOf(Op op) { return LoweringOf(op).role; }

absl::StatusOr<LoopProgram> LowerRegion(const Graph& body) { return RegionLowering(body).Run(); }

absl::StatusOr<LoopProgram> LowerOp(const OpDef& op, const Attributes& attributes,
                                    absl::Span<const TensorType* const> operands,
                                    absl::Span<const TensorType> results) {
  const OpLowering& lowering = LoweringOf(op.id);
  if (lowering.emit == nullptr) return InvalidArgument(op.name, " is not a loop over elements");
  LoopProgram program;
  Emitter emitter(&program);
  const bool reduces = lowering.role != Role::kPointwise;
  const Sizes space = reduces ? operands[0]->shape.sizes() : results[0].shape.sizes();
  const int rank = static_cast<int>(space.size());
  std::vector<int> dims;
  if (reduces) {
    OTIUM_ASSIGN_OR_RETURN(dims, LoopDims(op, attributes, rank));
  }
  const DimMap map = MakeSpace(space, dims, reduces, &program);
  std::vector<Value> values;
  for (size_t i = 0; i < operands.size(); ++i) {
    if (operands[i] == nullptr) {
      program.inputs.push_back({DType::kF32, 0});
      values.push_back(EmitCall::kNoOperand);
      continue;
    }
    program.inputs.push_back({operands[i]->dtype, operands[i]->rank()});
    const DimMap operand = AlignedMap(map, operands[i]->shape.sizes());
    values.push_back(emitter.Load(static_cast<int>(i), LoadMap(operand, program.rank())));
  }
  absl::InlinedVector<DType, 2> dtypes;
  for (const TensorType& t : results) dtypes.push_back(t.dtype);
  EmitCall call{emitter, op, attributes, values, dtypes, {}, static_cast<int>(dims.size())};
  OTIUM_RETURN_IF_ERROR(lowering.emit(call));
  for (size_t i = 0; i < results.size(); ++i) {
    const int result_rank = results[i].rank();
    DimMap result_map(result_rank, kBroadcast);
    if (lowering.role == Role::kReduction) {
      // With keepdim the dimensions stand where they stood, else close up.
      int to = 0;
      for (int d = 0; d < rank; ++d) {
        const bool reduced = std::find(dims.begin(), dims.end(), d) != dims.end();
        if (reduced && result_rank != rank) continue;
        if (!reduced) result_map[to] = map[d];
        ++to;
      }
    } else {
      result_map = map;
    }
    const Level level = lowering.role == Role::kReduction ? Level::kRow : Level::kElement;
    const Value value = emitter.Raise(emitter.Round(call.results[i], dtypes[i]), level);
    program.results.push_back({value, dtypes[i], result_rank, LoadMap(result_map, program.rank())});
  }
  RemoveUnused(&program);
  return program;
}

}  // namespace otium::region
