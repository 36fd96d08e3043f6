// SPDX-License-Identifier: Apache-2.0
#include "engine/optimize/optimize.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"
#include "engine/graph/verify.h"

namespace otium {

#define OTIUM_PASS(name, function) \
  absl::StatusOr<GraphPtr> function(const GraphPtr& graph, PassContext& context);
#define OTIUM_REQUIRED_PASS OTIUM_PASS
#include "engine/optimize/passes.inc"
#undef OTIUM_PASS
#undef OTIUM_REQUIRED_PASS

namespace {

struct Pass {
  absl::string_view name;
  PassFn function;
  bool required;
};

constexpr Pass kPasses[] = {
#define OTIUM_PASS(name, function) {#name, function, false},
#define OTIUM_REQUIRED_PASS(name, function) {#name, function, true},
#include "engine/optimize/passes.inc"
#undef OTIUM_PASS
#undef OTIUM_REQUIRED_PASS
};

}  // namespace

absl::Span<const absl::string_view> PassNames() {
  static const auto* names = [] {
    auto* list = new std::vector<absl::string_view>;
    for (const Pass& p : kPasses) list->push_back(p.name);
    return list;
  }();
  return *names;
}

absl::Status CheckPassName(absl::string_view pass) {
  if (std::find(PassNames().begin(), PassNames().end(), pass) != PassNames().end()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("there is no pass ", pass, ": choose ", absl::StrJoin(PassNames(), ", ")));
}

namespace {

#ifdef NDEBUG
constexpr bool kIsDebug = false;
#else
constexpr bool kIsDebug = true;
#endif

absl::Status Verified(const Graph& graph, absl::string_view pass) {
  const absl::Status status = VerifyGraph(graph);
  if (status.ok()) return status;
  return absl::InternalError(absl::StrCat("after the pass ", pass, ": ", status.message()));
}

}  // namespace

absl::StatusOr<OptimizeResult> Optimize(
    GraphPtr graph, const Machine& machine, const OptimizeOptions& options,
    absl::FunctionRef<absl::StatusOr<std::vector<Tensor>>(const Graph&)> evaluate) {
  OptimizeResult result;
  result.graph = std::move(graph);
  PassContext context{machine, options.math, evaluate, &result.reasons};
  if (options.observe) options.observe("source", result.graph);
  for (const Pass& pass : kPasses) {
    const auto& off = options.disabled_passes;
    const bool disabled =
        !options.optimize || std::find(off.begin(), off.end(), pass.name) != off.end();
    if (disabled && !pass.required) continue;
    const auto start = std::chrono::steady_clock::now();
    OTIUM_ASSIGN_OR_RETURN(GraphPtr next, pass.function(result.graph, context));
    if ((options.verify || kIsDebug) && next != result.graph) {
      OTIUM_RETURN_IF_ERROR(Verified(*next, pass.name));
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    result.passes.push_back({pass.name, seconds.count(), next != result.graph, next->num_nodes(),
                             result.reasons.size()});
    result.graph = std::move(next);
    if (options.observe) options.observe(pass.name, result.graph);
  }
  return result;
}

}  // namespace otium
