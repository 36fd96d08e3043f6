// SPDX-License-Identifier: Apache-2.0
#include "tests/ops/decomposed.h"

#include "engine/optimize/pass.h"

namespace otium {

absl::StatusOr<GraphPtr> Decompose(const GraphPtr& graph, PassContext& context);

namespace testing_ops {

Decomposed RunDecompose(const GraphPtr& graph, MathMode math) {
  static const Machine machine{{DeviceModel{}}};
  std::vector<Reason> reasons;
  auto evaluate = [](const Graph&) -> absl::StatusOr<std::vector<Tensor>> {
    return absl::UnimplementedError("not needed");
  };
  PassContext context{machine, math, evaluate, &reasons};
  Decomposed result;
  result.graph = *Decompose(graph, context);
  for (const Reason& r : reasons) result.rules.push_back(std::string(r.rule->name));
  return result;
}

}  // namespace testing_ops
}  // namespace otium
