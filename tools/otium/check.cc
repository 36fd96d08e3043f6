// SPDX-License-Identifier: Apache-2.0
//
// otium check: parses, infers types, verifies; no data needed.

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/graph/verify.h"
#include "nlohmann/json.hpp"
#include "tools/otium/commands.h"
#include "tools/otium/graph_file.h"

namespace otium::cli {

absl::Status CheckCommand(Session& session) {
  OTIUM_ASSIGN_OR_RETURN(const std::vector<Function> graphs, LoadGraphs(session));
  Json list = Json::array();
  for (const Function& function : graphs) {
    const Graph& graph = function.graph();
    OTIUM_RETURN_IF_ERROR(WithExit(VerifyGraph(graph), Exit::kBadGraph));
    session.Print(absl::StrCat(Signature(graph), "\n"));
    if (!session.options().json) continue;
    Json inputs = Json::array(), outputs = Json::array();
    for (const GraphInput& in : graph.inputs()) {
      inputs.push_back({{"name", in.name},
                        {"type", graph.type(in.value).ToString()},
                        {"optional", in.default_value != nullptr}});
    }
    for (const GraphOutput& out : graph.outputs()) {
      outputs.push_back({{"name", out.name}, {"type", graph.type(out.value).ToString()}});
    }
    list.push_back({{"name", graph.name()},
                    {"inputs", std::move(inputs)},
                    {"outputs", std::move(outputs)},
                    {"sizes", graph.SizeNames()},
                    {"nodes", graph.num_nodes()}});
  }
  if (session.options().json) session.document()["graphs"] = std::move(list);
  return absl::OkStatus();
}

}  // namespace otium::cli
