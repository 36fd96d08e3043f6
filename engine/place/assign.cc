// SPDX-License-Identifier: Apache-2.0
#include "engine/place/assign.h"

#include "absl/strings/str_cat.h"
#include "engine/graph/expr.h"

namespace otium {

absl::StatusOr<std::vector<int>> AssignDevices(const Graph& graph, const Machine& machine,
                                               std::optional<Device> device,
                                               std::vector<Reason>*) {
  std::vector<int> devices(graph.num_nodes(), 0);
  for (NodeId n = 0; n < graph.num_nodes(); ++n) {
    const bool is_data = graph.Is(n, Op::input) || graph.Is(n, Op::constant);
    const std::optional<Device> wanted =
        graph.pin(n).has_value() || is_data ? graph.pin(n) : device;
    if (!wanted.has_value()) continue;
    const Device pin = *wanted;
    int index = -1;
    for (size_t d = 0; d < machine.devices.size(); ++d) {
      if (machine.devices[d].device == pin) index = static_cast<int>(d);
    }
    if (index < 0) {
      const absl::Status status = absl::UnavailableError(
          absl::StrCat(graph.op(n).name, " is wanted on ", DeviceToString(pin),
                       ", which this machine does not have"));
      const auto origins = graph.origins(n);
      return origins.empty()
                 ? status
                 : WithPosition(status, graph.sources()->entries[origins[0]].position);
    }
    devices[n] = index;
  }
  return devices;
}

}  // namespace otium
