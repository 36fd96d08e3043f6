// SPDX-License-Identifier: Apache-2.0
//
// Fused regions: the interpreter of loop programs.

#include "backends/reference/elements.h"
#include "backends/region/interpret.h"
#include "backends/region/lower.h"
#include "engine/graph/graph.h"

namespace otium::reference {

void Fused(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const auto program = region::LowerRegion(*s.attributes.Get<GraphPtr>("graph"));
  if (!program.ok()) {
    args.info->code = 1;
    return;
  }
  region::Interpret(*program, {args.operands, program->inputs.size()},
                    {args.results, program->results.size()});
}

}  // namespace otium::reference
