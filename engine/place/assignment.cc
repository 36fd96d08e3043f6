// SPDX-License-Identifier: Apache-2.0
#include "engine/place/assignment.h"

#include <algorithm>
#include <utility>

#include "engine/place/min_cut.h"

namespace otium {
namespace {

using Item = AssignmentProblem::Item;
using Value = AssignmentProblem::Value;

// Larger graphs are left to single moves.
constexpr size_t kMaxCutItems = 4096;
constexpr int kMaxSweeps = 8;

// Per item and device, the time of all that leads to it, each value's share
// divided among its consumers; then from the last item back, each where that and
// the copies to its consumers are cheapest. Exact on chains and trees.
std::vector<int> ByHistory(const AssignmentProblem& p) {
  const int k = p.num_devices;
  std::vector<double> history(p.items.size() * k);
  for (size_t i = 0; i < p.items.size(); ++i) {
    for (int d = 0; d < k; ++d) {
      double time = static_cast<double>(p.items[i].cost[d]);
      for (int v : p.items[i].consumes) {
        const Value& value = p.values[v];
        const int only = p.items[value.producer].fixed;
        double best = -1;
        for (int e = only >= 0 ? only : 0; e < (only >= 0 ? only + 1 : k); ++e) {
          const double t =
              history[value.producer * k + e] + static_cast<double>(p.Copy(value, e, d));
          if (best < 0 || t < best) best = t;
        }
        time += best / static_cast<double>(value.consumers.size());
      }
      history[i * k + d] = time;
    }
  }
  std::vector<int> devices(p.items.size(), 0);
  std::vector<bool> wanted(p.values.size() * k, false);  // Per value and device.
  for (size_t i = p.items.size(); i-- > 0;) {
    const Item& item = p.items[i];
    int best = item.fixed;
    double best_time = 0;
    for (int d = 0; d < k && item.fixed < 0; ++d) {
      double time = history[i * k + d];
      for (int v : item.produces) {
        for (int e = 0; e < k; ++e) {
          if (wanted[v * k + e]) time += static_cast<double>(p.Copy(p.values[v], d, e));
        }
      }
      if (best >= 0 && time >= best_time) continue;
      best = d;
      best_time = time;
    }
    devices[i] = best;
    for (int v : item.consumes) wanted[v * k + best] = true;
  }
  return devices;
}

}  // namespace

AssignmentMoves::AssignmentMoves(const AssignmentProblem& problem, std::vector<int> devices)
    : problem_(problem),
      devices_(std::move(devices)),
      consumers_(problem.values.size() * problem.num_devices, 0) {
  for (size_t v = 0; v < problem.values.size(); ++v) {
    for (int c : problem.values[v].consumers) ++consumers_[At(static_cast<int>(v), devices_[c])];
  }
}

int64_t AssignmentMoves::CostOfMove(int item, int to) const {
  const Item& it = problem_.items[item];
  const int from = devices_[item];
  if (from == to) return 0;
  int64_t cost = it.cost[to] - it.cost[from];
  for (int v : it.produces) {
    const Value& value = problem_.values[v];
    for (int d = 0; d < problem_.num_devices; ++d) {
      if (consumers_[At(v, d)] == 0) continue;
      cost += problem_.Copy(value, to, d) - problem_.Copy(value, from, d);
    }
  }
  for (int v : it.consumes) {
    const Value& value = problem_.values[v];
    const int producer = devices_[value.producer];
    if (consumers_[At(v, from)] == 1) cost -= problem_.Copy(value, producer, from);
    if (consumers_[At(v, to)] == 0) cost += problem_.Copy(value, producer, to);
  }
  return cost;
}

void AssignmentMoves::Move(int item, int to) {
  for (int v : problem_.items[item].consumes) {
    --consumers_[At(v, devices_[item])];
    ++consumers_[At(v, to)];
  }
  devices_[item] = to;
}

void AssignmentMoves::Improve() {
  for (int sweep = 0; sweep < kMaxSweeps; ++sweep) {
    bool improved = false;
    for (size_t i = 0; i < problem_.items.size(); ++i) {
      if (problem_.items[i].fixed >= 0) continue;
      for (int d = 0; d < problem_.num_devices; ++d) {
        if (CostOfMove(static_cast<int>(i), d) >= 0) continue;
        Move(static_cast<int>(i), d);
        improved = true;
      }
    }
    if (!improved) return;
  }
}

int64_t PredictedTime(const AssignmentProblem& p, const std::vector<int>& devices) {
  int64_t time = 0;
  for (size_t i = 0; i < p.items.size(); ++i) time += p.items[i].cost[devices[i]];
  std::vector<bool> there(p.num_devices);
  for (const Value& v : p.values) {
    there.assign(p.num_devices, false);
    for (int c : v.consumers) there[devices[c]] = true;
    for (int d = 0; d < p.num_devices; ++d) {
      if (there[d]) time += p.Copy(v, devices[v.producer], d);
    }
  }
  return time;
}

std::vector<int> AssignByCut(const AssignmentProblem& p) {
  const auto num_items = static_cast<int>(p.items.size());
  MinCut cut(num_items + 2);
  const int source = num_items, sink = num_items + 1;
  for (int i = 0; i < num_items; ++i) {
    const Item& item = p.items[i];
    cut.AddEdge(source, i, item.fixed == 0 ? MinCut::kInfinite : item.cost[1]);
    cut.AddEdge(i, sink, item.fixed == 1 ? MinCut::kInfinite : item.cost[0]);
  }
  for (const Value& v : p.values) {
    // `out` is on the sink's side as soon as one consumer is, `back` on the
    // source's side as soon as one is there.
    const int out = cut.AddVertex(), back = cut.AddVertex();
    cut.AddEdge(v.producer, out, p.Copy(v, 0, 1));
    cut.AddEdge(back, v.producer, p.Copy(v, 1, 0));
    for (int c : v.consumers) {
      cut.AddEdge(out, c, MinCut::kInfinite);
      cut.AddEdge(c, back, MinCut::kInfinite);
    }
  }
  const std::vector<bool> on_device_1 = cut.SinkSide(source, sink);
  std::vector<int> devices(num_items);
  for (int i = 0; i < num_items; ++i) devices[i] = on_device_1[i] ? 1 : 0;
  return devices;
}

std::vector<int> AssignByMoves(const AssignmentProblem& p) {
  std::vector<int> at_home(p.items.size());
  for (size_t i = 0; i < p.items.size(); ++i) at_home[i] = std::max(p.items[i].fixed, 0);
  AssignmentMoves from_home(p, std::move(at_home)), from_history(p, ByHistory(p));
  from_home.Improve();
  from_history.Improve();
  const bool stay =
      PredictedTime(p, from_home.devices()) <= PredictedTime(p, from_history.devices());
  return stay ? from_home.devices() : from_history.devices();
}

std::vector<int> Assign(const AssignmentProblem& problem) {
  return problem.num_devices == 2 && problem.items.size() <= kMaxCutItems ? AssignByCut(problem)
                                                                          : AssignByMoves(problem);
}

}  // namespace otium
