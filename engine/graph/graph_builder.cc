// SPDX-License-Identifier: Apache-2.0
#include "engine/graph/graph_builder.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "engine/graph/schema.h"

namespace otium {

// An open-addressing table of node ids; slots hold id + 1. A node lies near the place
// of its youngest operand, so that nodes made one after the other share cache lines
// and pages: with slots all over the table, reading them took a quarter of the time of
// planning two million nodes. Where many nodes have the same youngest operand and its
// neighbourhood is full, they lie anywhere.
struct GraphBuilder::Table {
  std::vector<uint32_t> slots = std::vector<uint32_t>(64, 0);
  std::vector<uint64_t> hashes;  // From Hash.

  // The low half is the youngest operand.
  static uint64_t Hash(const OpDef& op, absl::Span<const ValueId> operands,
                       const Attributes& attributes, const std::optional<Device>& pin);

  // The slot of the first node that is `wanted`, or the empty one where it belongs.
  template <class Wanted>
  uint32_t* Find(uint64_t hash, Wanted wanted) {
    if (hashes.size() * 2 >= slots.size()) Grow();
    return Probe(&slots, hash, [&](NodeId n) { return hashes[n] == hash && wanted(n); });
  }
  // The next node, at the slot that Find gave.
  void Insert(uint64_t hash, uint32_t* slot) {
    hashes.push_back(hash);
    *slot = static_cast<uint32_t>(hashes.size());
  }

 private:
  template <class Wanted>
  static uint32_t* Probe(std::vector<uint32_t>* slots, uint64_t hash, Wanted wanted) {
    constexpr size_t kNeighbours = 16;  // A cache line, or two.
    const size_t mask = slots->size() - 1;
    // There are about two slots for each value.
    const size_t near = 2 * static_cast<size_t>(hash & 0xffffffff) + (hash >> 60);
    const size_t far = hash >> 32;
    for (size_t i = 0;; ++i) {
      uint32_t& slot = (*slots)[(i < kNeighbours ? near + i : far + i) & mask];
      if (slot == 0 || wanted(slot - 1)) return &slot;
    }
  }
  void Grow() {
    std::vector<uint32_t> grown(slots.size() * 2, 0);
    for (uint32_t slot : slots) {
      if (slot != 0) *Probe(&grown, hashes[slot - 1], [](NodeId) { return false; }) = slot;
    }
    slots = std::move(grown);
  }
};

GraphBuilder::GraphBuilder(std::shared_ptr<const SourceTable> sources)
    : graph_(std::make_unique<Graph>()), table_(std::make_unique<Table>()) {
  graph_->sources_ = std::move(sources);
}

GraphBuilder::GraphBuilder(GraphPtr original, std::shared_ptr<const SourceTable> sources)
    : GraphBuilder(std::move(sources)) {
  original_ = std::move(original);
  num_kept_ = static_cast<NodeId>(original_->inputs().size());  // They stand first.
}

GraphBuilder::~GraphBuilder() = default;

void GraphBuilder::SetName(absl::string_view name) {
  LeaveOriginal();
  graph_->name_ = std::string(name);
}

void GraphBuilder::SetOrigins(absl::Span<const SourceId> origins) {
  current_origins_.assign(origins.begin(), origins.end());
}

void GraphBuilder::SetPin(std::optional<Device> pin) { current_pin_ = pin; }

void GraphBuilder::SetValueName(ValueId value, absl::string_view name) {
  if (value == kNoValue || name.empty()) return;
  LeaveOriginal();
  graph_->value_names_.try_emplace(value, name);
}

void GraphBuilder::Fail(absl::Status status) {
  if (status_.ok()) status_ = std::move(status);
}

ValueId GraphBuilder::AddInput(absl::string_view name, const TensorType& type,
                               GraphPtr default_value) {
  LeaveOriginal();
  absl::StatusOr<Attributes> attributes =
      ResolveAttributes(GetOp(Op::input), {{"name", std::string(name)}});
  Graph& g = *graph_;
  const auto id = static_cast<NodeId>(g.nodes_.size());
  const ValueId value = g.num_values();
  g.nodes_.push_back({&GetOp(Op::input), *std::move(attributes),
                      static_cast<uint32_t>(g.operands_.size()), value,
                      static_cast<uint32_t>(g.origins_.size()), 1,
                      static_cast<uint16_t>(current_origins_.size()), 0, std::nullopt});
  g.origins_.insert(g.origins_.end(), current_origins_.begin(), current_origins_.end());
  g.types_.push_back(type);
  g.types_.back().structure = NormalizeStructure(type.structure, type.dtype, type.shape);
  g.producers_.push_back(id);
  g.inputs_.push_back({std::string(name), value, std::move(default_value)});
  SetValueName(value, name);
  table_->hashes.push_back(0);  // In the table's numbering, but in no slot.
  return value;
}

// Of a node with these operands in this order or, when its op is commutative, with the
// first two exchanged.
uint64_t GraphBuilder::Table::Hash(const OpDef& op, absl::Span<const ValueId> operands,
                                   const Attributes& attributes, const std::optional<Device>& pin) {
  const bool swapped = op.Is(kCommutative) && operands[0] > operands[1];
  uint64_t hash = attributes.hash().low ^ (static_cast<uint64_t>(op.id) << 48);
  ValueId youngest = 0;
  for (size_t i = 0; i < operands.size(); ++i) {
    const ValueId operand = operands[swapped && i < 2 ? 1 - i : i];
    hash = (hash ^ operand) * 0x9e3779b97f4a7c15ull ^ (hash >> 29);
    if (operand != kNoValue) youngest = std::max(youngest, operand);
  }
  if (pin.has_value()) hash += (uint64_t{1} + pin->index) << 32;
  return (hash >> 32 << 32) | youngest;
}

ValueId GraphBuilder::Add(const OpDef& op, absl::Span<const ValueId> given,
                          const Attributes& attributes) {
  if (!status_.ok()) return kNoValue;
  LeaveOriginal();
  if (op.id == Op::constant) {
    // Small constants are known by their values alone, so they lie in one way only.
    const auto& value = attributes.Get<Tensor>("value");
    if (!value.IsContiguous() && value.NumElements() <= kSmallConstant) {
      return Add(op, given, attributes.With("value", value.Contiguous()));
    }
  }
  Graph& g = *graph_;
  absl::InlinedVector<ValueId, 6> padded;
  absl::Span<const ValueId> operands = given;
  if (const size_t count = NumOperands(op, given.size()); count > given.size()) {
    padded.assign(given.begin(), given.end());
    padded.resize(count, kNoValue);
    operands = padded;
  }
  if (op.id == Op::assume && operands[0] != kNoValue) {
    const TensorType& x = g.types_[operands[0]];
    if (x.structure.Implies(
            NormalizeStructure(attributes.Get<Structure>("structure"), x.dtype, x.shape))) {
      return operands[0];
    }
  }
  // a + b and b + a are one node, with the operands in the order that came first.
  const uint64_t hash = Table::Hash(op, operands, attributes, current_pin_);
  uint32_t* slot = table_->Find(hash, [&](NodeId n) {
    const Graph::NodeData& node = g.nodes_[n];
    if (node.op != &op || node.num_operands != operands.size()) return false;
    const ValueId* other = g.operands_.data() + node.operand_begin;
    const bool same = std::equal(operands.begin(), operands.end(), other) ||
                      (op.Is(kCommutative) && operands[0] == other[1] && operands[1] == other[0] &&
                       std::equal(operands.begin() + 2, operands.end(), other + 2));
    return same && node.pin == current_pin_ && node.attributes == attributes;
  });
  if (*slot != 0) return g.nodes_[*slot - 1].first_result;

  absl::InlinedVector<const TensorType*, 4> types;
  for (ValueId v : operands) types.push_back(v == kNoValue ? nullptr : &g.types_[v]);
  ResultTypes results;
  const OpCall call{op, types, attributes};
  absl::Status s = CheckOperandCount(op, types);
  if (s.ok()) s = InferTypes(call, &results);
  if (!s.ok()) {
    Fail(std::move(s));
    return kNoValue;
  }
  if (op.structure != nullptr) op.structure({call, g, operands}, &results);
  for (TensorType& t : results) t.structure = NormalizeStructure(t.structure, t.dtype, t.shape);

  const auto id = static_cast<NodeId>(g.nodes_.size());
  const ValueId first = g.num_values();
  g.nodes_.push_back({&op, attributes, static_cast<uint32_t>(g.operands_.size()), first,
                      static_cast<uint32_t>(g.origins_.size()),
                      static_cast<uint16_t>(results.size()),
                      static_cast<uint16_t>(std::min<size_t>(current_origins_.size(), 0xffff)),
                      static_cast<uint32_t>(operands.size()), current_pin_});
  g.operands_.insert(g.operands_.end(), operands.begin(), operands.end());
  g.origins_.insert(g.origins_.end(), current_origins_.begin(),
                    current_origins_.begin() + g.nodes_.back().num_origins);
  for (TensorType& t : results) {
    g.types_.push_back(std::move(t));
    g.producers_.push_back(id);
  }
  table_->Insert(hash, slot);
  return first;
}

ValueId GraphBuilder::Add(Op op, std::initializer_list<ValueId> operands,
                          std::vector<NamedAttribute> attributes) {
  absl::StatusOr<Attributes> resolved = ResolveAttributes(GetOp(op), std::move(attributes));
  if (!resolved.ok()) {
    Fail(resolved.status());
    return kNoValue;
  }
  return Add(GetOp(op), absl::MakeConstSpan(operands.begin(), operands.size()), *resolved);
}

void GraphBuilder::Copy(const Graph& from, NodeId n, std::vector<ValueId>* values) {
  Copy(from, n, from.attributes(n), values);
}

void GraphBuilder::Copy(const Graph& from, NodeId n, const Attributes& attributes,
                        std::vector<ValueId>* values) {
  if (IsNextOfOriginal(from, n, attributes, *values)) {
    ++num_kept_;
    for (int i = 0; i < from.num_results(n); ++i) (*values)[from.result(n, i)] = from.result(n, i);
    return;
  }
  absl::InlinedVector<ValueId, 6> operands;
  for (ValueId v : from.operands(n)) operands.push_back(v == kNoValue ? kNoValue : (*values)[v]);
  SetOrigins(from.origins(n));
  SetPin(from.pin(n));
  const ValueId first = Add(from.op(n), operands, attributes);
  if (first == kNoValue) return;
  for (int i = 0; i < from.num_results(n); ++i) {
    const ValueId v = from.result(n, i);
    (*values)[v] = first + static_cast<ValueId>(i);
    SetValueName((*values)[v], from.value_name(v));
  }
}

bool GraphBuilder::IsNextOfOriginal(const Graph& from, NodeId n, const Attributes& attributes,
                                    const std::vector<ValueId>& values) const {
  if (&from != original_.get() || n != num_kept_ || !status_.ok()) return false;
  for (ValueId v : from.operands(n)) {
    if (v != kNoValue && values[v] != v) return false;
  }
  return attributes == from.attributes(n);
}

void GraphBuilder::LeaveOriginal() {
  if (original_ == nullptr) return;
  const GraphPtr original = std::move(original_);
  const Graph& from = *original;
  Graph& g = *graph_;
  // Where what belongs to the nodes so far ends.
  size_t values = from.types_.size();
  size_t operands = from.operands_.size(), origins = from.origins_.size();
  if (num_kept_ < from.num_nodes()) {
    const Graph::NodeData& next = from.nodes_[num_kept_];
    values = next.first_result;
    operands = next.operand_begin;
    origins = next.origin_begin;
  }
  // With room for as much as there was: most of it will follow.
  auto take = [](const auto& all, size_t count, auto* some) {
    some->reserve(all.size());
    some->assign(all.begin(), all.begin() + count);
  };
  take(from.nodes_, num_kept_, &g.nodes_);
  take(from.operands_, operands, &g.operands_);
  take(from.origins_, origins, &g.origins_);
  take(from.types_, values, &g.types_);
  take(from.producers_, values, &g.producers_);
  for (const auto& [value, name] : from.value_names_) {
    if (value < values) g.value_names_.emplace(value, name);
  }
  g.name_ = from.name_;
  g.inputs_ = from.inputs_;
  for (NodeId n = 0; n < num_kept_; ++n) {
    if (g.Is(n, Op::input)) {
      table_->hashes.push_back(0);
      continue;
    }
    const uint64_t hash = Table::Hash(g.op(n), g.operands(n), g.attributes(n), g.pin(n));
    table_->Insert(hash, table_->Find(hash, [](NodeId) { return false; }));
  }
}

ValueId GraphBuilder::AddScalar(DType dtype, std::complex<double> value) {
  Tensor tensor = DispatchDType(dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    if constexpr (std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>) {
      return Tensor::Scalar(T(static_cast<float>(value.real())));
    } else if constexpr (std::is_constructible_v<T, std::complex<double>>) {
      return Tensor::Scalar(T(value));
    } else {
      return Tensor::Scalar(static_cast<T>(value.real()));
    }
  });
  return Add(Op::constant, {}, {{"value", std::move(tensor)}});
}

void GraphBuilder::AddOutput(absl::string_view name, ValueId value) {
  LeaveOriginal();
  graph_->outputs_.push_back({std::string(name), value});
}

namespace {

// Adds the size names in the results and attributes of a node.
void CollectSizes(const Graph& g, NodeId n, std::vector<std::string>* names) {
  for (const TensorType& type : g.result_types(n)) {
    for (const Dim& d : type.shape.dims()) d.CollectSymbols(names);
  }
  for (const AttributeValue& value : g.attributes(n).values()) {
    if (const auto* dim = std::get_if<Dim>(&value)) dim->CollectSymbols(names);
    if (const auto* dims = std::get_if<Dims>(&value)) {
      for (const Dim& d : *dims) d.CollectSymbols(names);
    }
  }
}

// Which nodes the outputs need, backwards; nodes are in topological order. A node
// is also needed for a size that only it knows.
std::vector<bool> LiveNodes(const Graph& g) {
  std::vector<bool> live(g.num_nodes(), false);
  for (const GraphOutput& out : g.outputs()) live[g.producer(out.value)] = true;
  for (const GraphInput& in : g.inputs()) live[g.producer(in.value)] = true;
  bool has_data_sizes = false;
  for (NodeId n = 0; n < g.num_nodes(); ++n) has_data_sizes |= g.op(n).Is(kDataDependent);
  absl::flat_hash_set<std::string> wanted, made;
  std::vector<std::string> names;
  for (NodeId n = g.num_nodes(); n-- > 0;) {
    if (g.op(n).Is(kDataDependent)) {
      const std::string count(g.attributes(n).Get<Dim>("count").symbol());
      if (wanted.contains(count) && !made.contains(count)) live[n] = true;
      if (live[n]) made.insert(count);
    }
    if (!live[n]) continue;
    for (ValueId v : g.operands(n)) {
      if (v != kNoValue) live[g.producer(v)] = true;
    }
    if (has_data_sizes) {
      names.clear();
      CollectSizes(g, n, &names);
      wanted.insert(names.begin(), names.end());
    }
  }
  return live;
}

}  // namespace

absl::StatusOr<Graph> GraphBuilder::Build() && {
  if (!status_.ok()) return status_;
  LeaveOriginal();
  Graph& g = *graph_;
  const std::vector<bool> live = LiveNodes(g);
  if (std::find(live.begin(), live.end(), false) != live.end()) {
    Graph compact;
    compact.name_ = std::move(g.name_);
    compact.sources_ = g.sources_;
    std::vector<ValueId> renamed(g.num_values(), kNoValue);
    for (NodeId n = 0; n < g.num_nodes(); ++n) {
      if (!live[n]) continue;
      Graph::NodeData node = g.nodes_[n];
      const auto id = static_cast<NodeId>(compact.nodes_.size());
      node.operand_begin = static_cast<uint32_t>(compact.operands_.size());
      node.origin_begin = static_cast<uint32_t>(compact.origins_.size());
      node.first_result = compact.num_values();
      for (ValueId v : g.operands(n)) {
        compact.operands_.push_back(v == kNoValue ? kNoValue : renamed[v]);
      }
      compact.origins_.insert(compact.origins_.end(), g.origins(n).begin(), g.origins(n).end());
      for (int i = 0; i < g.num_results(n); ++i) {
        renamed[g.result(n, i)] = compact.num_values();
        compact.types_.push_back(std::move(g.types_[g.result(n, i)]));
        compact.producers_.push_back(id);
      }
      compact.nodes_.push_back(std::move(node));
    }
    for (auto& [value, name] : g.value_names_) {
      if (renamed[value] != kNoValue) compact.value_names_[renamed[value]] = std::move(name);
    }
    compact.inputs_ = std::move(g.inputs_);
    compact.outputs_ = std::move(g.outputs_);
    for (GraphInput& in : compact.inputs_) in.value = renamed[in.value];
    for (GraphOutput& out : compact.outputs_) out.value = renamed[out.value];
    g = std::move(compact);
  }

  Hasher hasher;
  for (NodeId n = 0; n < g.num_nodes(); ++n) {
    const Graph::NodeData& node = g.nodes_[n];
    hasher.Add(node.op->name).Add(node.attributes.hash());
    for (ValueId v : g.operands(n)) hasher.Add(uint64_t{v});
    if (node.pin.has_value()) hasher.Add(absl::string_view(DeviceToString(*node.pin)));
    if (node.op->id == Op::input) g.types_[node.first_result].HashInto(hasher);
    if (node.op->id == Op::constant &&
        node.attributes.Get<Tensor>("value").NumElements() > kSmallConstant) {
      g.large_constants_.push_back(n);
    }
  }
  for (const GraphOutput& out : g.outputs_) {
    hasher.Add(absl::string_view(out.name)).Add(uint64_t{out.value});
  }
  g.fingerprint_ = hasher.Finish();
  return std::move(g);
}

std::vector<ValueId> Inline(const Graph& from, absl::Span<const ValueId> roots,
                            std::vector<ValueId>* known, GraphBuilder* builder) {
  // Mark what is needed, then copy in order.
  std::vector<bool> needed(from.num_nodes(), false);
  for (ValueId v : roots) {
    if ((*known)[v] == kNoValue) needed[from.producer(v)] = true;
  }
  for (NodeId n = from.num_nodes(); n-- > 0;) {
    if (!needed[n]) continue;
    for (ValueId v : from.operands(n)) {
      if (v != kNoValue && (*known)[v] == kNoValue) needed[from.producer(v)] = true;
    }
  }
  for (NodeId n = 0; n < from.num_nodes(); ++n) {
    if (needed[n]) builder->Copy(from, n, known);
  }
  std::vector<ValueId> result;
  for (ValueId v : roots) result.push_back((*known)[v]);
  return result;
}

}  // namespace otium
