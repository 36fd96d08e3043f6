// SPDX-License-Identifier: Apache-2.0
//
// parse(print(g)) is g, for graphs of every op that takes what a generator can
// make up, and for graphs of a size at which anything recursive or quadratic
// would not come back.

#include <cmath>
#include <cstdint>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/graph/function.h"
#include "engine/graph/text/lower.h"
#include "engine/graph/text/printer.h"
#include "engine/graph/verify.h"
#include "gtest/gtest.h"
#include "ops/ops.h"

namespace otium {
namespace {

// Reads the canonical text of `graph` and expects the same graph and text.
void ExpectRoundTrip(const Graph& graph) {
  const std::string text = PrintGraph(graph);
  const ParseResult parsed = ParseGraphFile(text, "canonical.otm");
  ASSERT_TRUE(parsed.ok()) << FormatDiagnostics(parsed.diagnostics, text) << text.substr(0, 4000);
  const Graph& again = parsed.graphs.back().graph();
  EXPECT_EQ(again.fingerprint(), graph.fingerprint()) << text.substr(0, 4000);
  EXPECT_EQ(PrintGraph(again), text);
}

// Random applications of random ops; those that do not fit are not kept.
class Generator {
 public:
  explicit Generator(uint32_t seed) : random_(seed) {}

  Graph Make(int size) {
    Function::Builder builder("generated");
    const Dim m = Dim::Symbol("m"), n = Dim::Symbol("n");
    const Shape shapes[] = {{m, n}, {n, n}, {n, m}, {n}, {m}, {}, {3, n, n}, {2 * m, 1}, {4, 4}};
    constexpr DType kDTypes[] = {DType::kF32,  DType::kF64, DType::kC64,
                                 DType::kC128, DType::kI64, DType::kBool};
    const DType common = kDTypes[Below(4)];
    for (int i = 0; i < 6; ++i) {
      Structure structure;
      // The first binds both sizes: text knows no others.
      const Shape& shape = shapes[i == 0 ? 0 : Below(std::size(shapes))];
      const DType dtype = Below(3) != 0 ? common : kDTypes[Below(std::size(kDTypes))];
      if (shape.rank() >= 2 && shape.back(1) == shape.back(2)) {
        structure.flags = (1u << Below(12)) & ~(kZero | kIdentity);
        if (Below(3) == 0) structure.upper = Below(3);
      }
      pool_.push_back(builder.Input(absl::StrCat("in", i), dtype, shape, structure));
    }
    const absl::Span<const OpDef* const> ops = AllOps();
    for (int made = 0, tried = 0; made < size && tried < 200 * size; ++tried) {
      const OpDef& op = *ops[Below(ops.size())];
      if (op.id == Op::input || op.id == Op::call || op.id == Op::fused) continue;
      Operands operands;
      std::vector<NamedAttribute> attributes;
      for (const ParamDef& p : op.params) AddArgument(p, &operands, &attributes);
      const auto node = MakeNode(op, std::move(operands), std::move(attributes), {});
      if (node->error() != nullptr) continue;
      ++made;
      ++kept_[op.name];
      for (uint32_t i = 0; i < node->types().size(); ++i) pool_.emplace_back(node, i);
      if (Below(4) == 0) builder.Name(absl::StrCat("name", Below(20)), pool_.back());
    }
    for (int i = 0; i < 4; ++i) {
      builder.Output(absl::StrCat("out", i), pool_[pool_.size() - 1 - Below(pool_.size() / 2)]);
    }
    absl::StatusOr<Function> function = builder.Build();
    // Structure rules may still refuse what the types allowed.
    return function.ok() ? function->graph() : Graph();
  }

  const std::map<absl::string_view, int>& kept() const { return kept_; }
  void Clear() { pool_.clear(); }

 private:
  size_t Below(size_t n) { return random_() % n; }

  void AddArgument(const ParamDef& p, Operands* operands, std::vector<NamedAttribute>* attributes) {
    const auto set = [&](AttributeValue value) {
      if (p.default_value.kind == ParamDefault::kRequired || Below(2) == 0) {
        attributes->push_back({p.name, std::move(value)});
      }
    };
    const Dim sizes[] = {Dim::Symbol("n"),
                         Dim::Symbol("m"),
                         2,
                         3 * Dim::Symbol("n") + 1,
                         Dim::FloorDiv(Dim::Symbol("m"), 2),
                         Dim::Min(Dim::Symbol("m"), Dim::Symbol("n"))};
    switch (p.kind) {
      case ParamKind::kTensor: operands->push_back(pool_[Below(pool_.size())]); break;
      case ParamKind::kOptionalTensor:
        operands->push_back(Below(2) ? pool_[Below(pool_.size())] : Expr());
        break;
      case ParamKind::kTensors:
        for (size_t i = Below(4); i-- > 0;) operands->push_back(pool_[Below(pool_.size())]);
        break;
      case ParamKind::kBool: set(Below(2) == 0); break;
      case ParamKind::kInt: set(static_cast<int64_t>(Below(5)) - 2); break;
      case ParamKind::kFloat: set(std::ldexp(static_cast<double>(random_()), -20) - 1000); break;
      case ParamKind::kNumber:
        if (Below(2) == 0) set(sizes[Below(std::size(sizes))]);
        else set(std::ldexp(static_cast<double>(random_()), -20));
        break;
      case ParamKind::kOrder:
        set(Below(2) == 0 ? AttributeValue(std::string("fro")) : AttributeValue(-HUGE_VAL));
        break;
      case ParamKind::kPairing:
        set(Below(2) == 0 ? AttributeValue(static_cast<int64_t>(Below(3)))
                          : AttributeValue(Ints{static_cast<int64_t>(Below(2)), -1}));
        break;
      case ParamKind::kString: set(std::string(Below(2) == 0 ? "cuda:1" : "a\"b\n\\")); break;
      case ParamKind::kDType: set(static_cast<DType>(Below(kNumDTypes))); break;
      case ParamKind::kDim:
        if (p.name != "count") set(sizes[Below(std::size(sizes))]);
        break;
      case ParamKind::kDims: set(Dims{sizes[Below(std::size(sizes))], sizes[0]}); break;
      case ParamKind::kInts: set(Ints{static_cast<int64_t>(Below(3)) - 1}); break;
      case ParamKind::kConstant: set(RandomTensor()); break;
      case ParamKind::kStructure: break;  // Must be normal for an operand.
      case ParamKind::kGraph: break;
    }
  }

  // Arbitrary bits: every NaN and subnormal occurs.
  Tensor RandomTensor() {
    const auto dtype = static_cast<DType>(Below(kNumDTypes));
    const Sizes shapes[] = {{}, {1}, {3}, {2, 2}, {0, 2}, {2, 1, 3}};
    Tensor tensor = *Tensor::Allocate(dtype, shapes[Below(std::size(shapes))]);
    auto* bytes = static_cast<uint8_t*>(tensor.mutable_data());
    for (int64_t i = 0; i < tensor.NumElements() * ItemSize(dtype); ++i) {
      bytes[i] = dtype == DType::kBool ? Below(2) : Below(4) == 0 ? 0xFF : Below(256);
    }
    return tensor;
  }

  std::mt19937 random_;
  std::vector<Expr> pool_;
  std::map<absl::string_view, int> kept_;
};

TEST(RoundTrip, GeneratedGraphs) {
  Generator generator(/*seed=*/1);
  int graphs = 0;
  for (int i = 0; i < 400 && !HasFailure(); ++i) {
    generator.Clear();
    const Graph graph = generator.Make(1 + i % 30);
    if (graph.outputs().empty()) continue;
    ++graphs;
    ASSERT_EQ(VerifyGraph(graph), absl::OkStatus()) << PrintGraph(graph);
    ExpectRoundTrip(graph);
  }
  EXPECT_GT(graphs, 300);
  // The generator is worth something only while it makes most ops.
  int made = 0;
  for (const auto& [name, count] : generator.kept()) made += count > 0;
  EXPECT_GT(made, kNumOps * 2 / 3);
}

// 30,000 statements deep and wide; tools/bench measures a million.
TEST(RoundTrip, LongChains) {
  constexpr int kLength = 30'000;
  Function::Builder builder("chain");
  Expr x = builder.Input("x", DType::kF32, {Dim::Symbol("n")});
  Expr y = x;
  for (int i = 0; i < kLength; ++i) y = i % 2 == 0 ? y + x : exp(y);
  builder.Output("y", y);
  absl::StatusOr<Function> function = builder.Build();
  ASSERT_TRUE(function.ok());
  ExpectRoundTrip(function->graph());
}

// A sum of as many terms on one line: no nesting, so no limit.
TEST(RoundTrip, LongExpressions) {
  std::string text = "graph f(x: f64[n]) -> y { y = x";
  for (int i = 0; i < 20'000; ++i) absl::StrAppend(&text, i % 3 == 0 ? ".T.T" : " + x");
  absl::StrAppend(&text, "\n}\n");
  const ParseResult transposed = ParseGraphFile(text, "f.otm");
  EXPECT_FALSE(transposed.ok());  // x has one dimension.
  std::string sum = "graph f(x: f64[n]) -> y { y = x";
  for (int i = 0; i < 20'000; ++i) absl::StrAppend(&sum, i % 2 == 0 ? " + x" : " - 2 * x");
  const ParseResult parsed = ParseGraphFile(sum + " }", "f.otm");
  ASSERT_TRUE(parsed.ok()) << FormatDiagnostics(parsed.diagnostics, "");
  ExpectRoundTrip(parsed.graphs.back().graph());
}

TEST(RoundTrip, CalleesOfOneNameAreToldApart) {
  const auto callee = [](double factor) {
    Function::Builder b("f");
    Expr x = b.Input("x", DType::kF64, {Dim::Symbol("n")});
    b.Output("y", x * factor);
    return b.Build()->graph_ptr();
  };
  Function::Builder b("f");
  Expr x = b.Input("x", DType::kF64, {Dim::Symbol("n")});
  const GraphPtr graphs[] = {callee(2), callee(3), callee(2)};
  Expr y = x;
  for (const GraphPtr& g : graphs) {
    y = MakeExpr(Op::call, Operands{y}, {{"graph", g}}, SourcePosition());
    y = MakeExpr(Op::fused, Operands{y}, {{"graph", g}}, SourcePosition());
  }
  b.Output("y", y);
  absl::StatusOr<Function> function = b.Build();
  ASSERT_TRUE(function.ok());
  const std::string text = PrintGraph(function->graph());
  EXPECT_NE(text.find("graph f_1("), std::string::npos);
  EXPECT_NE(text.find("graph f_2("), std::string::npos);
  EXPECT_EQ(text.find("graph f_3("), std::string::npos) << "equal callees are printed once";
  ExpectRoundTrip(function->graph());
}

TEST(RoundTrip, LargeConstantsAreKeptInFilesOrRefuseToRun) {
  Function::Builder b("main");
  Expr x = b.Input("x", DType::kF64, {100});
  const Tensor w = *Tensor::Allocate(DType::kF64, {100});
  b.Output("y", x + constant(w) * 2);
  const Graph graph = b.Build()->graph();

  const std::string elided = PrintGraph(graph);
  const ParseResult refused = ParseGraphFile(elided, "elided.otm");
  ASSERT_EQ(refused.diagnostics.size(), 1u);
  EXPECT_EQ(refused.diagnostics[0].message,
            "a constant was left out when this text was printed, so it cannot run");

  std::string hint_seen;
  PrintOptions keep;
  keep.save_constant = [&](const Tensor& value, absl::string_view hint) {
    EXPECT_EQ(value.data(), w.data());
    hint_seen = std::string(hint);
    return "w.npy";
  };
  const std::string text = PrintGraph(graph, keep);
  EXPECT_EQ(hint_seen, "main.c0");
  ParseOptions options;
  std::string path_seen;
  options.load = [&](const std::string& path) -> absl::StatusOr<Tensor> {
    path_seen = path;
    return w;
  };
  const ParseResult parsed = ParseGraphFile(text, "tests/text/main.otm", options);
  ASSERT_TRUE(parsed.ok()) << FormatDiagnostics(parsed.diagnostics, text);
  EXPECT_EQ(path_seen, "tests/text/w.npy");
  EXPECT_EQ(parsed.graphs.back().graph().fingerprint(), graph.fingerprint());
  EXPECT_EQ(PrintGraph(parsed.graphs.back().graph(), keep), text);
}

}  // namespace
}  // namespace otium
