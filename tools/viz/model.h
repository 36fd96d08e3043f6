// SPDX-License-Identifier: Apache-2.0
//
// What there is to see of a graph, as one document: the graph before the first
// pass and after each pass that changed it, the plan, the reasons, and what a run
// measured. Every picture and text of this folder is made from it; README.md
// describes its JSON.
//
// Nodes keep their identity through the stages. A node of one stage is the node of
// the stage before when
//
//   1. op, attributes, types and pin are equal, and its operands are the same
//      nodes; or else
//   2. op, attributes, types and pin are equal, and it comes from the same source
//      nodes: only what it reads was rewritten.
//
// So a node lives from stage `first` to stage `last`, and so does an edge. What is
// new in a stage was made by its pass; `became` of a node that went says into what.
//
// The last stage is the plan: one node a step. Views, which cost nothing there, are
// gone from it; copies and transfers are new.
//
// Linear in the sizes of the stages that changed, without recursion. Tested by
// tests/viz/model_test.cc.

#ifndef OTIUM_TOOLS_VIZ_MODEL_H_
#define OTIUM_TOOLS_VIZ_MODEL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/graph/graph.h"
#include "engine/optimize/rule.h"
#include "engine/place/plan.h"
#include "engine/run/observe.h"
#include "tools/viz/explained_plan.h"
#include "tools/viz/viz.h"

namespace otium::viz {

using Index = int32_t;

enum class NodeKind : uint8_t {
  kInput,
  kConstant,
  kProduct,  // The matmul family, fused products included.
  kSolver,   // Factorizations and what is solved by them.
  kPointwise,
  kReduction,
  kFused,  // A region.
  kView,
  kCreation,
  kRandom,
  kCall,  // A scope, before inline_calls.
  kOther,
  kCopy,
  kTransfer,
};
inline constexpr int kNumNodeKinds = static_cast<int>(NodeKind::kTransfer) + 1;
absl::string_view NodeKindName(NodeKind kind);

struct Node {
  std::string op;
  std::string name;  // The user's, of its first result; or empty.
  std::string type;  // "f64[3, 3] spd"; those of several results, by "; ".
  std::string text;  // Its line of canonical text in the stage that made it.
  NodeKind kind = NodeKind::kOther;
  std::string device;         // Where it runs, or is wanted; or empty.
  double bytes = 0;           // Of its results; 0 when a size is not known.
  Index first = 0, last = 0;  // Stages.
  Index scope = -1;
  Index body = -1;                   // Of a fused region or a call.
  std::vector<Index> sources;        // What the user wrote; calls it lies in come last.
  std::vector<std::string> outputs;  // Results of the graph that it makes.
  std::vector<Index> steps;
  std::vector<Index> reasons;
  std::vector<Index> became;  // Made where this one went.
};

// Operand `operand` of `to` is result `result` of `from`.
struct Edge {
  Index from = 0, to = 0;
  Index result = 0, operand = 0;
  Index first = 0, last = 0;  // Stages.
  double bytes = 0;
};

// A call of a graph: its nodes have it in `scope`.
struct Scope {
  std::string name;
  Index parent = -1;
  Index source = -1;  // The call.
};

// Said once of all calls of a graph, whose nodes come from the same sources.
struct SeenReason {
  Index stage = 0;
  Index rule = 0;
  bool fired = false;
  std::string text;
  std::vector<Index> nodes;
  int times = 1;
};

struct Stage {
  enum Kind : uint8_t { kSource, kPass, kPlan };
  std::string name;
  Kind kind = kSource;
  int made = 0, removed = 0;
};

struct SeenBuffer {
  BufferKind kind = BufferKind::kArena;
  std::string device;
  int64_t bytes = 0, offset = 0;
  Index first = 0, last = 0;  // Steps.
  Index node = -1;            // That makes it.
};

// One segment of a plan; a graph without a plan is one, too.
struct Segment {
  std::vector<Stage> stages;
  std::vector<Node> nodes;
  std::vector<Edge> edges;
  std::vector<Scope> scopes;
  std::vector<SourceTable::Entry> sources;
  std::vector<SeenReason> reasons;
  std::vector<std::string> bodies;  // Canonical texts.

  bool planned = false;
  ExplainedSegment plan;         // Its steps are what Node::steps counts.
  std::vector<Index> step_node;  // Parallel to them, as the next two: buffers.
  std::vector<std::vector<Index>> step_reads, step_writes;
  std::vector<SeenBuffer> buffers;
  // Steps that follow from each other and take longest together.
  std::vector<Index> critical_path;
  double critical_seconds = 0;

  Index last_stage() const { return static_cast<Index>(stages.size()) - 1; }
};

struct Document {
  std::string name;
  std::vector<const Rule*> rules;  // That reasons mention.
  std::vector<Segment> segments;
  bool measured = false;
  double measured_seconds = 0, unattributed_seconds = 0;
};

Document DescribeGraph(const Graph& graph);
// `options.history` and `options.profile` may be null; with a profile its plans count.
Document DescribePlans(const std::vector<std::shared_ptr<const Plan>>& plans,
                       const DumpOptions& options);

}  // namespace otium::viz

#endif  // OTIUM_TOOLS_VIZ_MODEL_H_
