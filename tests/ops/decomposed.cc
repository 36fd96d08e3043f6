// SPDX-License-Identifier: Apache-2.0
#include "tests/ops/decomposed.h"

#include <algorithm>

#include "engine/optimize/decompositions.h"
#include "engine/optimize/pass.h"
#include "gtest/gtest.h"
#include "ops/op.h"

namespace otium {

absl::StatusOr<GraphPtr> Decompose(const GraphPtr& graph, PassContext& context);

namespace testing_ops {
namespace {

bool IsListed(const Rule* rule) {
  for (const OpDef* op : AllOps()) {
    const std::vector<const Rule*> rules = DecompositionsOf(op->id);
    if (std::find(rules.begin(), rules.end(), rule) != rules.end()) return true;
  }
  return false;
}

}  // namespace

Decomposed RunDecompose(const GraphPtr& graph, MathMode math) {
  static const Machine machine{{DeviceModel{}}};
  std::vector<Reason> reasons;
  auto evaluate = [](const Graph&) -> absl::StatusOr<std::vector<Tensor>> {
    return absl::UnimplementedError("not needed");
  };
  PassContext context{machine, math, evaluate, &reasons};
  Decomposed result;
  result.graph = *Decompose(graph, context);
  for (const Reason& r : reasons) {
    EXPECT_TRUE(IsListed(r.rule)) << r.rule->name << " is of no op that DecompositionsOf knows";
    result.rules.push_back(std::string(r.rule->name));
  }
  return result;
}

}  // namespace testing_ops
}  // namespace otium
