// SPDX-License-Identifier: Apache-2.0
#include "tools/viz/model.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "engine/optimize/cost.h"
#include "tools/viz/history.h"
#include "tools/viz/plan_stage.h"

namespace otium::viz {
namespace {

using NodesBySource = absl::flat_hash_map<Index, std::vector<Index>>;

NodesBySource BySource(const Segment& segment, const std::vector<Index>& nodes) {
  NodesBySource by_source;
  for (Index n : nodes) {
    for (Index s : segment.nodes[n].sources) {
      const bool around =
          segment.sources[s].op == Op::call && segment.nodes[n].kind != NodeKind::kCall;
      if (!around) by_source[s].push_back(n);
    }
  }
  return by_source;
}

// Adds what passes and placement said, stage by stage, and ties it to nodes.
class ReasonBuilder {
 public:
  ReasonBuilder(const Plan& plan, Document* document, Segment* segment)
      : plan_(plan), document_(*document), segment_(*segment) {}

  // The reasons from where the last call ended to `end`. `here` are the nodes of the
  // stage that has them, `changed` those that it made or took away.
  void Add(size_t end, Index stage, const std::vector<Index>& here,
           const std::vector<Index>& changed) {
    if (next_ >= end) return;
    const NodesBySource present = BySource(segment_, here), touched = BySource(segment_, changed);
    for (; next_ < end; ++next_) {
      const Reason& reason = plan_.reasons[next_];
      const auto [said, is_new] =
          said_.try_emplace({stage, reason.rule, reason.outcome, reason.nodes[0], reason.nodes[1],
                             reason.numbers[0], reason.numbers[1], reason.became},
                            segment_.reasons.size());
      if (!is_new) {
        ++segment_.reasons[said->second].times;
        continue;
      }
      SeenReason seen{stage,
                      RuleIndex(reason.rule),
                      reason.fired(),
                      ReasonText(reason, *plan_.graph->sources()),
                      {}};
      // What fired changed something; a rule that only says where things go did not.
      AddNodes(reason.fired() ? touched : present, static_cast<Index>(reason.nodes[0]), &seen);
      if (seen.nodes.empty()) AddNodes(present, static_cast<Index>(reason.nodes[0]), &seen);
      const absl::string_view words = reason.rule->outcomes[reason.outcome];
      if (reason.fired() || absl::StrContains(words, "$b")) {
        if (reason.nodes[1] != 0 || absl::StrContains(words, "$b")) {
          AddNodes(reason.fired() ? touched : present, static_cast<Index>(reason.nodes[1]), &seen);
        }
      }
      std::sort(seen.nodes.begin(), seen.nodes.end());
      seen.nodes.erase(std::unique(seen.nodes.begin(), seen.nodes.end()), seen.nodes.end());
      for (Index n : seen.nodes) {
        segment_.nodes[n].reasons.push_back(static_cast<Index>(segment_.reasons.size()));
      }
      segment_.reasons.push_back(std::move(seen));
    }
  }

 private:
  static void AddNodes(const NodesBySource& nodes, Index source, SeenReason* reason) {
    const auto it = nodes.find(source);
    if (it == nodes.end()) return;
    reason->nodes.insert(reason->nodes.end(), it->second.begin(), it->second.end());
  }

  Index RuleIndex(const Rule* rule) {
    std::vector<const Rule*>& rules = document_.rules;
    const auto it = std::find(rules.begin(), rules.end(), rule);
    if (it != rules.end()) return static_cast<Index>(it - rules.begin());
    rules.push_back(rule);
    return static_cast<Index>(rules.size()) - 1;
  }

  using Key =
      std::tuple<Index, const Rule*, uint8_t, SourceId, SourceId, double, double, const OpDef*>;

  absl::flat_hash_map<Key, size_t> said_;
  const Plan& plan_;
  Document& document_;
  Segment& segment_;
  size_t next_ = 0;
};

// The passes that made plan.graph of plan.source; without a history they are one.
PassHistory::Graphs PassesOf(const Plan& plan, const PassHistory::Graphs* history) {
  if (history != nullptr && !history->empty()) return *history;
  PassHistory::Graphs graphs = {{"source", plan.source}};
  for (const PassRecord& pass : plan.passes) graphs.emplace_back(std::string(pass.pass), nullptr);
  graphs.emplace_back("optimize", plan.graph);
  return graphs;
}

// The passes that were watched when this plan was made, or one like it; others were
// watched too: those of defaults of inputs, those of other segments.
const PassHistory::Graphs* HistoryOf(const Plan& plan, const PassHistory* history) {
  if (history == nullptr) return nullptr;
  const auto& segments = history->segments();
  for (size_t i = segments.size(); i-- > 0;) {
    const Graph& last = *segments[i].back().second;
    if (last.fingerprint() == plan.graph->fingerprint() &&
        last.num_nodes() == plan.graph->num_nodes()) {
      return &segments[i];
    }
  }
  return nullptr;
}

// One segment: its passes, and when names are known its plan.
class PlanDescriber {
 public:
  PlanDescriber(const Plan& plan, const PassHistory::Graphs* history, Document* document,
                Segment* segment)
      : plan_(plan),
        history_(history),
        segment_(*segment),
        builder_(segment),
        reasons_(plan, document, segment) {}

  void AddPasses() {
    const PassHistory::Graphs graphs = PassesOf(plan_, history_);
    const Graph* last = nullptr;
    size_t pass = 0;
    for (size_t i = 0; i < graphs.size(); ++i) {
      const GraphPtr& graph = graphs[i].second;
      std::vector<Index> changed;
      if (graph != nullptr && graph.get() != last) {
        builder_.AddGraph(graphs[i].first, i == 0 ? Stage::kSource : Stage::kPass, *graph);
        changed = Changed();
        last = graph.get();
      }
      if (i == 0 || pass >= plan_.passes.size()) continue;
      // Without a history all reasons belong to the one stage there is.
      const size_t end = plan_.passes[pass++].reasons;
      if (graph != nullptr) reasons_.Add(end, segment_.last_stage(), builder_.nodes(), changed);
    }
    if (history_ == nullptr && !plan_.passes.empty()) {
      reasons_.Add(plan_.passes.back().reasons, segment_.last_stage(), builder_.nodes(), Changed());
    }
  }

  const ValueNameList& names() const { return builder_.names(); }

  void AddPlan(ExplainedSegment explained) {
    segment_.plan = std::move(explained);
    AddPlanStage(plan_, builder_.nodes(), names(), &segment_);
    reasons_.Add(plan_.reasons.size(), segment_.last_stage(), builder_.nodes(), segment_.step_node);
  }

 private:
  std::vector<Index> Changed() const {
    std::vector<Index> changed = builder_.made();
    changed.insert(changed.end(), builder_.removed().begin(), builder_.removed().end());
    return changed;
  }

  const Plan& plan_;
  const PassHistory::Graphs* const history_;
  Segment& segment_;
  HistoryBuilder builder_;
  ReasonBuilder reasons_;
};

}  // namespace

absl::string_view NodeKindName(NodeKind kind) {
  switch (kind) {
    case NodeKind::kInput: return "input";
    case NodeKind::kConstant: return "constant";
    case NodeKind::kProduct: return "product";
    case NodeKind::kSolver: return "solver";
    case NodeKind::kPointwise: return "pointwise";
    case NodeKind::kReduction: return "reduction";
    case NodeKind::kFused: return "fused";
    case NodeKind::kView: return "view";
    case NodeKind::kCreation: return "creation";
    case NodeKind::kRandom: return "random";
    case NodeKind::kCall: return "call";
    case NodeKind::kOther: return "other";
    case NodeKind::kCopy: return "copy";
    case NodeKind::kTransfer: return "transfer";
  }
  return "other";
}

Document DescribeGraph(const Graph& graph) {
  Document document;
  document.name = graph.name();
  HistoryBuilder(&document.segments.emplace_back()).AddGraph("source", Stage::kSource, graph);
  return document;
}

Document DescribePlans(const std::vector<std::shared_ptr<const Plan>>& given,
                       const DumpOptions& options) {
  const Profile* profile = options.profile;
  const auto& plans = profile != nullptr ? profile->plans : given;
  const Machine& machine = options.machine != nullptr ? *options.machine : HostMachine();
  Document document;
  if (!plans.empty()) document.name = plans[0]->source->name();
  document.segments.resize(plans.size());
  // Plans are told in the names that the passes gave.
  std::vector<std::unique_ptr<PlanDescriber>> describers;
  std::vector<ValueNameList> names;
  for (size_t i = 0; i < plans.size(); ++i) {
    describers.push_back(std::make_unique<PlanDescriber>(
        *plans[i], HistoryOf(*plans[i], options.history), &document, &document.segments[i]));
    describers.back()->AddPasses();
    names.push_back(describers.back()->names());
  }
  ExplainedPlan explained = ExplainPlans(plans, machine, profile, names);
  for (size_t i = 0; i < plans.size(); ++i) {
    describers[i]->AddPlan(std::move(explained.segments[i]));
  }
  if (!plans.empty()) {
    const auto& continuation = plans.back()->continuation;
    if (continuation.has_value()) {
      // Not planned yet: only what it is.
      HistoryBuilder(&document.segments.emplace_back())
          .AddGraph("source", Stage::kSource, *continuation->rest);
    }
  }
  if (profile != nullptr) {
    document.measured = true;
    document.measured_seconds = profile->seconds;
    document.unattributed_seconds = explained.unattributed;
  }
  return document;
}

}  // namespace otium::viz
