// SPDX-License-Identifier: Apache-2.0
//
// A product of a batch of matrices with one matrix is one product of all rows, and a
// reshape that cuts the rows into the batch again. That reshape goes behind the ops
// that work on each element or each row, so that they meet the product and join it:
//
//   relu(reshape(mm(A, W), [b, m, n]) + c)  -> reshape(relu(mm(A, W) + c), [b, m, n])
//   softmax(reshape(P, [b, m, n]), -1)      -> reshape(softmax(P, -1), [b, m, n])
//
// Other operands are the same for all of the batch, or have elements of their own for
// all of it and are reshaped as well, above the pointwise ops that they alone need
// (factors, gates). Where an op that could share a loop with these needs the
// dimensions (a sum over the batch, say), all of them keep them: otherwise two loops
// would be made of one.
//
// Requires: nothing. Guarantees: nothing that later passes rely on.

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_map.h"
#include "backends/region/lower.h"
#include "engine/optimize/contraction.h"
#include "engine/optimize/pass.h"
#include "ops/shape_rules.h"

namespace otium {
namespace {

using region::Role;

enum Outcome : uint8_t {
  kFires,
  kComesAlong,
  kPartial,
  kGrows,
  kReduces,
  kCopies,
  kPinned,
  kOthers
};

constexpr absl::string_view kOutcomes[] = {
    "$a works on the product $b before that is reshaped",
    "$a works on merged dimensions, as what is done with it and the product $b does",
    "$a does not work on the product $b before that is reshaped: another operand repeats along "
    "some of the merged dimensions only",
    "$a does not work on the product $b before that is reshaped: its result is larger",
    "$a does not work on the product $b before that is reshaped: it reduces merged dimensions",
    "$a does not work on the product $b before that is reshaped: another operand would be copied",
    "$a does not work on the product $b before that is reshaped: it is wanted on another device",
    "$a does not work on the product $b before that is reshaped: $0 of the ops beside it cannot",
};
constexpr Rule kRule = {
    .name = "sink_reshape",
    .formula = "f(reshape(P), x) -> reshape(f(P, x))",
    .condition =
        "P is a product whose first dimension the reshape cuts; f works on elements or "
        "rows, and x repeats along all or none of what the first dimension becomes",
    .error = ErrorClass::kExact,
    .outcomes = kOutcomes,
};

bool IsProduct(Op op) {
  switch (op) {
    case Op::mv:
    case Op::addmv:
    case Op::mm:
    case Op::addmm:
    case Op::bmm:
    case Op::baddbmm: return true;
    default: return false;
  }
}

// How an operand lies along the merged dimensions.
enum class Along { kAll, kNone, kSome };

// The first `lead` dimensions of a value were one, of size `rows`, of a product or
// of what was made of it.
struct Cut {
  int lead = 0;
  Dim rows;
  NodeId product = 0;
};

class Sinker {
 public:
  Sinker(const GraphPtr& graph, PassContext& context)
      : graph_(*graph), context_(context), space_(graph->num_nodes(), kNoValue) {
    FindUsers();
    for (NodeId n = 0; n < graph_.num_nodes(); ++n) Sink(n);
    if (!cuts_.empty()) BringAlong();
  }

  std::optional<std::vector<ValueId>> Rewrite(NodeId n, GraphBuilder& builder) {
    if (space_[n] != kNoValue) return BuildFlat(n, builder);
    // What was cut is reshaped from what it was before.
    if (!graph_.Is(n, Op::reshape) || !cuts_.contains(graph_.operands(n)[0])) return std::nullopt;
    const TensorType& type = graph_.type(graph_.result(n));
    const ValueId x = new_values_[graph_.operands(n)[0]];
    return std::vector<ValueId>{
        WithFacts(Reshaped(x, DimsOf(type.shape), &builder), type.structure, &builder)};
  }

  std::vector<ValueId>* new_values() { return &new_values_; }

 private:
  bool HasLoop(NodeId n) const {
    const Role role = region::RoleOf(graph_.op(n).id);
    return role != Role::kNone && role != Role::kView;
  }
  bool IsPointwise(NodeId n) const { return region::RoleOf(graph_.op(n).id) == Role::kPointwise; }

  // The nodes with loops that use each value, one list after the other.
  void FindUsers() {
    user_begin_.assign(graph_.num_values() + 1, 0);
    auto each_use = [&](auto use) {
      for (NodeId n = 0; n < graph_.num_nodes(); ++n) {
        if (!HasLoop(n)) continue;
        for (ValueId v : graph_.operands(n)) {
          if (v != kNoValue) use(n, v);
        }
      }
    };
    each_use([&](NodeId, ValueId v) { ++user_begin_[v + 1]; });
    for (ValueId v = 0; v < graph_.num_values(); ++v) user_begin_[v + 1] += user_begin_[v];
    users_.resize(user_begin_.back());
    std::vector<uint32_t> next(user_begin_.begin(), user_begin_.end() - 1);
    each_use([&](NodeId n, ValueId v) { users_[next[v]++] = n; });
  }

  // Counted once for each value: all of its users ask.
  size_t UsersThatCannot(ValueId v) {
    const auto [it, is_new] = cannot_.try_emplace(v, 0);
    if (is_new) {
      it->second =
          std::count_if(users_.begin() + user_begin_[v], users_.begin() + user_begin_[v + 1],
                        [&](NodeId user) { return OutcomeOf(user, v) != kFires; });
    }
    return it->second;
  }

  void Note(NodeId n, ValueId v, Outcome outcome, double x = 0) {
    context_.Note(kRule, outcome, graph_, n, cuts_.at(v).product, x);
  }

  // ---- which nodes

  // Finds the values that were cut, and the nodes that can take them as they were.
  void Sink(NodeId n) {
    if (graph_.Is(n, Op::reshape)) return FindCut(n);
    if (!HasLoop(n)) return;
    for (ValueId v : graph_.operands(n)) {
      if (v == kNoValue || !cuts_.contains(v)) continue;
      const Outcome outcome = OutcomeOf(n, v);
      const size_t others = outcome == kFires ? UsersThatCannot(v) : 0;
      Note(n, v, others > 0 ? kOthers : outcome, static_cast<double>(others));
      if (outcome != kFires || others > 0) continue;
      const Cut cut = cuts_.at(v);
      space_[n] = v;
      for (int i = 0; i < graph_.num_results(n); ++i) cuts_[graph_.result(n, i)] = cut;
      return;
    }
  }

  void FindCut(NodeId n) {
    const ValueId x = graph_.operands(n)[0];
    const Shape& from = graph_.type(x).shape;
    const Shape& to = graph_.type(graph_.result(n)).shape;
    if (graph_.pin(n) != graph_.pin(graph_.producer(x))) return;
    // The first dimension and others of what is reshaped, before it was cut itself.
    Cut cut{1, {}, graph_.producer(x)};
    if (const auto it = cuts_.find(x); it != cuts_.end()) cut = it->second;
    else if (!IsProduct(graph_.op(cut.product).id) || from.rank() == 0) return;
    else cut.rows = from[0];
    const int same = from.rank() - cut.lead;
    if (to.rank() < same + 2) return;
    for (int d = 1; d <= same; ++d) {
      if (!(from.back(d) == to.back(d))) return;
    }
    cut.lead = to.rank() - same;
    cuts_[graph_.result(n)] = cut;
  }

  // Of node n, which has a loop, for its operand v or its space v.
  Outcome OutcomeOf(NodeId n, ValueId v) const {
    const Shape& whole = graph_.type(v).shape;
    const int lead = cuts_.at(v).lead;
    if (graph_.pin(n) != graph_.pin(graph_.producer(v))) return kPinned;
    if (!IsPointwise(n)) {
      const auto dims = region::LoopDims(graph_.op(n), graph_.attributes(n), whole.rank());
      return dims.ok() && !dims->empty() && dims->front() >= lead ? kFires : kReduces;
    }
    for (const TensorType& type : graph_.result_types(n)) {
      if (type.rank() != whole.rank() || AlongMerged(type.shape, v) != Along::kAll) return kGrows;
    }
    for (ValueId other : graph_.operands(n)) {
      if (other == kNoValue) continue;
      const Along along = AlongMerged(graph_.type(other).shape, v);
      if (along == Along::kSome) return kPartial;
      if (along == Along::kAll && !MergesFreely(graph_, other)) return kCopies;
    }
    return kFires;
  }

  // Along the dimensions of v that are merged.
  Along AlongMerged(const Shape& operand, ValueId v) const {
    const Shape& whole = graph_.type(v).shape;
    const int skip = whole.rank() - operand.rank();
    bool all = true, none = true;
    for (int d = 0; d < cuts_.at(v).lead; ++d) {
      const Dim size = d < skip ? Dim(1) : operand[d - skip];
      all = all && size == whole[d];
      none = none && size.Is(1);
    }
    return all ? Along::kAll : none ? Along::kNone : Along::kSome;
  }

  // Whether an operand has elements of its own along the merged dimensions: an op that
  // makes them has its shape as an attribute.
  bool HasElements(NodeId n, ValueId v) const {
    return absl::c_any_of(graph_.operands(n), [&](ValueId x) {
      return x != kNoValue && AlongMerged(graph_.type(x).shape, v) == Along::kAll;
    });
  }

  // Pointwise ops all of whose uses are by nodes that work on merged dimensions.
  void BringAlong() {
    const std::vector<uint32_t> uses = graph_.CountUses();
    std::vector<uint32_t> wanted(graph_.num_values(), 0);
    std::vector<ValueId> wanted_in(graph_.num_values(), kNoValue);
    auto same_dims = [&](ValueId v, ValueId w) {
      return cuts_.at(v).lead == cuts_.at(w).lead &&
             graph_.type(v).rank() == graph_.type(w).rank() &&
             AlongMerged(graph_.type(v).shape, w) == Along::kAll;
    };
    for (NodeId n = graph_.num_nodes(); n-- > 0;) {
      const ValueId result = graph_.result(n), v = wanted_in[result];
      if (space_[n] == kNoValue && v != kNoValue && wanted[result] == uses[result] &&
          graph_.num_results(n) == 1 && IsPointwise(n) && HasElements(n, v) &&
          OutcomeOf(n, v) == kFires) {
        space_[n] = v;
        Note(n, v, kComesAlong);
      }
      if (space_[n] == kNoValue || !IsPointwise(n)) continue;
      for (ValueId x : graph_.operands(n)) {
        if (x == kNoValue) continue;
        if (wanted_in[x] == kNoValue) wanted_in[x] = space_[n];
        if (same_dims(wanted_in[x], space_[n])) ++wanted[x];
      }
    }
  }

  // ---- the new graph

  std::vector<ValueId> BuildFlat(NodeId n, GraphBuilder& builder) {
    const ValueId v = space_[n];
    const int rank = graph_.type(v).rank();
    std::vector<ValueId> operands;
    for (ValueId x : graph_.operands(n)) {
      operands.push_back(x == kNoValue ? kNoValue : Flat(x, v, builder));
    }
    const ValueId first = builder.Add(graph_.op(n), operands, FromTheEnd(n, rank));
    std::vector<ValueId> results(graph_.num_results(n), first);
    if (first == kNoValue) return results;
    for (int i = 0; i < graph_.num_results(n); ++i) {
      const TensorType& type = graph_.type(graph_.result(n, i));
      results[i] =
          WithFacts(Reshaped(first + static_cast<ValueId>(i), DimsOf(type.shape), &builder),
                    type.structure, &builder);
    }
    return results;
  }

  // x with the dimensions merged that are in v: [b, m, n] becomes [rows, n], and
  // [1, 1, n] becomes [1, n].
  ValueId Flat(ValueId x, ValueId v, GraphBuilder& builder) const {
    const Cut& cut = cuts_.at(v);
    const Shape& shape = graph_.type(x).shape;
    const int skip = graph_.type(v).rank() - shape.rank();
    if (skip >= cut.lead) return new_values_[x];
    const bool has_all = AlongMerged(shape, v) == Along::kAll;
    Dims dims = {has_all ? cut.rows : Dim(1)};
    for (int d = std::max(cut.lead - skip, 0); d < shape.rank(); ++d) dims.push_back(shape[d]);
    return Reshaped(new_values_[x], dims, &builder);
  }

  // The attributes of `n`, with the dimensions that it reduces counted from the end:
  // there they are the same ones before and after the cut.
  Attributes FromTheEnd(NodeId n, int rank) const {
    const Attributes& attributes = graph_.attributes(n);
    if (IsPointwise(n)) return attributes;
    auto counted = [&](int64_t d) { return d < 0 ? d : d - rank; };
    if (const auto* one = attributes.Find<int64_t>("dim")) {
      return attributes.With("dim", counted(*one));
    }
    Ints dims = attributes.Get<Ints>("dim");
    for (int64_t& d : dims) d = counted(d);
    return attributes.With("dim", dims);
  }

  const Graph& graph_;
  PassContext& context_;
  std::vector<uint32_t> user_begin_;
  std::vector<NodeId> users_;
  absl::flat_hash_map<ValueId, Cut> cuts_;
  absl::flat_hash_map<ValueId, size_t> cannot_;
  // Of each node that works on merged dimensions: a cut value whose dimensions these
  // are.
  std::vector<ValueId> space_;
  std::vector<ValueId> new_values_;
};

}  // namespace

absl::StatusOr<GraphPtr> SinkReshapes(const GraphPtr& graph, PassContext& context) {
  if (!AnyNode(*graph, [](Op op) { return op == Op::reshape; })) return graph;
  if (!AnyNode(*graph, IsProduct)) return graph;
  Sinker sinker(graph, context);
  return RewriteNodes(
      graph,
      [&](NodeId n, absl::Span<const ValueId>, GraphBuilder& builder) {
        return sinker.Rewrite(n, builder);
      },
      sinker.new_values());
}

}  // namespace otium
