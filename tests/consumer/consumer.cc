// SPDX-License-Identifier: Apache-2.0
//
// Uses nothing but what is installed. Fails by its exit status.

#include <otium/engine/io/dlpack_abi.h>
#include <otium/otium.h>
#include <otium/viz.h>

#include <cstdio>
#include <string>
#include <vector>

namespace {

using namespace otium;

// The README's example.
bool EvaluatesAnExpression() {
  const Expr A = constant(Tensor::Of<float>({{1, 2}, {3, 4}}));
  const Expr x = constant(Tensor::Of<float>({10, 100}));
  const Expr y = constant(Tensor::Of<float>({1, 2}));
  const absl::StatusOr<Tensor> z = Evaluate(y + mv(A, x));
  return z.ok() && z->ToVector<float>() == std::vector<float>{211, 432};
}

bool RunsAFunction() {
  Function::Builder b("scale");
  const Expr x = b.Input("x", DType::kF64, {Dim::Symbol("n")});
  b.Output("y", 2 * x + 1);
  const absl::StatusOr<Function> function = b.Build();
  if (!function.ok()) return false;
  const absl::StatusOr<Program> program = Compile(*function);
  if (!program.ok()) return false;
  const absl::StatusOr<TensorMap> r = program->Run({{"x", Tensor::Of<double>({1, 2, 3})}});
  return r.ok() && (*r)["y"].ToVector<double>() == std::vector<double>{3, 5, 7};
}

// A graph file on tensors from files and from other libraries, and what was planned.
bool RunsAGraphFile() {
  const ParseResult file = ParseGraphFile(
      "graph f(x: f64[n]) -> y {\n"
      "  y = 2 * x + 1\n"
      "}\n",
      "f.otm");
  if (!file.ok()) return false;
  const absl::StatusOr<Program> program = Compile(file.graphs.back());
  if (!program.ok()) return false;
  const char* const path = "consumer_x.npz";
  if (!SaveTensors({{"x", Tensor::Of<double>({1, 2})}}, path).ok()) return false;
  const absl::StatusOr<Tensor> x = LoadTensor("consumer_x.npz:x");
  std::remove(path);
  if (!x.ok()) return false;
  Profile profile;
  RunOptions options;
  options.profile = &profile;
  const absl::StatusOr<TensorMap> r = program->Run({{"x", *x}}, options);
  if (!r.ok() || (*r)["y"].ToVector<double>() != std::vector<double>{3, 5}) return false;
  const absl::StatusOr<DLManagedTensor*> shared = ToDLPack((*r)["y"]);
  if (!shared.ok()) return false;
  const absl::StatusOr<Tensor> back = FromDLPack(*shared);
  return back.ok() && Tensor::BitwiseEqual(*back, (*r)["y"]) && FormatTensor(*back).ok() &&
         !ChromeTrace(profile).empty() &&
         PrintGraph(program->graph()).find("graph f(") != std::string::npos;
}

bool ReportsAnError() {
  const Expr A = constant(Tensor::Of<float>({{1, 2}, {3, 4}}));
  const absl::StatusOr<Tensor> bad = Evaluate(mv(A, Tensor::Of<float>({1, 2, 3})));
  return !bad.ok() &&
         std::string(PositionOf(bad.status()).file).find("consumer.cc") != std::string::npos;
}

bool DrawsAPlan() {
  Function::Builder b("addmv");
  const Dim n = Dim::Symbol("n");
  const Expr A = b.Input("A", DType::kF64, {n, n}), x = b.Input("x", DType::kF64, {n});
  b.Output("y", x + mv(A, x));
  const absl::StatusOr<Function> function = b.Build();
  if (!function.ok() || !DumpGraph(*function, "addmv.dot").ok()) return false;
  PassHistory history;
  CompileOptions options;
  options.optimize.observe = history.Observer();
  const absl::StatusOr<Program> program = Compile(*function, options);
  if (!program.ok()) return false;
  SizeBindings sizes;
  sizes.Set("n", 100);
  const auto plan = program->PlanFor(sizes);
  return plan.ok() && DumpPlan(*plan, "addmv.svg", {.history = &history}).ok() &&
         !DumpPlan(*plan, "addmv.png").ok();
}

}  // namespace

int main() {
  const absl::string_view version = Version();
  std::printf("otium %.*s\n", static_cast<int>(version.size()), version.data());
  return EvaluatesAnExpression() && RunsAFunction() && RunsAGraphFile() && ReportsAnError() &&
                 DrawsAPlan()
             ? 0
             : 1;
}
