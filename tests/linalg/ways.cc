// SPDX-License-Identifier: Apache-2.0
#include "tests/linalg/ways.h"

#include "absl/strings/str_cat.h"
#include "engine/graph/capture.h"
#include "engine/otium.h"
#include "gtest/gtest.h"
#include "tests/linalg/matrix.h"

namespace otium {

absl::StatusOr<std::vector<Tensor>> RunBy(Way way, const std::vector<Expr>& exprs) {
  CompileOptions options;
  options.reference = way == Way::kReference;
  options.optimize.optimize = way != Way::kReference;
  // Not Evaluate, after which the expressions would be their values.
  CaptureRequest request;
  for (size_t i = 0; i < exprs.size(); ++i) {
    request.outputs.emplace_back(absl::StrCat("r", i), exprs[i]);
  }
  absl::StatusOr<Graph> graph = Capture(request);
  if (!graph.ok()) return graph.status();
  const absl::StatusOr<Program> program = Compile(Function(*std::move(graph)), options);
  if (!program.ok()) return program.status();
  const absl::StatusOr<TensorMap> results = program->Run({});
  if (!results.ok()) return results.status();
  std::vector<Tensor> values;
  for (const auto& [name, tensor] : *results) values.push_back(tensor);
  return values;
}

std::vector<Tensor> ValuesBy(Way way, const std::vector<Expr>& exprs) {
  auto values = RunBy(way, exprs);
  EXPECT_TRUE(values.ok()) << values.status();
  return values.ok() ? *std::move(values) : std::vector<Tensor>();
}

std::vector<Tensor> Values(absl::Span<const Expr> exprs) {
  absl::StatusOr<std::vector<Tensor>> values = Evaluate(exprs);
  if (values.ok()) return *std::move(values);
  ADD_FAILURE() << values.status();
  return {};
}

std::string FailureBy(Way way, const std::vector<Expr>& exprs) {
  const auto values = RunBy(way, exprs);
  if (values.ok()) return "";
  EXPECT_EQ(values.status().code(), absl::StatusCode::kFailedPrecondition) << values.status();
  return std::string(values.status().message());
}

bool HasNonFinite(const Tensor& t) {
  for (const CMatrix& m : Matrices(t.Contiguous(), t.rank() < 2 ? t.rank() : 2)) {
    if (!AllFinite(m)) return true;
  }
  return false;
}

}  // namespace otium
