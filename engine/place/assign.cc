// SPDX-License-Identifier: Apache-2.0
#include "engine/place/assign.h"

#include <algorithm>
#include <cmath>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/place/assignment.h"
#include "engine/place/copies.h"
#include "engine/place/lifetime.h"

namespace otium {
namespace {

enum Outcome : uint8_t { kMoved, kStays };

constexpr absl::string_view kOutcomes[] = {
    "$a moved off the CPU: $t0 there, $t1 here",
    "$a stays on the CPU: elsewhere it would be $t0 faster, and its copies take $t1",
};
constexpr Rule kPlacement = {
    .name = "placement",
    .formula = "a node runs where the whole graph takes least time, copies included",
    .condition = "it is not pinned",
    .error = ErrorClass::kExact,
    .outcomes = kOutcomes,
};

constexpr int kNoItem = -1;
constexpr double kPicosecond = 1e-12;

int64_t Picoseconds(double seconds) { return std::llround(std::min(seconds, 1e6) * 1e12); }

class Assigner {
 public:
  Assigner(const Graph& graph, const std::vector<ValueId>& roots, const PlaceOptions& options)
      : graph_(graph), roots_(roots), options_(options), machine_(*options.machine) {
    problem_.num_devices = static_cast<int>(machine_.devices.size());
  }

  // `pinned`: per node a device, or -1.
  std::vector<int> Run(const std::vector<int>& pinned, std::vector<Reason>* reasons) {
    AddItems(pinned);
    AddUses();
    const std::vector<int> devices = Assign(problem_);
    std::vector<int> of_node(graph_.num_nodes(), 0);
    for (NodeId n = 0; n < graph_.num_nodes(); ++n) {
      if (item_of_[n] != kNoItem) of_node[n] = devices[item_of_[n]];
    }
    Explain(devices, reasons);
    return of_node;
  }

 private:
  int AddItem(NodeId n, int fixed) {
    AssignmentProblem::Item& item = problem_.items.emplace_back();
    item.cost.assign(problem_.num_devices, 0);
    item.fixed = fixed;
    node_of_item_.push_back(n);
    return static_cast<int>(problem_.items.size()) - 1;
  }

  void AddItems(const std::vector<int>& pinned) {
    item_of_.assign(graph_.num_nodes(), kNoItem);
    std::vector<const TensorType*> operands;
    for (NodeId n = 0; n < graph_.num_nodes(); ++n) {
      if (graph_.Is(n, Op::constant)) continue;
      if (graph_.Is(n, Op::input)) {
        item_of_[n] = AddItem(n, /*fixed=*/0);
        continue;
      }
      if (IsAlias(graph_, n)) {
        // A pinned view is a place of its own, to which its operand is copied.
        item_of_[n] = pinned[n] >= 0 ? AddItem(n, pinned[n])
                                     : item_of_[graph_.producer(graph_.operands(n)[0])];
        continue;
      }
      const int item = item_of_[n] = AddItem(n, pinned[n]);
      operands.clear();
      for (ValueId v : graph_.operands(n)) {
        operands.push_back(v == kNoValue ? nullptr : &graph_.type(v));
      }
      const OpCall call{graph_.op(n), operands, graph_.attributes(n)};
      const auto results = LargestTypes(graph_, n);
      for (int d = 0; d < problem_.num_devices; ++d) {
        problem_.items[item].cost[d] =
            Picoseconds(CostOf(machine_.devices[d], call, results).seconds);
      }
    }
    outside_ = AddItem(graph_.num_nodes(), /*fixed=*/0);  // The caller, and all checks.
  }

  void AddUses() {
    for (NodeId n = 0; n < graph_.num_nodes(); ++n) {
      if (item_of_[n] == kNoItem) continue;
      for (ValueId v : graph_.operands(n)) {
        if (v != kNoValue) AddUse(v, item_of_[n]);
      }
    }
    for (NodeId n = 0; n < graph_.num_nodes(); ++n) {
      if (graph_.Is(n, Op::input) || !IsChecked(graph_, n, options_)) continue;
      AddUse(graph_.operands(n)[0], outside_);
    }
    for (const GraphOutput& out : graph_.outputs()) AddUse(out.value, outside_);
  }

  void AddUse(ValueId value, int consumer) {
    const int producer = item_of_[graph_.producer(value)];
    if (producer == kNoItem || producer == consumer) return;
    const ValueId unit = TransferUnit(graph_, roots_, value);
    auto [it, inserted] = value_of_.try_emplace({unit, producer}, 0);
    if (inserted) {
      it->second = static_cast<int>(problem_.values.size());
      AssignmentProblem::Value& v = problem_.values.emplace_back();
      v.producer = producer;
      const NodeId n = graph_.producer(unit);
      const int64_t bytes = LargestTypes(graph_, n)[graph_.result_index(unit)].NumBytes();
      for (const DeviceModel& from : machine_.devices) {
        for (const DeviceModel& to : machine_.devices) {
          v.copy.push_back(Picoseconds(TransferSeconds(from, to, bytes)));
        }
      }
      problem_.items[producer].produces.push_back(it->second);
    }
    // The uses of one item come together.
    std::vector<int>& consumers = problem_.values[it->second].consumers;
    if (!consumers.empty() && consumers.back() == consumer) return;
    consumers.push_back(consumer);
    problem_.items[consumer].consumes.push_back(it->second);
  }

  void Explain(const std::vector<int>& devices, std::vector<Reason>* reasons) const {
    const AssignmentMoves moves(problem_, devices);
    for (size_t i = 0; i < problem_.items.size(); ++i) {
      const AssignmentProblem::Item& item = problem_.items[i];
      const NodeId n = node_of_item_[i];
      if (item.fixed >= 0 || graph_.origins(n).empty()) continue;
      Reason reason = ReasonAt(kPlacement, graph_, n);
      const int here = devices[i];
      if (here != 0) {
        reason.outcome = kMoved;
        reason.numbers[0] = static_cast<double>(item.cost[here]) * kPicosecond;
        reason.numbers[1] = static_cast<double>(item.cost[0]) * kPicosecond;
        reasons->push_back(reason);
        continue;
      }
      const auto fastest = static_cast<int>(std::min_element(item.cost.begin(), item.cost.end()) -
                                            item.cost.begin());
      const int64_t saved = item.cost[0] - item.cost[fastest];
      if (saved <= 0) continue;
      reason.outcome = kStays;
      reason.numbers[0] = static_cast<double>(saved) * kPicosecond;
      reason.numbers[1] =
          static_cast<double>(saved + moves.CostOfMove(static_cast<int>(i), fastest)) * kPicosecond;
      reasons->push_back(reason);
    }
  }

  const Graph& graph_;
  const std::vector<ValueId>& roots_;
  const PlaceOptions& options_;
  const Machine& machine_;
  AssignmentProblem problem_;
  std::vector<int> item_of_;  // Per node; kNoItem for constants and their views.
  std::vector<NodeId> node_of_item_;
  int outside_ = 0;
  absl::flat_hash_map<std::pair<ValueId, int>, int> value_of_;  // By unit and producer.
};

}  // namespace

bool IsChecked(const Graph& graph, NodeId n, const PlaceOptions& options) {
  if (!options.check_declared) return false;
  if (graph.Is(n, Op::input)) return !graph.type(graph.result(n)).structure.IsGeneral();
  return graph.Is(n, Op::assume) && !graph.attributes(n).Get<bool>("proved");
}

absl::InlinedVector<TensorType, 2> LargestTypes(const Graph& graph, NodeId n) {
  absl::InlinedVector<TensorType, 2> types;
  for (const TensorType& type : graph.result_types(n)) {
    if (type.shape.IsStatic()) {
      types.push_back(type);
      continue;
    }
    std::vector<const TensorType*> operands;
    for (ValueId v : graph.operands(n)) {
      operands.push_back(v == kNoValue ? nullptr : &graph.type(v));
    }
    const int64_t most = graph.op(n).max_count({graph.op(n), operands, graph.attributes(n)});
    Sizes sizes;
    for (const Dim& d : type.shape.dims()) sizes.push_back(d.IsStatic() ? d.value() : most);
    types.emplace_back(type.dtype, Shape(absl::Span<const int64_t>(sizes))).structure =
        type.structure;
  }
  return types;
}

absl::StatusOr<std::vector<int>> AssignDevices(const Graph& graph,
                                               const std::vector<ValueId>& roots,
                                               const PlaceOptions& options,
                                               std::vector<Reason>* reasons) {
  const Machine& machine = *options.machine;
  std::vector<int> pinned(graph.num_nodes(), -1);
  for (NodeId n = 0; n < graph.num_nodes(); ++n) {
    // The device for everything is a pin of all that computes.
    const bool is_data = graph.Is(n, Op::input) || graph.Is(n, Op::constant);
    const std::optional<Device> wanted =
        graph.pin(n).has_value() || is_data ? graph.pin(n) : options.device;
    if (!wanted.has_value()) continue;
    for (size_t d = 0; d < machine.devices.size(); ++d) {
      if (machine.devices[d].device == *wanted) pinned[n] = static_cast<int>(d);
    }
    if (pinned[n] < 0) {
      return AtNode(graph, n,
                    absl::UnavailableError(absl::StrCat(graph.op(n).name, " is wanted on ",
                                                        DeviceToString(*wanted),
                                                        ", which this machine does not have "
                                                        "(CompileOptions::machine may describe "
                                                        "one to plan for)")));
    }
  }
  if (machine.devices.size() == 1) return std::vector<int>(graph.num_nodes(), 0);
  return Assigner(graph, roots, options).Run(pinned, reasons);
}

}  // namespace otium
