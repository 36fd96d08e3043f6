// SPDX-License-Identifier: Apache-2.0
#include "tools/viz/model.h"

#include <algorithm>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/otium.h"
#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "tests/viz/planned.h"
#include "tools/viz/history.h"
#include "tools/viz/outputs.h"

namespace otium::viz {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr char kAddmv[] = R"(# sizes: m=20 n=30
graph addmv(A: f64[m, n], x: f64[n], y: f64[m]) -> z {
  z = y + A @ x
}
)";

// The one node with this op; -1 when there is none or there are several.
Index NodeOf(const Segment& s, absl::string_view op) {
  Index found = -1;
  for (size_t n = 0; n < s.nodes.size(); ++n) {
    if (s.nodes[n].op != op) continue;
    if (found >= 0) return -1;
    found = static_cast<Index>(n);
  }
  return found;
}

Index StageOf(const Segment& s, absl::string_view name) {
  for (size_t i = 0; i < s.stages.size(); ++i) {
    if (s.stages[i].name == name) return static_cast<Index>(i);
  }
  return -1;
}

TEST(Model, KindsOfOps) {
  for (Op op : {Op::solve, Op::cholesky, Op::cholesky_ex}) {
    EXPECT_EQ(KindOf(GetOp(op)), NodeKind::kSolver) << GetOp(op).name;
  }
  for (Op op : {Op::mm, Op::addmv, Op::einsum}) {
    EXPECT_EQ(KindOf(GetOp(op)), NodeKind::kProduct) << GetOp(op).name;
  }
  // Those that can fail do not all solve something.
  for (Op op : {Op::index_select, Op::gather, Op::cat}) {
    EXPECT_EQ(KindOf(GetOp(op)), NodeKind::kOther) << GetOp(op).name;
  }
}

TEST(Model, NodesKeepTheirIdentity) {
  const Planned planned = PlanText(kAddmv, "addmv.otm");
  const Document document = planned.Describe();
  ASSERT_EQ(document.segments.size(), 1u);
  const Segment& s = document.segments[0];
  std::vector<std::string> stages;
  for (const Stage& stage : s.stages) stages.push_back(stage.name);
  EXPECT_THAT(stages, ElementsAre("source", "decompose", "fuse_products", "plan"));
  // Three inputs, matmul, add, then mv, then addmv; and no more.
  ASSERT_EQ(s.nodes.size(), 7u);
  for (Index n : {0, 1, 2}) {
    EXPECT_EQ(s.nodes[n].op, "input");
    EXPECT_EQ(s.nodes[n].first, 0);
    EXPECT_EQ(s.nodes[n].last, 3);
  }
  const Node& add = s.nodes[NodeOf(s, "add")];
  // Its operand was rewritten, it was not.
  EXPECT_EQ(add.first, 0);
  EXPECT_EQ(add.last, 1);
  const Index addmv = NodeOf(s, "addmv"), mv = NodeOf(s, "mv");
  EXPECT_THAT(s.nodes[NodeOf(s, "matmul")].became, ElementsAre(mv));
  EXPECT_THAT(add.became, ElementsAre(addmv));
  EXPECT_THAT(s.nodes[mv].became, ElementsAre(addmv));
  EXPECT_THAT(s.nodes[addmv].outputs, ElementsAre("z"));
  EXPECT_THAT(s.nodes[addmv].steps, ElementsAre(0));
  EXPECT_EQ(s.stages[2].made, 1);
  EXPECT_EQ(s.stages[2].removed, 2);
}

TEST(Model, EdgesLiveAsLongAsTheyAreThere) {
  const Planned planned = PlanText(kAddmv, "addmv.otm");
  const Segment s = planned.Describe().segments[0];
  const Index add = NodeOf(s, "add"), addmv = NodeOf(s, "addmv");
  for (const Edge& e : s.edges) {
    EXPECT_GE(e.first, std::max(s.nodes[e.from].first, s.nodes[e.to].first));
    EXPECT_LE(e.last, std::min(s.nodes[e.from].last, s.nodes[e.to].last));
    if (e.to == add && e.operand == 0) {
      EXPECT_EQ(std::pair(e.first, e.last), std::pair(0, 1));
    }
    if (e.to == addmv) {
      EXPECT_EQ(std::pair(e.first, e.last), std::pair(2, 3));
    }
  }
}

TEST(Model, ReasonsFiredAndRefusedAreAtTheirNodes) {
  const Planned planned = PlanText(R"(# sizes: m=20 n=30
graph two(A: f64[m, n], x: f64[n], y: f64[m]) -> (z, p) {
  p = A @ x
  z = y + p
}
)",
                                   "two.otm");
  const Document document = planned.Describe();
  const Segment& s = document.segments[0];
  bool refused = false, fired = false;
  for (size_t r = 0; r < s.reasons.size(); ++r) {
    const SeenReason& reason = s.reasons[r];
    for (Index n : reason.nodes) {
      EXPECT_THAT(s.nodes[n].reasons, testing::Contains(static_cast<Index>(r)));
    }
    const Rule& rule = *document.rules[reason.rule];
    if (rule.name == "addmv" && !reason.fired) {
      refused = true;
      EXPECT_EQ(reason.stage, StageOf(s, "decompose")) << "fuse_products changed nothing";
      std::vector<std::string> ops;
      for (Index n : reason.nodes) ops.push_back(s.nodes[n].op);
      EXPECT_THAT(ops, testing::Contains("add"));
    }
    fired = fired || (rule.name == "matmul" && reason.fired);
  }
  EXPECT_TRUE(refused);
  EXPECT_TRUE(fired);
}

TEST(Model, CallsAreScopes) {
  const Planned planned = PlanText(R"(# sizes: n=64
graph small(x: f64[n]) -> y {
  y = exp(x) * 2
}
graph large(x: f64[n]) -> y {
  y = small(x) + x
}
graph main(x: f64[n]) -> (a, b) {
  a = large(x)
  b = large(sin(x))
}
)",
                                   "calls.otm");
  const Document document = planned.Describe();
  const Segment& s = document.segments[0];
  ASSERT_EQ(s.scopes.size(), 4u);
  int small = 0;
  for (const Scope& scope : s.scopes) {
    if (scope.name == "small") {
      ++small;
      ASSERT_GE(scope.parent, 0);
      EXPECT_EQ(s.scopes[scope.parent].name, "large");
    } else {
      EXPECT_EQ(scope.name, "large");
      EXPECT_EQ(scope.parent, -1);
    }
  }
  EXPECT_EQ(small, 2);
  // Nodes of the two calls come from one source and did not become each other.
  const Index inline_calls = StageOf(s, "inline_calls");
  ASSERT_GT(inline_calls, 0);
  for (const Node& n : s.nodes) {
    if (n.op == "exp") {
      EXPECT_EQ(s.scopes[n.scope].name, "small");
      EXPECT_LE(n.became.size(), 1u);
    }
    if (n.op != "call") continue;
    std::vector<std::string> ops;
    for (Index m : n.became) ops.push_back(s.nodes[m].op);
    EXPECT_THAT(ops, testing::IsSupersetOf({"exp", "mul", "add"}));
    EXPECT_EQ(std::count(ops.begin(), ops.end(), "exp"), 1) << "of this call only";
  }
}

// A transpose that a rule moves through a product is made anew, while the old one's
// place is taken by the other; it still lies in the call.
TEST(Model, WhatIsMadeInACallStaysInIt) {
  const Planned planned = PlanText(R"(# sizes: n=64
graph scores(x: f64[n, n], K: f64[n, n]) -> y {
  y = x @ (x @ K).T
}
graph main(x: f64[n, n], K: f64[n, n]) -> y {
  y = exp(scores(x, K))
}
)",
                                   "scores.otm");
  const Segment s = planned.Describe().segments[0];
  int transposes = 0;
  for (const Node& n : s.nodes) {
    if (n.op != "transpose") continue;
    ++transposes;
    ASSERT_GE(n.scope, 0) << n.text;
    EXPECT_EQ(s.scopes[n.scope].name, "scores");
  }
  EXPECT_GE(transposes, 2);
}

TEST(Model, ThePlanHasMemoryAndACriticalPath) {
  const Planned planned = PlanText(R"(# sizes: n=100
graph chain(A: f64[n, n]) -> y {
  B = A @ A
  C = B @ A
  y = C @ B
}
)",
                                   "chain.otm");
  const Document document = planned.Describe();
  const Segment& s = document.segments[0];
  EXPECT_THAT(s.critical_path, ElementsAre(0, 1, 2));
  ASSERT_EQ(s.plan.memory.size(), 1u);
  const DeviceMemory& memory = s.plan.memory[0];
  ASSERT_EQ(memory.live_bytes.size(), 3u);
  EXPECT_EQ(s.step_node.size(), 3u);
  EXPECT_EQ(*std::max_element(memory.live_bytes.begin(), memory.live_bytes.end()),
            memory.peak_bytes);
  EXPECT_EQ(memory.peak_bytes, memory.live_bytes[memory.peak_step]);
  EXPECT_GE(s.plan.reserved_bytes, memory.peak_bytes);
}

TEST(Model, WithoutAHistoryThereIsOneStepFromSourceToPlan) {
  const Planned planned = PlanText(kAddmv, "addmv.otm");
  const Document document = DescribePlans({planned.plan}, {.machine = planned.machine.get()});
  const Segment& s = document.segments[0];
  ASSERT_EQ(s.stages.size(), 3u);
  EXPECT_EQ(s.stages[1].name, "optimize");
  EXPECT_EQ(s.reasons.size(), planned.Describe().segments[0].reasons.size());
  for (const SeenReason& r : s.reasons) EXPECT_FALSE(r.nodes.empty()) << r.text;
}

TEST(Model, SizesThatAreDataMakeSegments) {
  const Planned planned = PlanText(R"(# sizes: n=100
graph pick(x: f64[n]) -> (index, y) {
  index = nonzero(x)
  y = index * 2
}
)",
                                   "pick.otm");
  const Document document = planned.Describe();
  ASSERT_EQ(document.segments.size(), 2u);
  EXPECT_TRUE(document.segments[0].planned);
  EXPECT_FALSE(document.segments[1].planned);
  EXPECT_GE(NodeOf(document.segments[1], "mul"), 0);
}

// What names say stays text in every output.
TEST(Model, HostileNamesStayText) {
  const std::string names[] = {"</script><script>alert(1)</script>",
                               "\"quoted\\\"",
                               "'; drop",
                               "\xE2\x80\xAE"
                               "rtl",
                               std::string(10000, 'x'),
                               "a\nb\x01\x1b[31m",
                               "\xFF\xFE not utf8",
                               "]]>--><!--",
                               "&lt;&amp;"};
  Function::Builder b("</title>\"<b>");
  Expr x = b.Input("x", DType::kF64, {Dim(4)});
  for (const std::string& name : names) {
    x = sin(x);
    b.Name(name, x);
  }
  b.Output("y", x);
  const absl::StatusOr<Function> function = b.Build();
  ASSERT_TRUE(function.ok()) << function.status();
  for (const Document& document :
       {PlanFunction(*function, {}).Describe(), DescribeGraph(function->graph())}) {
    const std::string json = ToJson(document, Machine{{DeviceModel()}});
    EXPECT_THAT(json, Not(HasSubstr("<")));
    const auto parsed = nlohmann::json::parse(json);
    EXPECT_EQ(parsed["graph"], "</title>\"<b>");
    const std::string svg = ToSvg(document), dot = ToDot(document), text = ToListing(document);
    EXPECT_THAT(svg, Not(HasSubstr("<script")));
    EXPECT_THAT(svg, Not(HasSubstr("<b>")));
    // The two of the page itself.
    const std::string html = ToHtml(document, Machine{{DeviceModel()}});
    size_t scripts = 0;
    for (size_t at = 0; (at = html.find("<script", at)) != std::string::npos; ++at) ++scripts;
    EXPECT_EQ(scripts, 2u);
    for (const std::string& output : {svg, dot, text, html}) {
      EXPECT_THAT(output, Not(HasSubstr("\x1b")));
      EXPECT_THAT(output, Not(HasSubstr("\x01")));
      EXPECT_THAT(output, Not(HasSubstr("\xE2\x80\xAE")));
      EXPECT_THAT(output, Not(HasSubstr("\xFF")));
      EXPECT_THAT(output, Not(HasSubstr(std::string(400, 'x'))));
    }
  }
}

TEST(Dump, TheExtensionSaysWhat) {
  const Planned planned = PlanText(kAddmv, "addmv.otm");
  const std::string folder = testing::TempDir();
  for (const char* extension : {".html", ".svg", ".dot", ".json", ".txt"}) {
    const std::string path = absl::StrCat(folder, "/otium_viz_test", extension);
    EXPECT_TRUE(DumpPlan(planned.plan, path, planned.options()).ok()) << path;
    EXPECT_GT(std::ifstream(path).peek(), 0) << path;
    EXPECT_TRUE(DumpGraph(*planned.plan->source, path).ok());
    std::remove(path.c_str());
  }
  EXPECT_EQ(DumpGraph(*planned.plan->source, "x.png").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(DumpGraph(*planned.plan->source, "no/such/folder/x.svg").code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace otium::viz
